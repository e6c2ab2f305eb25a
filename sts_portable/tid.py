"""Token identifier: whole minutes since a base date, 24 bits, no time zone."""

from .errors import RangeError

MAX_TID = 0xFFFFFF
BASE_YEARS = {"93": 1993, "14": 2014, "35": 2035}


def _days(year, month, day):
    """Days since 0000-03-01 in the proleptic Gregorian calendar."""
    if month < 3:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 1


def _base(bdt):
    if bdt not in BASE_YEARS:
        raise RangeError("base date code '%s' is not one of 93, 14, 35" % bdt)
    return _days(BASE_YEARS[bdt], 1, 1)


def _check(minutes):
    if not 0 <= minutes <= MAX_TID:
        raise RangeError("minute %d is outside the base date's range 0 to %d" % (minutes, MAX_TID))
    return minutes


def minutes(bdt, year, month, day, hour, minute):
    """Minutes from the base date ("93", "14" or "35") to a civil time; RangeError outside 24 bits.

    The caller chooses the time zone and keeps to it (the compliance vectors use UTC).
    """
    count = _days(year, month, day) - _base(bdt)
    return _check(count * 1440 + hour * 60 + minute)


def civil(bdt, tid):
    """The (year, month, day, hour, minute) that a TID stands for under a base date."""
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


def is_reserved(tid):
    """Whether the TID is minute 00:01 of a day, kept for special-purpose tokens."""
    return tid % 1440 == 1


def from_minutes(count):
    """The TID an ordinary token takes at this minute: 00:01 becomes 00:02, and 0 becomes 2.

    TID 0 is never issued, because an empty slot of a meter's TID store is 0.
    """
    return _check(_check(count) + (1 if is_reserved(count) else 0) or 2)
