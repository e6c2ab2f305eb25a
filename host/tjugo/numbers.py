"""Numbers as people and programs write them, read in one place.

Digits 0 to 9 and at most one decimal separator, never grouping. A number with two possible
readings is refused, and so is anything else; the sentence names the offending part.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

_DECIMAL = re.compile(r"(?P<whole>[0-9]{1,12})(?:(?P<mark>[.,])(?P<places>[0-9]{1,9}))?", re.A)
_WHOLE = re.compile(r"[0-9]{1,12}", re.A)
# "1,500" and "12,000": with grouped digits the number is a thousand times as large.
_LIKE_A_GROUP = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}", re.A)

# Patterns of refused texts and the reasons, in this order.
_REASONS = (
    (r"\s*", "is missing"),
    (r"[+-].*", "has a sign"),
    (r".*_.*", "has an underscore"),
    (r"(?i)[^a-z]*(nan|inf|infinity)", "is not a finite number"),
    (r"(?i)[0-9.,]+e[+-]?[0-9]+", "has an exponent"),
    (r"(?i)0x[0-9a-f]+", "is in hexadecimal"),
    (r".*[.,].*[.,].*", "has more than one separator"),
    (r"[0-9.,]*[\s'\u2019][0-9.,'\u2019\s]*", "has its digits in groups"),
    (r"(?![0-9.,\s]*$)[\d.,]+", "has digits other than 0 to 9"),
    (r"[0-9]{13,}.*|[0-9]+[.,][0-9]{10,}", "has too many digits"),
)


class NotANumber(ValueError):
    """The text of the error is a predicate: "'5_0' has an underscore"."""

    def sentence(self, name: str, places: int | None = None) -> str:
        """Return the sentence about the quantity with this name, such as "The amount". places: as
        of Style."""
        such = "a whole number such as 20" if places == 0 else "a number such as 20 or 7.5"
        hint = "" if ": write" in str(self) else f": write {such}"
        return f"{name} {self}{hint}."


@dataclass(frozen=True)
class Style:
    """How decimals are written in a source of text.

    comma: a decimal comma is permitted. point_may_group: a point may group digits there, so that
    1.500 has two readings. places: how many decimals the quantity has, None for any: a reading
    with more is not advised.
    """

    comma: bool = True
    point_may_group: bool = True
    places: int | None = None


PEOPLE = Style()  # of any language: in many, 1.500 is fifteen hundred
TENTHS = Style(places=1)  # of a kWh
PERCENT = Style(places=2)
PROGRAM = Style(point_may_group=False)
COMMA_FILE = Style(comma=False, point_may_group=False)  # its separator is the comma
SEMICOLON_FILE = Style()  # from a program whose decimal mark is the comma


def decimal(text: str, style: Style = PEOPLE) -> Decimal:
    """Return the number in a text such as 20, 7.5 or 7,5. Raise NotANumber."""
    text = text.strip()
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise NotANumber(_reason(text))
    mark = found["mark"]
    if (mark == "," or style.point_may_group) and _LIKE_A_GROUP.fullmatch(text):
        raise NotANumber(_two_readings(text, mark, style.places))
    if mark == "," and not style.comma:
        raise NotANumber(f"{_shown(text)} has a comma: write {text.replace(',', '.')}")
    return Decimal(text.replace(",", "."))


def whole(text: str) -> int:
    """Return the whole number in a text of decimal digits. Raise NotANumber."""
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        if _DECIMAL.fullmatch(text):
            raise NotANumber(f"{_shown(text)} is not a whole number")
        raise NotANumber(_reason(text))
    return int(text)


def any_base(text: str) -> int:
    """Return a whole number in decimal, or in hexadecimal after 0x. Raise NotANumber."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", text, re.A):
        return int(text, 16)
    return whole(text)


def json_decimal(value: object) -> Decimal:
    """Return the number in a JSON value, a number or a text as for decimal(). Raise NotANumber."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return decimal(value, PROGRAM)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotANumber("must be a number such as 20 or 7.5")
    if not isfinite(value):
        raise NotANumber("is not a finite number")
    if abs(value) >= 1e12:
        raise NotANumber("has too many digits")
    return Decimal(repr(value))


def json_whole(value: object) -> int:
    """Return the whole number in a JSON value, a number or a text of digits. Raise NotANumber."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotANumber("must be a whole number")
    if abs(value) >= 10**12:
        raise NotANumber("has too many digits")
    return value


def _reason(text: str) -> str:
    for pattern, words in _REASONS:
        if re.fullmatch(pattern, text, re.DOTALL):
            return words if not text else f"{_shown(text)} {words}"
    return f"{_shown(text)} is not a number"


def _two_readings(text: str, mark: str, places: int | None) -> str:
    grouped = text.replace(mark, "")
    point = f"{Decimal(text.replace(',', '.')).normalize():f}"
    if places is not None and len(point.partition(".")[2]) > places:
        return f"{text} has its digits in groups: write {grouped}"
    if _LIKE_A_GROUP.fullmatch(point):
        point += "0"  # 1.1250 has one reading
    return f"{text} could be {point} or {grouped}: write {grouped} or {point}"


def _shown(text: str) -> str:
    short = text if len(text) <= 40 else f"{text[:40]}..."
    return repr(short)
