"""Values in the cells of a file, as people and spreadsheets write them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from sts_portable import pan
from tjugo import drn as drn_numbers
from tjugo import key_register, money, numbers, search_words
from tjugo.errors import TjugoError, plain
from tjugo.station.registry.imports.sheet import NUMBER, WRONG, Cell
from tjugo.station.storage.tables import DEBT_KINDS, METER_STATUSES, SITE_KINDS

_PAN_DIGITS = 18
_LANGUAGES = ("en", "fr", "es", "pt", "de", "it", "nl", "sv", "nb", "sw")
_FIRST_SERIAL = datetime(1899, 12, 30)
_SERIALS = range(10_000, 100_000)  # 1927 to 2173
_EXPONENT = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+([0-9]{1,2})", re.A)
_NUMERIC_DATE = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4}|[0-9]{2})", re.A)
_ISO_DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", re.A)
_NAMED_DATE = re.compile(r"([0-9]{1,2})[. -]+([^\W\d]+)[. -]+([0-9]{4}|[0-9]{2})")
_STATUS_WORDS = {
    "stock": "in stock|store|en stock|stock|lager|estoque|almacen",
    "installed": "active|in use|ok|actif|installe|instalado|activo|ativo|aktiv|installiert",
    "blocked": "suspended|bloque|bloqueado|gesperrt|suspendu|suspendido|suspenso",
    "removed": "retired|inactive|retire|retirado|removido|ausgebaut|enleve",
}


class Bad(ValueError):
    """The text is the end of a sentence whose subject is the column."""


@dataclass
class Context:
    """What a value's reading depends on. dates: dmy or mdy, where a date has two readings, None:
    refused. now: a moment in the file is not after it."""

    style: numbers.Style
    currency: str
    zone: ZoneInfo
    now: datetime
    dates: str | None = None
    found: set[str] = field(default_factory=set)


def text(cell: Cell, context: Context) -> str:
    """Return the text of a cell; a whole number without the .0 that spreadsheets add."""
    whole = re.fullmatch(r"([0-9]+)[.,]0+", cell.text, re.A) if cell.kind == NUMBER else None
    return whole[1] if whole else cell.text


def code(cell: Cell, context: Context) -> str:
    """Return an account, phone or other number as text. Raise Bad when a spreadsheet made it a
    quantity and digits are lost."""
    return _without_exponent(cell.text)


def _without_exponent(found: str) -> str:
    """Return the digits of 1000000016.0 and 1.000000016E+09. Raise Bad when some are lost."""
    whole = re.fullmatch(r"([0-9]{5,})[.,]0+", found, re.A)
    if whole:
        return whole[1]
    powered = _EXPONENT.fullmatch(found)
    if powered is None:
        return found
    first, rest, power = powered[1], powered[2] or "", int(powered[3])
    if len(rest.rstrip("0")) > power:
        raise Bad(f"{found!r} is not a whole number")
    if len(rest) < power:
        raise Bad(
            f"{found!r} has lost digits as a number: format the column as text, write it again"
        )
    return first + rest[:power]


def drns(cell: Cell, context: Context) -> tuple[str, ...]:
    """Return the DRNs that a meter number can mean, of 11 or 13 digits, of a number that lost its
    leading zeros, or of a MeterPAN. Raise Bad."""
    number = drn_numbers.digits(_without_exponent(cell.text))
    try:
        if len(number) == _PAN_DIGITS:
            return (pan.drn_from_pan(number),)
        found = drn_numbers.readings(number)
    except pan.PanError as error:
        raise Bad(f": {plain(error).rstrip('.')}") from error
    if int(found[0]) == 0:
        raise Bad(f"{number!r} is not the number of a meter")
    return found


def register(name: str) -> Callable[[Cell, Context], object]:
    """Return the reader of a field of the key register."""

    def read(cell: Cell, context: Context) -> object:
        try:
            return key_register.value(name, text(cell, context))
        except TjugoError as error:
            words = error.message.partition(" ")[2].rstrip(".")
            raise Bad(f"{words}, not {cell.text[:20]!r}") from error

    return read


def tct(cell: Cell, context: Context) -> int:
    """Return a token carrier type."""
    if text(cell, context).lstrip("0") not in ("1", "2"):
        raise Bad(f"must be 01 or 02, not {cell.text[:20]!r}")
    return int(text(cell, context))


def status(cell: Cell, context: Context) -> str:
    """Return a meter's status."""
    said = " ".join(search_words.split(cell.text))
    for name, words in _STATUS_WORDS.items():
        if said == name or said in words.split("|"):
            return name
    raise Bad(f"is one of {', '.join(METER_STATUSES)}, not {cell.text[:20]!r}")


def site_kind(cell: Cell, context: Context) -> str:
    """Return a kind of site."""
    said = "_".join(search_words.split(cell.text))
    if said not in SITE_KINDS:
        raise Bad(f"is one of {', '.join(SITE_KINDS)}, not {cell.text[:20]!r}")
    return said


def amount(cell: Cell, context: Context) -> int:
    """Return an amount of money in minor units, 0 or more."""
    style = numbers.PEOPLE if cell.kind == NUMBER else context.style
    try:
        return money.minor(numbers.decimal(_bare(cell.text, context), style), context.currency)
    except numbers.NotANumber as error:
        raise Bad(str(error)) from error


def _bare(found: str, context: Context) -> str:
    """Return an amount without the currency's code beside it."""
    return re.sub(rf"^{context.currency}\s*|\s*{context.currency}$", "", found.strip())


def recovery(cell: Cell, context: Context) -> tuple[str, int]:
    """Return how a debt is recovered by each sale: 20% of the money as ("percent", 2000), or an
    amount as ("amount", minor units)."""
    share = re.fullmatch(r"(.*?)\s*%", cell.text)
    if share is None:
        return "amount", amount(cell, context)
    try:
        part = numbers.decimal(share[1], context.style) * 100
    except numbers.NotANumber as error:
        raise Bad(str(error)) from error
    if part != part.to_integral_value() or not 0 < part <= 10_000:
        raise Bad(f"must be above 0 % and up to 100 %, not {cell.text[:20]!r}")
    return "percent", int(part)


def count(cell: Cell, context: Context) -> int:
    """Return a whole number from 1 on."""
    if not re.fullmatch(r"[0-9]{1,6}", text(cell, context), re.A) or not int(text(cell, context)):
        raise Bad(f"must be a whole number from 1 on, not {cell.text[:20]!r}")
    return int(text(cell, context))


def debt_kind(cell: Cell, context: Context) -> str:
    """Return a kind of debt."""
    if cell.text not in DEBT_KINDS:
        raise Bad(f"is one of {', '.join(DEBT_KINDS)}, not {cell.text[:20]!r}")
    return cell.text


def moment(cell: Cell, context: Context) -> datetime:
    """Return a date or a date with a time; without a zone it is the utility's. Raise Bad when it
    has two readings, or is later than now."""
    found = _zoned(cell, context)
    try:
        at = found.astimezone(UTC)
    except OverflowError as error:
        raise Bad(f"{cell.text[:30]!r} is not a date") from error
    if at > context.now:
        raise Bad(f"{cell.text[:30]!r} is later than now")
    return at


def _zoned(cell: Cell, context: Context) -> datetime:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+", cell.text, re.A):
        try:
            found = datetime.fromisoformat(cell.text)
        except ValueError as error:
            raise Bad(f"{cell.text[:30]!r} is not a date") from error
        return found if found.tzinfo else found.replace(tzinfo=context.zone)
    serial = re.fullmatch(r"([0-9]{5})(?:[.,][0-9]+)?", cell.text, re.A)
    if serial and int(serial[1]) in _SERIALS:
        days = Decimal(cell.text.replace(",", "."))
        shown = _FIRST_SERIAL + timedelta(seconds=int(days * 86_400))
        return shown.replace(tzinfo=context.zone)
    day, _, clock = cell.text.partition(" ") if "/" in cell.text else (cell.text, "", "")
    try:
        of_day = time.fromisoformat(clock.zfill(5)) if clock else time()
        return datetime.combine(_date(day, context), of_day, context.zone)
    except Bad:
        raise
    except ValueError as error:
        raise Bad(f"{cell.text[:30]!r} is not a date") from error


def _date(shown: str, context: Context) -> date:
    iso = _ISO_DATE.fullmatch(shown)
    if iso:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    named = _NAMED_DATE.fullmatch(shown)
    if named:
        month = _months().get("".join(search_words.split(named[2])))
        if month:
            return date(_year(named[3]), month, int(named[1]))
    numeric = _NUMERIC_DATE.fullmatch(shown)
    if numeric is None:
        raise Bad(f"{shown[:30]!r} is not a date: write it as 2026-11-22")
    first, second, year = int(numeric[1]), int(numeric[2]), _year(numeric[3])
    order = context.dates or order_of([shown])
    if order is None and first != second:
        raise Bad(
            f"{shown!r} can be {date(year, second, first):%-d %B} or "
            f"{date(year, first, second):%-d %B}: give the order of days and months"
        )
    return date(year, first, second) if order == "mdy" else date(year, second, first)


def order_of(dates: list[str]) -> str | None:
    """Return the order of day and month in dates such as 22/11/2026, dmy or mdy; None when they
    do not show it, or contradict each other."""
    orders = set()
    for shown in dates:
        numeric = _NUMERIC_DATE.match(shown)
        if numeric and int(numeric[1]) > 12:
            orders.add("dmy")
        if numeric and int(numeric[2]) > 12:
            orders.add("mdy")
    return orders.pop() if len(orders) == 1 else None


def _year(digits: str) -> int:
    return int(digits) + (2000 if len(digits) == 2 else 0)


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    """Return the numbers of months by name, whole and short, in several languages."""
    found = {}
    for language in _LANGUAGES:
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=language).items():
                found["".join(search_words.split(name))] = number
    return found


def checked(cell: Cell) -> Cell:
    """Return the cell. Raise Bad when the file's cell itself cannot be read."""
    if cell.kind == WRONG:
        raise Bad(cell.text)
    return cell
