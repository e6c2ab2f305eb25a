"""A meter's history for pages and commands: whom it served, and each status it had."""

from dataclasses import dataclass

from sqlalchemy import select

from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import MeterStatus
from tjugo.station.work import View


@dataclass(frozen=True)
class LinkView:
    """A customer whom a meter served, with beginning and end (ISO 8601 in UTC). until None:
    now."""

    account_no: str
    name: str
    service_point: str | None
    site: str | None
    since: str
    until: str | None


@dataclass(frozen=True)
class StatusView:
    """A change of a meter's status: to what, when, by whom, why."""

    status: str
    at: str
    actor: str
    reason: str | None


@dataclass(frozen=True)
class MeterHistory:
    """A meter's history, oldest first. statuses: changes since registration."""

    links: list[LinkView]
    statuses: list[StatusView]


def meter_history(view: View, drn: str) -> MeterHistory:
    """Return whom a meter served and how its status changed. Raise TjugoError."""
    meter = known_meter(view, checked_drn(drn))
    links = [
        LinkView(
            account_no=link.account_no,
            name=link.customer.name,
            service_point=link.service_point,
            site=link.site,
            since=iso(link.since) or "",
            until=iso(link.until),
        )
        for link in meter.links
    ]
    changes = view.session.scalars(
        select(MeterStatus)
        .where(MeterStatus.tenant_id == view.tenant_id, MeterStatus.drn == meter.drn)
        .order_by(MeterStatus.at)
    )
    statuses = [
        StatusView(row.status, iso(row.at) or "", row.actor, row.reason) for row in changes
    ]
    return MeterHistory(links, statuses)
