"""Reading the audit chain, for pages, API and commands."""

from dataclasses import dataclass

from sqlalchemy import select

from tjugo.station.audit.chain import DONE, REFUSED
from tjugo.station.storage.moments import iso
from tjugo.station.storage.paging import LIMIT, Page, bounded, checked, contains, page
from tjugo.station.storage.tables import AuditEvent
from tjugo.station.work import View

OUTCOMES = (DONE, REFUSED)


@dataclass(frozen=True)
class EventView:
    """An audit event for JSON. at: ISO 8601 in UTC."""

    number: int
    at: str | None
    actor: str
    action: str
    subject: str
    outcome: str
    detail: str
    digest: str


def events(
    view: View,
    search: str = "",
    after: str | None = None,
    limit: int = LIMIT,
    outcome: str = "",
    action: str = "",
) -> Page[EventView]:
    """Return events, newest first. search: part of actor, action, subject or detail; outcome and
    action: only events with it, "" all."""
    limit = bounded(limit)
    query = select(AuditEvent).where(AuditEvent.tenant_id == view.tenant_id)
    if search:
        columns = (AuditEvent.actor, AuditEvent.action, AuditEvent.subject, AuditEvent.detail)
        query = query.where(contains(search, *columns))
    if outcome:
        query = query.where(AuditEvent.outcome == outcome)
    if action:
        query = query.where(AuditEvent.action == action)
    if after is not None:
        query = query.where(AuditEvent.number < int(checked(after, "[0-9]{1,18}")))
    rows = view.session.scalars(query.order_by(AuditEvent.number.desc()).limit(limit + 1)).all()
    return page([_shown(row) for row in rows], limit, lambda row: str(row.number))


def actions(view: View) -> list[str]:
    """Return the actions of all events, each once."""
    query = select(AuditEvent.action).where(AuditEvent.tenant_id == view.tenant_id).distinct()
    return sorted(view.session.scalars(query))


def _shown(row: AuditEvent) -> EventView:
    return EventView(
        *(row.number, iso(row.at), row.actor, row.action, row.subject, row.outcome),
        *(row.detail, row.digest),
    )
