"""The delivery rows: which are open, which were sent, and what a collector's answer changes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, select, update
from sqlalchemy.orm import Session

from tjugo.station.delivery import outcomes
from tjugo.station.delivery.jobs import Ack, Job
from tjugo.station.station import Station
from tjugo.station.storage.tables import Token, TokenDelivery

# A job is not entered into a meter later than this after its sale: the command carries the moment.
# The token stays valid and can be keyed in.
EXPIRES_AFTER = timedelta(days=30)
# The station's own limit: the answer of a collector with a clock of its own may come later.
_GRACE = timedelta(hours=1)
_OPEN = ("issued", "sent", "at_collector", "refused")
_EXPIRED = "no meter answered for it in time; the token can still be keyed in"
_EARLY = "the collector answered before the token was sent; its answer was not taken"
_CHUNK = 500  # values in one IN (...)


@dataclass(frozen=True)
class Answered:
    """Acks by what they were. taken: for a delivery that was sent to this collector and meter.
    unknown: there is no such delivery by this collector. foreign: it is to another meter. early:
    its command was never sent, so that the answer cannot be true."""

    taken: list[Ack] = field(default_factory=list)
    unknown: list[Ack] = field(default_factory=list)
    foreign: list[Ack] = field(default_factory=list)
    early: list[Ack] = field(default_factory=list)


def open_jobs(station: Station, only_new: bool = False) -> list[Job]:
    """Return unfinished deliveries, oldest first. only_new: those that were never sent."""
    # Expired ones too where the limit is not over: they were marked while the clock was wrong.
    states = ("issued",) if only_new else (*_OPEN, "expired")
    query = (
        select(TokenDelivery, Token.digits)
        .join(TokenDelivery.token)
        .where(
            TokenDelivery.tenant_id == station.tenant_id,
            TokenDelivery.state.in_(states),
            TokenDelivery.result.is_(None),
            TokenDelivery.created_at > station.clock() - EXPIRES_AFTER,
        )
        .order_by(TokenDelivery.created_at, TokenDelivery.tid)
    )
    with station.read() as session:
        return [
            Job(row.ref, row.collector_id, row.drn, digits, row.created_at + EXPIRES_AFTER)
            for row, digits in session.execute(query)
        ]


def mark_sent(station: Station, jobs: Sequence[Job]) -> None:
    """Record that commands are being sent. To be called before they are published, so that no
    answer can come earlier than this record."""
    if not jobs:
        return
    now = station.clock()
    with station.write() as session:
        for job in jobs:
            row = session.get_one(TokenDelivery, (station.tenant_id, job.ref))
            row.attempts += 1
            if row.state in ("issued", "expired"):
                row.state, row.sent_at, row.reason = "sent", now, None


def expire(station: Station) -> list[int]:
    """Mark deliveries without a result as expired once their limit is over; return their refs."""
    over = and_(
        TokenDelivery.tenant_id == station.tenant_id,
        TokenDelivery.state.in_(_OPEN),
        TokenDelivery.result.is_(None),
        TokenDelivery.created_at <= station.clock() - EXPIRES_AFTER - _GRACE,
    )
    with station.read() as session:
        refs = list(session.scalars(select(TokenDelivery.ref).where(over)))
    if refs:
        with station.write() as session:
            session.execute(
                update(TokenDelivery).where(over).values(state="expired", reason=_EXPIRED)
            )
    return refs


def take_acks(station: Station, acks: Sequence[Ack]) -> Answered:
    """Record answers of collectors in one transaction, and return what each of them was.

    Answers that change nothing (repeated, unknown, foreign) write nothing and take no write lock.
    """
    with station.read() as session:
        rows = _rows(station, session, {ack.ref for ack in acks})
    answered, changes = Answered(), []
    for ack in acks:
        row = rows.get(ack.ref)
        if row is None or row.collector_id != ack.collector_id:
            answered.unknown.append(ack)
        elif row.drn != ack.drn:
            answered.foreign.append(ack)
        else:
            (answered.taken if row.attempts else answered.early).append(ack)
            if _changes(row, ack):
                changes.append(ack)
    if changes:
        now = station.clock()
        with station.write() as session:
            for ack in changes:
                _apply(session.get_one(TokenDelivery, (station.tenant_id, ack.ref)), ack, now)
    return answered


def _rows(station: Station, session: Session, refs: Iterable[int]) -> dict[int, Row[Any]]:
    columns = (TokenDelivery.ref, TokenDelivery.collector_id, TokenDelivery.drn)
    query = select(
        *columns,
        TokenDelivery.attempts,
        TokenDelivery.state,
        TokenDelivery.result,
        TokenDelivery.reason,
    )
    found: dict[int, Row[Any]] = {}
    for chunk in _chunks(sorted(refs)):
        here = query.where(
            TokenDelivery.tenant_id == station.tenant_id, TokenDelivery.ref.in_(chunk)
        )
        found.update({row.ref: row for row in session.execute(here)})
    return found


def _chunks(refs: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(refs), _CHUNK):
        yield refs[start : start + _CHUNK]


def _changes(row: Row[Any], ack: Ack) -> bool:
    """Whether an answer changes the row; false for a repetition of what is recorded."""
    if row.result is not None:
        return False  # the meter's result is final
    if not row.attempts:
        return bool(row.reason != _EARLY)
    return not (ack.state == "stored" and row.state == "at_collector")


def _apply(row: TokenDelivery, ack: Ack, now: datetime) -> None:
    if row.result is not None:
        return  # an earlier answer of the same batch was final
    if not row.attempts:
        row.reason = _EARLY
    elif ack.state == "stored":
        row.state, row.stored_at, row.reason = "at_collector", now, None
    elif ack.state == "refused":
        row.state, row.reason = "refused", ack.why or "the collector did not take the token"
    elif ack.result is not None:
        row.result, row.done_at = ack.result, now
        row.state = "accepted" if outcomes.accepted(ack.result) else "refused"
        row.reason = outcomes.sentence(ack.result)
