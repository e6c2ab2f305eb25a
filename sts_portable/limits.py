"""The limits of the numbers in a key register, and the codes of algorithms and base dates."""

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


def code(name: str, value: "int | str", known: "tuple[int, ...]") -> int:
    """Return the one of `known` that `value` gives as a number or as text: 4, "4" or "04".

    Raise RangeError if there is none.
    """
    if type(value) is int and value in known:
        return value
    if isinstance(value, str):
        for one in known:
            if value in ("%d" % one, "%02d" % one):
                return one
    raise RangeError("%s %r is not one of %s" % (name, value, ", ".join(str(k) for k in known)))
