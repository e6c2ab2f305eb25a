"""The rows of orders: what is asked and cancelled, which are open, their end without an answer."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from meterbus import orders as wire
from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.delivery.jobs import Job
from tjugo.station.delivery.refs import free_refs
from tjugo.station.orders import kinds
from tjugo.station.registry.meters import checked_drn, known_meter, meter_config
from tjugo.station.storage.tables import Meter, MeterOrder
from tjugo.station.work import View, Work

ASK = "orders.ask"
HOURS = 24
MOST_HOURS = 720
QUEUED, SENT, AT_COLLECTOR, DONE = "queued", "sent", "at_collector", "done"
REPORTED, REFUSED, EXPIRED, CANCELLED = "reported", "refused", "expired", "cancelled"
_OPEN = (QUEUED, SENT, AT_COLLECTOR, REFUSED, REPORTED)
# The answer of a collector with its own clock may arrive later.
_GRACE = timedelta(minutes=10)
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LATE = "no meter answered in time"
_NOT_PROVED = "no answer that can be checked came in time"


def ask(
    work: Work,
    client: str,
    client_id: str,
    drn: str,
    kind: str,
    values: Mapping[str, Any],
    hours: int = HOURS,
) -> MeterOrder:
    """Record an order, or return the one of this client id. It is sent by the link.

    values: see kinds.checked(). hours: until it expires, 1 to 720. Raise TjugoError.
    """
    if not _ID.fullmatch(client_id):
        raise reason("request_id_invalid", "An id has 1 to 64 letters, digits and . _ : -")
    meter = known_meter(work, checked_drn(drn), lock=True)
    asked = kinds.checked(kind, values, meter.counts)
    kept = json.dumps(asked.values, sort_keys=True)
    before = of_id(work, client, client_id)
    if before is not None:
        if (before.drn, before.kind, before.asked) != (meter.drn, kind, kept):
            raise reason("request_id_used", f"The id {client_id} was used for another order.")
        return before
    if meter.collector_id is None:
        raise reason("order_needs_collector", f"No collector serves meter {meter.drn}.")
    if meter.status == "removed":
        raise reason("meter_removed", f"Meter {meter.drn} is removed.")
    if not 1 <= hours <= MOST_HOURS:
        raise reason("order_invalid", f"An order expires after 1 to {MOST_HOURS} hours.")
    row = _row(work, meter, asked, hours)
    row.client, row.client_id, row.asked = client, client_id, kept
    work.session.add(row)
    work.session.flush()
    chain.record(work, ASK, f"meter {meter.drn}", kinds.described(kind, asked.values))
    return row


def _row(work: Work, meter: Meter, asked: kinds.Asked, hours: int) -> MeterOrder:
    now = work.now()
    expires = now + timedelta(hours=hours)
    sequence = _sequence(work, meter.drn, now)
    plain = wire.build(sequence, int(expires.timestamp()), asked.number, asked.body)
    signed = work.backend.sign_order(meter_config(work, meter), plain)
    return MeterOrder(
        tenant_id=work.tenant_id,
        ref=_free_ref(work),
        drn=meter.drn,
        collector_id=meter.collector_id,
        kind=asked.kind,
        actor=work.actor[:80],
        sequence=sequence,
        signed=signed.hex(),
        state=QUEUED,
        attempts=0,
        created_at=now,
        expires_at=expires,
    )


def _sequence(work: Work, drn: str, now: datetime) -> int:
    """Return the sequence of the next order to a meter, whose row is locked."""
    query = select(func.max(MeterOrder.sequence)).where(
        MeterOrder.tenant_id == work.tenant_id, MeterOrder.drn == drn
    )
    return max(int(now.timestamp()), (work.session.scalar(query) or 0) + 1)


def _free_ref(work: Work) -> int:
    """Return a reference that neither an order nor a delivery has."""
    while True:
        (ref,) = free_refs(work, 1)
        if work.session.get(MeterOrder, (work.tenant_id, ref)) is None:
            return ref


def of_id(view: View, client: str, client_id: str) -> MeterOrder | None:
    """Return the order of a client id, None if there is none."""
    query = select(MeterOrder).where(
        MeterOrder.tenant_id == view.tenant_id,
        MeterOrder.client == client,
        MeterOrder.client_id == client_id,
    )
    return view.session.scalars(query).one_or_none()


def found(view: View, client: str, client_id: str) -> MeterOrder:
    """Return the order of a client id. Raise NotFound."""
    row = of_id(view, client, client_id)
    if row is None:
        raise reason("order_unknown", f"There is no order with the id {client_id[:64]}.")
    return row


def cancel(work: Work, client: str, client_id: str) -> MeterOrder:
    """Cancel an order that was not sent yet. Raise Conflict for another one."""
    row = found(work, client, client_id)
    work.session.refresh(row, with_for_update=True)
    if row.state != QUEUED or row.attempts:
        raise reason("order_sent", f"The order is {row.state.replace('_', ' ')}: it was sent.")
    row.state, row.done_at = CANCELLED, work.now()
    row.reason = "it was cancelled before it was sent"
    chain.record(work, ASK, f"meter {row.drn}", f"cancelled {described(row)}")
    return row


def described(row: MeterOrder) -> str:
    """Return an order in one line."""
    return kinds.described(row.kind, json.loads(row.asked))


def open_jobs(view: View, now: datetime, only_new: bool = False) -> list[Job]:
    """Return the jobs of open orders, oldest first. only_new: those that were never sent."""
    query = (
        select(MeterOrder)
        .where(
            MeterOrder.tenant_id == view.tenant_id,
            MeterOrder.state.in_((QUEUED,) if only_new else _OPEN),
            MeterOrder.result.is_(None),
            MeterOrder.expires_at > now,
        )
        .order_by(MeterOrder.sequence)
    )
    return [
        Job(
            *(row.ref, row.collector_id, row.drn, row.signed, row.expires_at),
            again=row.doubted_at is not None,
            order=True,
        )
        for row in view.session.scalars(query)
    ]


def mark_sent(work: Work, jobs: Sequence[Job]) -> list[int]:
    """Record that orders are being sent, before they are. Return the refs of those that were
    cancelled meanwhile."""
    cancelled = []
    for job in sorted(jobs, key=lambda job: job.ref):
        key = (work.tenant_id, job.ref)
        row = work.session.get_one(MeterOrder, key, with_for_update=True)
        if row.state == CANCELLED:
            cancelled.append(job.ref)
            continue
        row.attempts += 1
        if row.state == QUEUED:
            row.state, row.sent_at = SENT, work.now()
    return cancelled


def overdue(view: View, now: datetime) -> list[int]:
    """Return the refs of open orders whose time limit has passed."""
    query = select(MeterOrder.ref).where(
        MeterOrder.tenant_id == view.tenant_id,
        MeterOrder.state.in_(_OPEN),
        MeterOrder.result.is_(None),
        MeterOrder.expires_at <= now - _GRACE,
    )
    return list(view.session.scalars(query))


def expire(work: Work, refs: Iterable[int]) -> None:
    """Mark orders as expired, except those that have received a result."""
    for ref in refs:
        row = work.session.get_one(MeterOrder, (work.tenant_id, ref))
        if row.result is None and row.state in _OPEN:
            row.state = EXPIRED
            row.reason = _LATE if row.doubted_at is None else _NOT_PROVED
