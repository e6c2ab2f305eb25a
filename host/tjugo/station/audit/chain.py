"""The audit chain: who did what, or was refused what, when.

An event has the digest of the event before it in its own digest, so that a changed, removed,
inserted or reordered event is found by `verify`, and the series has a counter, so that missing
events at the end are found too. A person who can change the whole database can make a new chain:
`holds` compares it with an event's number and digest that were noted elsewhere. Events are written
at the end of their unit of work.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, bindparam, select

from tjugo.station import counters
from tjugo.station.storage import bulk
from tjugo.station.storage.statement import Query, Statement, read_ahead
from tjugo.station.storage.tables import AuditEvent, Counter
from tjugo.station.work import View, Work

SERIES = "audit"
FIRST = "0" * 64
DONE, REFUSED = "done", "refused"
_PART = 5000
_COUNTED = (
    select(Counter.value - bindparam("count", type_=Integer))
    .where(Counter.tenant_id == bindparam("tenant"), Counter.name == bindparam("series"))
    .scalar_subquery()
)
_BEFORE = Statement(
    select(AuditEvent.digest).where(
        AuditEvent.tenant_id == bindparam("tenant"), AuditEvent.number == _COUNTED
    )
)
"""The digest of the event before the last `count` that were counted."""


@dataclass(frozen=True)
class _Event:
    at: datetime
    actor: str
    action: str
    subject: str
    outcome: str
    detail: str


def record(
    work: Work,
    action: str,
    subject: str,
    detail: str = "",
    outcome: str = DONE,
    actor: str | None = None,
) -> None:
    """Add an event to the chain when the unit of work ends; actor: the work's unless given.

    action: the permission it needs, or what happened; subject: what it concerns, such as
    `meter 01000000016`; detail: never a secret. A unit of work that is rolled back records
    nothing: record a refusal in a unit of work of its own.
    """
    event = _Event(
        work.now(),
        (actor or work.actor)[:80],
        action[:40],
        subject[:120],
        outcome,
        _plain(detail)[:400],
    )
    pending: list[_Event] = work.pending(SERIES, _write)
    pending.append(event)


def waiting(work: Work) -> int:
    """Return how many events are added when the unit of work ends."""
    return len(work.pending(SERIES, _write))


def _plain(detail: str) -> str:
    if detail.isprintable():
        return detail
    return "".join(char if char.isprintable() else " " for char in detail)


def _write(work: Work, events: list[_Event]) -> None:
    """Insert the events, numbered and chained to the last one."""
    count = len(events)
    reserved = counters.reserved(work, SERIES)
    before = digest_before(work, reserved or count)
    if not reserved:
        read_ahead(work.session, [counters.query(work, SERIES, count), before])
    number = counters.take(work, {SERIES: count})[SERIES]
    last = before.first(work.session)
    digest = FIRST if last is None else last.digest
    rows = []
    for place, event in enumerate(events, number):
        digest = digest_of(digest, work.tenant_id, place, event)
        rows.append(
            {"tenant_id": work.tenant_id, "number": place, "digest": digest, **vars(event)}
        )
    bulk.insert(work.session, AuditEvent, rows)


def digest_before(work: Work, count: int) -> Query:
    """Return what reads the digest of the event before the last `count` that were counted."""
    return _BEFORE.of(tenant=work.tenant_id, series=SERIES, count=count)


def digest_of(before: str, tenant_id: int, number: int, event: _Event | AuditEvent) -> str:
    """Return the digest of an event. before: the digest of the event before it."""
    parts = (
        *(before, str(tenant_id), str(number), f"{event.at:%Y-%m-%dT%H:%M:%S.%f}"),
        *(event.actor, event.action, event.subject, event.outcome, event.detail),
    )
    # Each part with its length: no two events have the same text.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(view: View) -> tuple[int, list[str]]:
    """Check the whole chain. Return the number of events and what is wrong, one sentence each."""
    digest, expected, wrong = FIRST, 1, []
    for event in events(view):
        if event.number != expected:
            wrong.append(f"Events {expected} to {event.number - 1} are missing.")
        if event.digest != digest_of(digest, view.tenant_id, event.number, event):
            wrong.append(f"Event {event.number} was changed, or one before it.")
        digest, expected = event.digest, event.number + 1
    counter = view.session.get(Counter, (view.tenant_id, SERIES))
    counted = 0 if counter is None else counter.value
    if counted >= expected:
        wrong.append(f"Events {expected} to {counted} are missing.")
    elif counted < expected - 1:
        wrong.append(f"Events {counted + 1} to {expected - 1} were added without being counted.")
    return expected - 1, wrong


def head(view: View) -> tuple[int, str]:
    """Return number and digest of the newest event; 0 and FIRST where there is none."""
    query = select(AuditEvent).where(AuditEvent.tenant_id == view.tenant_id)
    last = view.session.scalars(query.order_by(AuditEvent.number.desc()).limit(1)).first()
    return (0, FIRST) if last is None else (last.number, last.digest)


def holds(view: View, number: int, digest: str) -> bool:
    """Return whether the chain has the event with this number and digest."""
    if number == 0:
        return digest == FIRST
    event = view.session.get(AuditEvent, (view.tenant_id, number))
    return event is not None and event.digest == digest


def events(view: View) -> Iterator[AuditEvent]:
    """Yield all events, oldest first."""
    after = 0
    while True:
        query = (
            select(AuditEvent)
            .where(AuditEvent.tenant_id == view.tenant_id, AuditEvent.number > after)
            .order_by(AuditEvent.number)
            .limit(_PART)
        )
        rows = list(view.session.scalars(query))
        yield from rows
        if len(rows) < _PART:
            return
        after = rows[-1].number
        view.session.expunge_all()
