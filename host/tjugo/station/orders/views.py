"""Orders for JSON, pages and commands."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tjugo.station.orders import kinds, service
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import MeterOrder
from tjugo.station.work import View

WORDS = {
    service.QUEUED: "waits to be sent",
    service.SENT: "sent to the collector",
    service.AT_COLLECTOR: "at the collector, waits for the meter",
    service.DONE: "carried out, proved by the meter",
    service.REPORTED: "reported, but not proved; the meter is asked again",
    service.REFUSED: "refused",
    service.EXPIRED: "expired",
    service.CANCELLED: "cancelled",
}
"""Each state in words."""


@dataclass(frozen=True)
class OrderView:
    """An order to a meter. values: of settings or prices, as asked; text: the order in one line;
    words: the state for people; reason: why it was refused or is in doubt; result: of the meter,
    proved; sequence: of the orders to this meter."""

    client: str
    client_id: str
    ref: int
    drn: str
    collector: str
    kind: str
    values: dict[str, Any]
    text: str
    state: str
    words: str
    reason: str | None
    result: int | None
    proved: bool
    actor: str
    sequence: int
    created_at: str | None
    expires_at: str | None
    sent_at: str | None
    done_at: str | None


def order_view(row: MeterOrder) -> OrderView:
    """Return an order for JSON."""
    values = json.loads(row.asked)
    return OrderView(
        *(row.client, row.client_id, row.ref, row.drn, row.collector_id, row.kind, values),
        kinds.described(row.kind, values),
        *(row.state, WORDS[row.state], row.reason, row.result, row.mac is not None),
        *(row.actor, row.sequence),
        *(iso(at) for at in (row.created_at, row.expires_at, row.sent_at, row.done_at)),
    )


def orders(view: View, drn: str | None = None, limit: int = 20) -> list[OrderView]:
    """Return the newest orders, of one meter or of all, newest first."""
    query = select(MeterOrder).where(MeterOrder.tenant_id == view.tenant_id)
    if drn is not None:
        query = query.where(MeterOrder.drn == drn)
    query = query.order_by(MeterOrder.created_at.desc(), MeterOrder.sequence.desc()).limit(limit)
    return [order_view(row) for row in view.session.scalars(query)]


def doubted(view: View) -> int:
    """Return the number of open orders with an answer that may be forged."""
    query = select(MeterOrder.ref).where(
        MeterOrder.tenant_id == view.tenant_id,
        MeterOrder.state == service.REPORTED,
        MeterOrder.doubted_at.is_not(None),
    )
    return len(view.session.scalars(query).all())
