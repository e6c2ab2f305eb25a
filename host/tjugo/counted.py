"""What a meter counts: energy, or money; and credit in money as tokens carry it.

A token of money carries units of 1e-5 of the currency (IEC 62055-41, subclass 4), with about five
significant digits.
"""

from decimal import Decimal

from sts_portable import amount
from tjugo import money

ENERGY, MONEY = "energy", "money"
COUNTS = (ENERGY, MONEY)
_PLACES = 5


def of_minor(minor: int, currency: str) -> int:
    """Return minor units of a currency as units of 1e-5. No currency has more decimals than 5."""
    return minor * _minor_unit(currency)


def to_minor(units: int, currency: str) -> int:
    """Return units of 1e-5 as minor units of a currency, rounded up."""
    return -(-units // _minor_unit(currency))


def carried(units: int) -> int:
    """Return the largest credit of at most these units of 1e-5 that a token can carry."""
    field = amount.encode_currency(units)
    found: int = amount.decode_currency(field)
    return found if found <= units else int(amount.decode_currency(field - 1))


def carried_of_minor(minor: int, currency: str) -> int:
    """Return the largest credit of at most these minor units that a token can carry, in units of
    1e-5."""
    return carried(of_minor(minor, currency))


def major(units: int, currency: str) -> Decimal:
    """Return units of 1e-5 in major units, with the decimals of the currency, and more where there
    are more."""
    scale = _minor_unit(currency)
    if units % scale == 0:
        return money.major(units // scale, currency)
    return Decimal(units).scaleb(-_PLACES).normalize()


def digits(units: int, currency: str) -> str:
    """Return units of 1e-5 as programs write them: 19.99624."""
    return f"{major(units, currency):f}"


def bare(units: int) -> str:
    """Return units of 1e-5 in major units, without zeros at the end."""
    return f"{Decimal(units).scaleb(-_PLACES).normalize():f}"


def plain(units: int, currency: str) -> str:
    """Return units of 1e-5 for a sentence in English: 19.99624 EUR."""
    return f"{digits(units, currency)} {currency}"


def reported(units: int, currency: str | None) -> str:
    """Return a meter's credit in units of 1e-5 for people, with two decimals or as many as it has.

    currency: as the meter has it, which may be another one than the utility's.
    """
    whole, _, decimals = f"{Decimal(units).scaleb(-_PLACES):f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2} {currency or ''}".rstrip()


def _minor_unit(currency: str) -> int:
    return 10 ** (_PLACES - money.exponent(currency))
