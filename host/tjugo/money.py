"""Amounts of money: integers in minor units of a currency (ISO 4217)."""

import re
from copy import copy
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern

from tjugo import numbers
from tjugo.errors import reason

MOST = 10**12  # minor units; no amount, sum of one sale or price is above it

# ISO 4217's exponents other than 2. Not taken from CLDR, which lists fewer digits for some
# currencies and changes: stored amounts keep their meaning.
_EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

# CLDR has a space between a symbol that is a word and the digits; babel leaves it out.
_BESIDE_DIGITS = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """Return the number of decimals of a currency (EUR 2, UGX 0, KWD 3). Raise TjugoError when
    there is no such currency."""
    if not re.fullmatch(r"[A-Z]{3}", currency) or currency not in Locale("en").currencies:
        raise reason(
            "currency_unknown",
            f"There is no currency {currency[:10]!r}: write its three letters, such as EUR.",
        )
    return _EXPONENTS.get(currency, 2)


def parse(text: str, currency: str, name: str = "The amount") -> int:
    """Return the minor units in a text such as 500, 12.50 or 12,50. Raise TjugoError (status 2)
    with a sentence that begins with `name`."""
    try:
        return minor(numbers.decimal(text, _style(currency)), currency)
    except numbers.NotANumber as error:
        raise reason("amount_invalid", error.sentence(name, exponent(currency))) from error


def _style(currency: str) -> numbers.Style:
    """Return how people write amounts: with three decimals, where the currency has three."""
    places = exponent(currency)
    return replace(numbers.PROGRAM if places == 3 else numbers.PEOPLE, places=places)


def from_json(value: object, currency: str, name: str = "The amount") -> int:
    """Return the minor units in a JSON value in major units, a number or a text. Raise
    TjugoError."""
    try:
        return minor(numbers.json_decimal(value), currency)
    except numbers.NotANumber as error:
        raise reason("amount_invalid", error.sentence(name, exponent(currency))) from error


def given(amount: Decimal, currency: str, name: str = "The amount") -> int:
    """Return the minor units of an amount in major units that a person or a program gives. Raise
    TjugoError."""
    try:
        return minor(amount, currency)
    except numbers.NotANumber as error:
        raise reason("amount_invalid", error.sentence(name, exponent(currency))) from error


def minor(amount: Decimal, currency: str) -> int:
    """Return the minor units of an amount in major units. Raise NotANumber when it has a smaller
    part, is not finite, or is too large."""
    places = exponent(currency)
    if not amount.is_finite():
        raise numbers.NotANumber("is not a finite number")
    if abs(amount.adjusted()) > 20:
        raise numbers.NotANumber("has too many digits")
    scaled = amount.scaleb(places)
    if scaled != int(scaled):
        raise numbers.NotANumber(f"{amount:f} has more than the {places} decimals of {currency}")
    if abs(scaled) > MOST:
        raise numbers.NotANumber(f"{amount:f} is more than {plain(MOST, currency)}")
    return int(scaled)


def major(amount: int, currency: str) -> Decimal:
    """Return an amount in major units, with all decimals of the currency."""
    return Decimal(amount).scaleb(-exponent(currency))


def digits(amount: int, currency: str) -> str:
    """Return an amount as programs write it: 1234.50."""
    return f"{major(amount, currency):f}"


def plain(amount: int, currency: str) -> str:
    """Return an amount for a sentence in English: 1234.50 EUR."""
    return f"{digits(amount, currency)} {currency}"


def text(amount: int, currency: str, language: str = "en") -> str:
    """Return an amount as people of a language (BCP 47) write it: 1.234,50 € in German."""
    return text_of(major(amount, currency), currency, language)


def text_of(value: Decimal, currency: str, language: str = "en") -> str:
    """Return major units as text() does, with more decimals than the currency's where the value
    has them."""
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    pattern, locale = _pattern(currency, language, places)
    found = pattern.apply(value, locale, currency=currency, currency_digits=False)
    return _BESIDE_DIGITS.sub("\u00a0", found)


@lru_cache(maxsize=256)
def _pattern(currency: str, language: str, most: int) -> tuple[NumberPattern, Locale]:
    locale = _locale(language)
    pattern = copy(locale.currency_formats["standard"])
    places = exponent(currency)
    pattern.frac_prec = (places, max(places, most))
    return pattern, locale


def _locale(language: str) -> Locale:
    """Return the locale of a language, of its main part, or English."""
    for name in (language, language.split("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return Locale("en")
