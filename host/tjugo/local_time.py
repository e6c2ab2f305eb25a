"""Dates and times as people of a language write them, in a time zone."""

from datetime import date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

DEFAULT = "en"


@lru_cache(maxsize=32)
def locale_of(language: str) -> Locale:
    """Return the locale of a language, with its region where babel has it, or English."""
    for name in (language.replace("-", "_"), language.replace("-", "_").partition("_")[0]):
        try:
            return Locale.parse(name)
        except (ValueError, UnknownLocaleError):
            continue
    return Locale(DEFAULT)


def zone_of(name: str) -> tzinfo | None:
    """Return a time zone, None for a name that this machine does not have."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def moment(at: datetime, zone: str, language: str, seconds: bool = False) -> str:
    """Return a time with its date, such as `Nov 22, 2026 13:05`; in UTC, and marked so, where the
    zone is unknown. at: aware."""
    found = zone_of(zone)
    local = at if found is None else at.astimezone(found)
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{day(local.date(), language)} {clock}" + (" UTC" if found is None else "")


def day(on: date, language: str) -> str:
    """Return a date, such as `Nov 22, 2026`."""
    return format_date(on, "medium", locale=locale_of(language))
