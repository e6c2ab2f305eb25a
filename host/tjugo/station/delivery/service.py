"""The rows of deliveries: which are open, which were sent, and what a collector's answer
changes."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import aliased, joinedload

from tjugo.station.delivery import outcomes
from tjugo.station.delivery.jobs import Ack, Job
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import Token, TokenDelivery
from tjugo.station.webhooks import outbox
from tjugo.station.work import View, Work

log = logging.getLogger(__name__)

# A job is not entered into a meter later than this after its sale: the command carries this time.
# The token stays valid and can be keyed in.
EXPIRES_AFTER = timedelta(days=30)
# The station's own limit: the answer of a collector with its own clock may arrive later.
_GRACE = timedelta(hours=1)
ACCEPTED = "accepted"
_OPEN = ("issued", "sent", "at_collector", "refused")
_EXPIRED = "no meter answered for it in time; the token can still be keyed in"
_EARLY = "the collector answered before the token was sent; its answer was not taken"


@dataclass(frozen=True)
class Answered:
    """Acks sorted by their meaning. taken: for a delivery that was sent to this collector and
    meter. unknown: this collector has no such delivery. foreign: the delivery is to another meter.
    early: the command was never sent, so the answer cannot be true. changes: those of taken and
    early that are to be recorded; the others repeat what is recorded."""

    taken: list[Ack] = field(default_factory=list)
    unknown: list[Ack] = field(default_factory=list)
    foreign: list[Ack] = field(default_factory=list)
    early: list[Ack] = field(default_factory=list)
    changes: list[Ack] = field(default_factory=list)


def open_jobs(view: View, now: datetime, only_new: bool = False) -> list[Job]:
    """Return unfinished deliveries, oldest first, without those that follow another one which is
    not accepted yet. only_new: those that were never sent."""
    # Expired ones too where the limit is not over: they were marked while the clock was wrong.
    states = ("issued",) if only_new else (*_OPEN, "expired")
    before = aliased(TokenDelivery)
    query = (
        select(TokenDelivery)
        .options(joinedload(TokenDelivery.token), joinedload(TokenDelivery.section))
        .outerjoin(
            before,
            (before.tenant_id == TokenDelivery.tenant_id)
            & (before.ref == TokenDelivery.after_ref),
        )
        .where(
            TokenDelivery.tenant_id == view.tenant_id,
            TokenDelivery.state.in_(states),
            TokenDelivery.result.is_(None),
            TokenDelivery.done_at.is_(None),
            TokenDelivery.created_at > now - EXPIRES_AFTER,
            or_(TokenDelivery.after_ref.is_(None), before.state == ACCEPTED),
        )
        .order_by(TokenDelivery.created_at, TokenDelivery.tid)
    )
    jobs = []
    for row in view.session.scalars(query):
        token = row.token if row.section is None else row.section
        if token is not None and intact(token):
            limit = row.created_at + EXPIRES_AFTER
            jobs.append(Job(row.ref, row.collector_id, row.drn, token.digits, limit))
        else:
            log.error("the record of delivery %d to %s is damaged", row.ref, row.drn)
    return jobs


def mark_sent(work: Work, jobs: Sequence[Job]) -> list[int]:
    """Record that commands are being sent. To be committed before they are published, so that no
    answer can come earlier than this record. Return the refs of those that are not to be sent,
    because they were cancelled."""
    cancelled = []
    for job in sorted(jobs, key=lambda job: job.ref):
        key = (work.tenant_id, job.ref)
        row = work.session.get_one(TokenDelivery, key, with_for_update=True)
        if row.result is None and row.done_at is not None:
            cancelled.append(job.ref)
            continue
        row.attempts += 1
        if row.state in ("issued", "expired"):
            row.state, row.sent_at, row.reason = "sent", work.now(), None
    return cancelled


def cancel(work: Work, client: str, client_id: str, why: str) -> bool:
    """Cancel the deliveries of a sale: they are never sent. Return False, with nothing changed,
    when one was sent."""
    query = _of_sale(work, client, client_id).with_for_update(of=TokenDelivery)
    rows = work.session.scalars(query).all()
    if any(row.state != "issued" or row.attempts for row in rows):
        return False
    for row in rows:
        row.state, row.reason, row.done_at = "expired", why, work.now()
    return True


def was_sent(view: View, client: str, client_id: str) -> bool:
    """Return whether a token of a sale was sent to a collector."""
    sent = _of_sale(view, client, client_id).where(TokenDelivery.attempts > 0).limit(1)
    return view.session.scalar(sent) is not None


def _of_sale(view: View, client: str, client_id: str) -> Select[TokenDelivery]:
    return (
        select(TokenDelivery)
        .join(TokenDelivery.token)
        .where(
            Token.tenant_id == view.tenant_id,
            Token.client == client,
            Token.client_id == client_id,
        )
    )


def overdue(view: View, now: datetime) -> list[int]:
    """Return the refs of open deliveries whose time limit has passed."""
    query = select(TokenDelivery.ref).where(
        TokenDelivery.tenant_id == view.tenant_id,
        TokenDelivery.state.in_(_OPEN),
        TokenDelivery.result.is_(None),
        TokenDelivery.created_at <= now - EXPIRES_AFTER - _GRACE,
    )
    return list(view.session.scalars(query))


def expire(work: Work, refs: Iterable[int]) -> None:
    """Mark deliveries as expired, except those that have received a result."""
    for ref in refs:
        row = work.session.get_one(TokenDelivery, (work.tenant_id, ref))
        if row.result is None:
            row.state, row.reason = "expired", _EXPIRED
            _notify(work, row)


def judge(view: View, acks: Sequence[Ack]) -> Answered:
    """Sort the answers of collectors by their meaning, and select those to be recorded."""
    rows = _rows(view, {ack.ref for ack in acks})
    answered = Answered()
    for ack in acks:
        row = rows.get(ack.ref)
        if row is None or row.collector_id != ack.collector_id:
            answered.unknown.append(ack)
        elif row.drn != ack.drn:
            answered.foreign.append(ack)
        else:
            (answered.taken if row.attempts else answered.early).append(ack)
            if _changes(row, ack):
                answered.changes.append(ack)
    return answered


def record(work: Work, acks: Sequence[Ack]) -> None:
    """Apply answers to their deliveries, in the order given."""
    for ack in acks:
        _apply(work, work.session.get_one(TokenDelivery, (work.tenant_id, ack.ref)), ack)


def _rows(view: View, refs: Iterable[int]) -> dict[int, Row[Any]]:
    names = ("ref", "collector_id", "drn", "attempts", "state", "result", "reason", "done_at")
    query = select(*(getattr(TokenDelivery, name) for name in names))
    query = query.where(TokenDelivery.tenant_id == view.tenant_id)
    found: dict[int, Row[Any]] = {}
    for chunk in chunks(sorted(refs)):
        here = query.where(TokenDelivery.ref.in_(chunk))
        found.update({row.ref: row for row in view.session.execute(here)})
    return found


def _changes(row: Row[Any], ack: Ack) -> bool:
    """Return whether an answer changes the row; False when it repeats what is recorded."""
    if row.result is not None:
        return False  # the meter's result is final
    if not row.attempts:
        return bool(row.reason != _EARLY)
    if row.done_at is not None and ack.result is None:
        return False  # cancelled; only the meter's result is of interest
    return not (ack.state == "stored" and row.state == "at_collector")


def _apply(work: Work, row: TokenDelivery, ack: Ack) -> None:
    if row.result is not None:
        return  # an earlier answer of the same batch was final
    if not row.attempts:
        row.reason = _EARLY
    elif row.done_at is not None and ack.result is None:
        return  # cancelled by an earlier action of the same moment
    elif ack.state == "stored":
        row.state, row.stored_at, row.reason = "at_collector", work.now(), None
    elif ack.state == "refused":
        row.state, row.reason = "refused", ack.why or "the collector did not take the token"
    elif ack.result is not None:
        row.result, row.done_at = ack.result, work.now()
        row.reason = _sentence(work, row, ack.result)
        row.state = ACCEPTED if row.reason is None else "refused"
        _notify(work, row)


def _sentence(view: View, row: TokenDelivery, result: int) -> str | None:
    """Return why the meter did not accept a token, None when it did."""
    if row.position is None:
        return outcomes.sentence(result)
    following = select(TokenDelivery.ref).where(
        TokenDelivery.tenant_id == row.tenant_id,
        TokenDelivery.after_ref == row.ref,
        TokenDelivery.position.is_not(None),
    )
    last = view.session.scalar(following.limit(1)) is None
    return outcomes.section_sentence(result, last)


_EVENTS = {
    ACCEPTED: outbox.TOKEN_ACCEPTED,
    "refused": outbox.TOKEN_REFUSED,
    "expired": outbox.TOKEN_EXPIRED,
}


def _notify(work: Work, row: TokenDelivery) -> None:
    """Notify webhooks of the end of a delivery."""

    def facts() -> dict[str, Any]:
        sold = row.token or row  # a section of a key change is no token with a TID
        of = {"client": sold.client, "client_id": sold.client_id}
        names = ("drn", "ref", "collector_id", "state", "result", "reason")
        return {**of, **{name: getattr(row, name) for name in names}}

    outbox.emit(work, _EVENTS[row.state], facts)
