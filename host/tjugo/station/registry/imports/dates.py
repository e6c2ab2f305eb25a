"""Dates and moments in the cells of a file, as people and spreadsheets write them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from babel.dates import get_month_names

from tjugo import search_words
from tjugo.station.registry.imports.sheet import Cell
from tjugo.station.registry.imports.values import Bad, Context

_LANGUAGES = ("en", "fr", "es", "pt", "de", "it", "nl", "sv", "nb", "sw")
_FIRST_SERIAL = datetime(1899, 12, 30)
_SERIALS = range(10_000, 100_000)  # 1927 to 2173
_NUMERIC_DATE = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4}|[0-9]{2})", re.A)
_ISO_DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", re.A)
_NAMED_DATE = re.compile(r"([0-9]{1,2})[. -]+([^\W\d]+)[. -]+([0-9]{4}|[0-9]{2})")


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
