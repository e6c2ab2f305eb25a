"""The link between a meter and the customer it serves. A link is ended, never overwritten."""

from datetime import datetime, timedelta

from tjugo.errors import reason
from tjugo.station.registry import search
from tjugo.station.storage.tables import Meter, ServiceLink
from tjugo.station.work import Work

_PLACE_LENGTH = 200
_MOMENT = timedelta(microseconds=1)


def current_link(meter: Meter) -> ServiceLink | None:
    """Return the meter's link to its present customer."""
    return next((link for link in meter.links if link.until is None), None)


def end_link(work: Work, meter: Meter) -> datetime:
    """End the meter's current link, if it has one.

    Return the earliest beginning of another link: now, and later than every earlier link, because
    DRN and time are its key.
    """
    since = max([work.now(), *(link.since + _MOMENT for link in meter.links)])
    link = current_link(meter)
    if link is not None:
        link.until = since
        work.session.flush()
        work.session.expire(meter, ["links"])
        if link.service_point is not None:
            search.write(work, [link.account_no])
    return since


def checked_service_point(text: str) -> str | None:
    """Return the name of a service point, trimmed; empty becomes None. Raise TjugoError."""
    found = text.strip() or None
    if found is not None and (len(found) > _PLACE_LENGTH or not found.isprintable()):
        raise reason(
            "service_point_invalid",
            f"A service point is up to {_PLACE_LENGTH} characters that can be printed.",
        )
    return found
