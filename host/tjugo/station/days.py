"""Days and months of the utility: those of its own time zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from tjugo.station.work import View


def zone(view: View) -> ZoneInfo:
    """Return the time zone of the utility."""
    return ZoneInfo(view.tenant.time_zone)


def local(view: View, at: datetime) -> datetime:
    """Return an aware datetime in the time zone of the utility."""
    return at.astimezone(zone(view))


def day(view: View, at: datetime) -> date:
    """Return the utility's date at a moment, an aware datetime."""
    return local(view, at).date()
