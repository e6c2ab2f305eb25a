"""Number formats of spreadsheets (ECMA-376 part 1, 18.8.31): what a person sees of a number where
the format changes its meaning. Its value is kept, however many decimals are shown."""

import operator
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from tjugo import money
from tjugo.errors import TjugoError

DOLLARS = "USD AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD XCD"
SYMBOLS = {
    "$": f"{DOLLARS} ZWD ZWG ZWL ARS BOB CLP COP CUP DOP MXN UYU NIO CVE",
    "€": "EUR",
    "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP",
    "¥": "JPY CNY",
    "₦": "NGN",
    "₵": "GHS",
    "₹": "INR",
    "₨": "INR PKR NPR LKR MUR SCR",
    "₱": "PHP",
    "₫": "VND",
    "₩": "KRW KPW",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
    "₪": "ILS",
    "฿": "THB",
    "₡": "CRC",
    "₲": "PYG",
}
"""The symbols that a format may have beside a number, and the currencies (ISO 4217) of each."""

SCALED = "is shown in thousands by its number format: choose a format that shows the whole number"

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|\[\$(?P<money>[^\]-]*)(?:-[^\]]*)?\]'
    r"|\[(?P<test>[<>=]+)(?P<limit>-?[0-9.]+)\]|\[[^\]]*\]|(?P<other>.)",
    re.S,
)
_PLACES, _SEEN = "0#?", re.compile(r"[0-9+]")
_PLACES_ONLY = re.compile("[0#? ()-]*")
_IN_THOUSANDS = re.compile("[0#?],+(?![0#?,])")
_CODE = re.compile("(?<![A-Z])[A-Z]{3}(?![A-Z])")
_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
}


class Token(NamedTuple):
    """A part of a format: a character with a meaning, or a literal text. money: of a currency."""

    text: str
    literal: bool
    money: bool = False


class Section(NamedTuple):
    """A section of a format. symbols: the characters with a meaning; literals: the other text;
    unit: code or symbol of a currency, or ""; test: what it is for, a comparison and its limit."""

    tokens: tuple[Token, ...]
    symbols: str
    literals: str
    unit: str
    test: tuple[str, Decimal] | None


def shown(value: Decimal, form: str) -> str | None:
    """Return the text of a number in a format: 0.2 in `0%` is 20%, 712 in `00000` is 00712, 5 in
    `[$USD] 0` is 5 USD. None when a person sees thousands of it only (SCALED)."""
    section = _section(value, form)
    if _IN_THOUSANDS.search(section.symbols):
        return None
    value = value.scaleb(2 * section.symbols.count("%"))
    if value == value.to_integral_value():
        text = _digits(int(value), section)
    else:
        text = f"{value.normalize():f}"
    if "%" in section.symbols or "%" in section.literals:
        return f"{text}%"
    return f"{text} {section.unit}" if section.unit else text


def _digits(value: int, section: Section) -> str:
    """Return a whole number with the zeros and the literal digits of its format."""
    digits, sign = str(abs(value)), "-" if value < 0 else ""
    places = sum(token.text in _PLACES for token in section.tokens if not token.literal)
    if not places or not _PLACES_ONLY.fullmatch(section.symbols):
        return f"{sign}{digits}"
    found = ""
    for token in reversed(section.tokens):
        if token.literal:
            found = ("" if token.money else "".join(_SEEN.findall(token.text))) + found
        elif token.text in _PLACES:
            places -= 1
            last = digits[-1:] or ("0" if token.text == "0" else "")
            # The first place has all digits that are left.
            found = (last if places else digits or last) + found
            digits = digits[:-1]
    return f"{sign}{found}"


def _section(value: Decimal, form: str) -> Section:
    """Return the section of a format that is for a value."""
    numeric = _sections(form)[:3]
    for section in numeric:
        if section.test is not None and _COMPARE[section.test[0]](value, section.test[1]):
            return section
    free = [section for section in numeric if section.test is None]
    if len(free) < len(numeric):
        return free[-1] if free else numeric[-1]
    place = 1 if value < 0 and len(numeric) > 1 else 2 if not value and len(numeric) > 2 else 0
    return numeric[place]


@lru_cache(maxsize=256)
def _sections(form: str) -> tuple[Section, ...]:
    found: list[Section] = []
    tokens: list[Token] = []
    test: tuple[str, Decimal] | None = None
    for match in [*_TOKEN.finditer("" if form == "General" else form), None]:
        if match is None or match["other"] == ";":
            found.append(_section_of(tokens, test))
            tokens, test = [], None
            continue
        tokens += _tokens(match)
        if match["test"] in _COMPARE and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", match["limit"]):
            test = match["test"], Decimal(match["limit"])
    return tuple(found)


def _section_of(tokens: list[Token], test: tuple[str, Decimal] | None) -> Section:
    symbols = "".join(token.text for token in tokens if not token.literal)
    literals = "".join(token.text for token in tokens if token.literal)
    given = "".join(token.text for token in tokens if token.money)
    unit = next(filter(None, map(currency_in, (given, literals, symbols))), "")
    return Section(tuple(tokens), symbols, literals, unit, test)


def currency_in(text: str) -> str:
    """Return the code or the symbol of a currency in a text, or ""."""
    for code in _CODE.findall(text):
        with suppress(TjugoError):
            money.exponent(code)
            return str(code)
    return next((symbol for symbol in SYMBOLS if symbol in text), "")


def _tokens(match: re.Match[str]) -> Iterator[Token]:
    if match["money"] is not None:
        yield Token(match["money"], True, money=True)
    elif match["quoted"] is not None or match["escaped"] is not None:
        yield Token(match["quoted"] or match["escaped"] or "", True)
    elif match["other"]:
        # A digit from 1 on stands for itself, as in +255 000000000.
        yield Token(match["other"], match["other"] in "+123456789")
