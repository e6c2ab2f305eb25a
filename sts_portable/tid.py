"""Token identifier: whole minutes since a base date, 24 bits, no time zone."""

from . import limits
from .errors import RangeError

MAX_TID = 0xFFFFFF
BASE_YEARS = {"93": 1993, "14": 2014, "35": 2035}
_MONTHS = b"\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"


def _days(year: int, month: int, day: int) -> int:
    """Return the days since 0000-03-01 in the proleptic Gregorian calendar."""
    if month < 3:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 1


def check_base(bdt: "int | str") -> str:
    """Return "93", "14" or "35" for a base date code, as a number or text. Raise RangeError."""
    return "%d" % limits.code("base date code", bdt, (93, 14, 35))


def _base(bdt: "int | str") -> int:
    return _days(BASE_YEARS[check_base(bdt)], 1, 1)


def _check(minutes: int) -> int:
    if not 0 <= minutes <= MAX_TID:
        raise RangeError("minute %d is outside the base date's range 0 to %d" % (minutes, MAX_TID))
    return minutes


def _check_civil(year: int, month: int, day: int, hour: int, minute: int) -> None:
    for part in (year, month, day, hour, minute):
        if not isinstance(part, int):
            raise RangeError("%r is not a whole number of a date or time" % (part,))
    last = 0
    if 1 <= month <= 12:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        last = 29 if month == 2 and leap else _MONTHS[month - 1]
    if not 1 <= day <= last:
        raise RangeError("%d-%02d-%02d is not a date" % (year, month, day))
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        raise RangeError("%02d:%02d is not a time of day" % (hour, minute))


def minutes(bdt: "int | str", year: int, month: int, day: int, hour: int, minute: int) -> int:
    """Return the minutes from the base date ("93", "14" or "35") to a civil time.

    The caller chooses one time zone for all tokens (the compliance vectors use UTC). Raise
    RangeError for an invalid date or time, and for a result outside 24 bits.
    """
    _check_civil(year, month, day, hour, minute)
    count = _days(year, month, day) - _base(bdt)
    return _check(count * 1440 + hour * 60 + minute)


def civil(bdt: "int | str", tid: int) -> "tuple[int, int, int, int, int]":
    """Return the (year, month, day, hour, minute) of a TID under a base date."""
    day = _check(tid) // 1440 + _base(bdt)
    year = (day * 400 + 591) // 146097
    rest = day - (365 * year + year // 4 - year // 100 + year // 400)
    if rest < 0:
        year -= 1
        rest = day - (365 * year + year // 4 - year // 100 + year // 400)
    month = (5 * rest + 461) // 153
    mday = rest - (153 * month - 457) // 5 + 1
    if month > 12:
        month -= 12
        year += 1
    return year, month, mday, tid % 1440 // 60, tid % 60


def is_reserved(tid: int) -> bool:
    """Return whether the TID is minute 00:01 of a day, reserved for special-purpose tokens."""
    return tid % 1440 == 1


def from_minutes(count: int) -> int:
    """Return the TID of an ordinary token at this minute: 00:01 becomes 00:02, 0 becomes 2.

    TID 0 is never issued, because an empty slot of a meter's TID store is 0.
    """
    return _check(_check(count) + (1 if is_reserved(count) else 0) or 2)
