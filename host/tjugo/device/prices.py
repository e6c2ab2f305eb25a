"""The prices of a currency meter as its settings, with their checksum: docs/meter.md."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tjugo import money, numbers
from tjugo.errors import TjugoError

RATES = 4
CHECKSUM = "currency_crc"
_PRICED = ("currency", "currency_prices", "currency_daily")
_UNITS = 10**5  # of the currency unit
_STYLE = replace(numbers.PROGRAM, places=5)


def settings(currency: str, prices: Sequence[str], daily: str | None = None) -> dict[str, Any]:
    """Return the settings of a currency meter, without the checksum. Raise TjugoError, status 2.

    currency: ISO 4217. prices: of a kWh, in the currency unit: one, or one for each of the four
    rates. daily: charge for each day.
    """
    if len(prices) not in (1, RATES):
        raise TjugoError(
            f"A currency meter has one price of a kWh or {RATES}, not {len(prices)}.", status=2
        )
    return {
        "currency": currency,
        "currency_decimals": money.exponent(currency),
        "currency_prices": [_units(price, "The price of a kWh") for price in prices],
        "currency_daily": 0 if daily is None else _units(daily, "The daily charge"),
    }


def with_checksum(before: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Return the added settings, with the checksum of the prices where they change them.

    before: the settings of the board. A checksum that is given stays: the check of the settings
    compares it. Values that cannot be used have none: that check names them.
    """
    given = dict(added)
    if CHECKSUM in given or not any(name in given for name in _PRICED):
        return given
    found = {**before, **given}
    currency, prices, daily = (found.get(name) for name in _PRICED)
    if isinstance(prices, list) and len(prices) in (1, RATES):
        given[CHECKSUM] = checksum(str(currency), prices, 0 if daily is None else daily)
    return given


def checksum(currency: str, prices: Sequence[int], daily: int) -> int:
    """Return the checksum of the setting currency_crc, as firmware/meter/credit/currency.py."""
    four = list(prices) * (RATES // len(prices))
    return zlib.crc32(f"{currency},{','.join(map(str, four))},{daily}".encode())


def _units(text: str, name: str) -> int:
    """Return an amount in units of 1e-5."""
    try:
        units: Decimal = numbers.decimal(text, _STYLE) * _UNITS
    except numbers.NotANumber as error:
        raise TjugoError(error.sentence(name), status=2) from error
    if units != int(units):
        raise TjugoError(f"{name} has at most five decimals, not {text}.", status=2)
    return int(units)
