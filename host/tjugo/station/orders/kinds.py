"""What can be ordered, checked as the meter checks it, and the bytes of its body. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from meterbus import orders, parameter_names, parameters
from tjugo import numbers
from tjugo.counted import MONEY
from tjugo.errors import TjugoError, reason

KINDS = {
    "open": (orders.OPEN, "Disconnect the supply"),
    "close": (orders.CLOSE, "Reconnect the supply"),
    "restore": (orders.RESTORE, "Restore it after a heater or an overload"),
    "settings": (orders.SETTINGS, "Change settings"),
    "prices": (orders.PRICES, "Change prices"),
}
"""Each kind with its number on the wire and a title for people."""

PLAIN = ("open", "close", "restore")
_MODES = {"off": 0, "alarm": 1, "trip": 2}
_MODE = "malignant.mode"
_UNITS = 10**5  # of the currency unit
_MOST_PRICE = 0xFFFFFFFF
_PRICES = {"daily": orders.DAILY, **{f"price_{n}": n for n in range(1, orders.RATES + 1)}}
_ALL_RATES = "price"


@dataclass(frozen=True)
class Asked:
    """What was asked, to be recorded, and its body."""

    kind: str
    values: dict[str, Any]
    body: bytes

    @property
    def number(self) -> int:
        """The kind's number on the wire."""
        return KINDS[self.kind][0]


def checked(kind: str, values: Mapping[str, Any], counts: str) -> Asked:
    """Return what is asked of a meter. Raise TjugoError, code order_invalid.

    values: of settings, whole numbers by the names of settings.json, malignant.mode and so on; of
    prices, Decimal in the currency unit: price_1 to price_4 or price for all, and daily. counts:
    what the meter counts.
    """
    if kind not in KINDS:
        raise _invalid(f"There is no order {kind[:40]!r}: give {', '.join(KINDS)}.")
    if kind in PLAIN:
        if values:
            raise _invalid(f"An order to {kind} has no values.")
        return Asked(kind, {}, b"")
    if not values:
        raise _invalid(f"An order of {kind} needs at least one NAME=VALUE.")
    money = counts == MONEY
    if kind == "prices" and not money:
        raise _invalid("The meter counts energy: it has no prices.")
    kept, pairs = _settings(values, money) if kind == "settings" else _prices(values)
    body = orders.body(sorted(pairs.items()))
    if orders.MIN_BYTES + len(body) > orders.MAX_BYTES:
        raise _invalid("These are too many values for one order.")
    return Asked(kind, kept, body)


def typed(kind: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of checked() from texts as people type them. Raise TjugoError."""
    found: dict[str, Any] = {}
    for name, text in given.items():
        if kind == "settings" and name == _MODE and text in _MODES:
            found[name] = text
            continue
        try:
            found[name] = numbers.whole(text) if kind == "settings" else numbers.decimal(text)
        except numbers.NotANumber as error:
            raise _invalid(error.sentence(name)) from error
    return found


def _settings(values: Mapping[str, Any], money: bool) -> tuple[dict[str, Any], dict[int, int]]:
    kept: dict[str, Any] = {}
    for name, given in values.items():
        row = parameter_names.find(name, money)
        if row is None:
            raise _invalid(f"An order cannot change the setting {name[:60]!r} of this meter.")
        value = _MODES.get(given, given) if name == _MODE and isinstance(given, str) else given
        lowest, highest = row[parameters.LOWEST], row[parameters.HIGHEST]
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not lowest <= value <= highest:
            raise _invalid(f"The setting {name} is a whole number from {lowest} to {highest}.")
        kept[name] = value
    for low, high in parameters.IN_ORDER:
        if low in kept and high in kept and kept[low] > kept[high]:
            raise _invalid(f"The setting {low} is not to be above {high}.")
    pairs = {}
    for name, value in kept.items():
        row = parameter_names.find(name, money)
        assert row is not None
        pairs[row[parameters.NUMBER]] = value
    return kept, pairs


def _prices(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[int, int]]:
    kept: dict[str, Any] = {}
    pairs: dict[int, int] = {}
    for name, given in values.items():
        if name != _ALL_RATES and name not in _PRICES:
            raise _invalid(
                f"There is no price {name[:60]!r}: give price, price_1 to price_4, or daily."
            )
        units = _units(name, given)
        kept[name] = str(given)
        for number in range(1, orders.RATES + 1) if name == _ALL_RATES else [_PRICES[name]]:
            if number in pairs:
                raise _invalid("Give one price for all rates, or those of single ones.")
            pairs[number] = units
    return kept, pairs


def _units(name: str, given: object) -> int:
    units = given * _UNITS if isinstance(given, Decimal) and given.is_finite() else None
    if units is None or units != int(units):
        raise _invalid(f"{name} is an amount of money with at most five decimals.")
    least = 0 if name == "daily" else 1
    if not least <= units <= _MOST_PRICE:
        raise _invalid(
            f"{name} is from {Decimal(least) / _UNITS} to {Decimal(_MOST_PRICE) / _UNITS}."
        )
    return int(units)


def _invalid(text: str) -> TjugoError:
    return reason("order_invalid", text)


_SENTENCES = {
    orders.RANGE: "a value is out of the meter's range, or contradicts another setting",
    orders.FUNCTION: "the meter does not have this function or setting",
    orders.OLD: "a newer order reached the meter before it",
    orders.EXPIRED: "it had expired when it reached the meter",
    orders.FORMAT: "the meter cannot read it",
    orders.MODE: "the meter's control mode does not permit it",
    orders.WRONG_MAC: "the order is not genuine for the meter: it has another key",
}


def sentence(result: int) -> str | None:
    """Return why a meter did not carry out an order, None when it did."""
    if result == orders.DONE:
        return None
    return _SENTENCES.get(result, f"the meter refused it, with result {result}")


def described(kind: str, values: Mapping[str, Any]) -> str:
    """Return an order in one line."""
    listed = ", ".join(f"{name}={value}" for name, value in values.items())
    return f"{kind}: {listed}" if listed else kind
