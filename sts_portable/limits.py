"""The limits of the numbers in a key register, for decoder and vendor."""

from .errors import RangeError

KEY_REGISTER = {
    "KT": (0, 3),
    "KRN": (1, 9),
    "SGC": (0, 999999),
    "TI": (0, 99),
    "KEN": (0, 255),
}


def check(name: str, value: int) -> None:
    """Raise RangeError unless `value` is an integer within the limits of the named number."""
    low, high = KEY_REGISTER[name]
    if not isinstance(value, int) or not low <= value <= high:
        raise RangeError("%s %s is not a number from %d to %d" % (name, value, low, high))
