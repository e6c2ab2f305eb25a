"""The rows of deliveries: which are open, which were sent, and what a collector's answer
changes."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import aliased, joinedload

from tjugo.station.audit import chain
from tjugo.station.delivery import outcomes
from tjugo.station.delivery.jobs import DOUBTED, PROVED, Ack, Job
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
REPORTED = "reported"
EXPIRED = "expired"
DOUBT = "delivery.doubt"
_OPEN = ("issued", "sent", "at_collector", "refused", REPORTED)
_EXPIRED = "no meter answered for it in time; the token can still be keyed in"
_NOT_PROVED = "no answer that can be checked came in time; the token can still be keyed in"
_EARLY = "the collector answered before the token was sent; its answer was not taken"


@dataclass(frozen=True)
class Answered:
    """Acks sorted by their meaning. taken: for a delivery that was sent to this collector and
    meter. unknown: this collector has no such delivery. foreign: the delivery is to another meter.
    early: the command was never sent, so the answer cannot be true. doubted, unchecked: a result
    that is not taken, because it is not proved to be the meter's. changes: those of all but
    unknown and foreign that are to be recorded; the others repeat what is recorded."""

    taken: list[Ack] = field(default_factory=list)
    unknown: list[Ack] = field(default_factory=list)
    foreign: list[Ack] = field(default_factory=list)
    early: list[Ack] = field(default_factory=list)
    doubted: list[Ack] = field(default_factory=list)
    unchecked: list[Ack] = field(default_factory=list)
    changes: list[Ack] = field(default_factory=list)


def open_jobs(view: View, now: datetime, only_new: bool = False) -> list[Job]:
    """Return unfinished deliveries, oldest first, without those that follow another one which is
    not accepted yet. only_new: those that were never sent."""
    # Expired ones too where the limit is not over: they were marked while the clock was wrong.
    states = ("issued",) if only_new else (*_OPEN, EXPIRED)
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
            or_(TokenDelivery.after_ref.is_(None), taken(before)),
        )
        .order_by(TokenDelivery.created_at, TokenDelivery.tid)
    )
    jobs = []
    for row in view.session.scalars(query):
        token = row.token if row.section is None else row.section
        if token is not None and intact(token):
            limit = row.created_at + EXPIRES_AFTER
            again = row.doubted_at is not None
            jobs.append(Job(row.ref, row.collector_id, row.drn, token.digits, limit, again))
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
        if row.state in ("issued", EXPIRED):
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
        row.state, row.reason, row.done_at = EXPIRED, why, work.now()
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
            row.state = EXPIRED
            row.reason = _EXPIRED if row.doubted_at is None else _NOT_PROVED
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
            _kind(answered, row, ack).append(ack)
            if _changes(row, ack):
                answered.changes.append(ack)
    return answered


def _kind(answered: Answered, row: Row[Any], ack: Ack) -> list[Ack]:
    if not row.attempts:
        return answered.early
    if not ack.held or row.result is not None or row.done_at is not None:
        return answered.taken
    return answered.doubted if ack.standing == DOUBTED else answered.unchecked


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
    if row.done_at is not None and (ack.result is None or ack.held):
        return False  # cancelled; only the meter's result is of interest
    if ack.held:
        same = (row.state, row.reason) == (REPORTED, outcomes.held_sentence(ack))
        return row.state != EXPIRED and not same
    return not (ack.state == "stored" and row.state in ("at_collector", REPORTED))


def _apply(work: Work, row: TokenDelivery, ack: Ack) -> None:
    if row.result is not None:
        return  # an earlier answer of the same batch was final
    if not row.attempts:
        row.reason = _EARLY
    elif row.done_at is not None and (ack.result is None or ack.held):
        return  # cancelled by an earlier action of the same moment
    elif ack.held:
        if row.state != EXPIRED:
            _hold(work, row, ack)
    elif ack.state == "stored":
        if row.state != REPORTED:
            row.state, row.stored_at, row.reason = "at_collector", work.now(), None
    elif ack.state == "refused":
        row.state, row.reason = "refused", ack.why or "the collector did not take the token"
    elif ack.result is not None:
        _end(work, row, ack, ack.result)


def _end(work: Work, row: TokenDelivery, ack: Ack, result: int) -> None:
    """Record the meter's result."""
    row.result, row.done_at = result, work.now()
    row.reason = _sentence(work, row, result)
    proof = ack.proof if ack.standing == PROVED else None
    if proof is not None:
        row.credit_wh, row.sequence, row.mac = proof.credit_wh, proof.sequence, proof.mac
    if row.reason is not None:
        row.state = "refused"
    elif proof is not None:
        row.state = ACCEPTED
    else:
        row.state, row.reason = REPORTED, outcomes.UNPROVED
    _notify(work, row)


def _hold(work: Work, row: TokenDelivery, ack: Ack) -> None:
    """Record that there is a result which is not taken for the meter's: the job stays open."""
    row.state, row.reason = REPORTED, outcomes.held_sentence(ack)
    if ack.standing == DOUBTED and row.doubted_at is None:
        row.doubted_at = work.now()
        detail = f"delivery {row.ref} by {row.collector_id}: {row.reason}"
        chain.record(work, DOUBT, f"meter {row.drn}", detail, chain.REFUSED)
        log.warning("meter %s, %s", row.drn, detail)
        _emit(work, outbox.TOKEN_DOUBTED, row)


def taken(row: Any) -> Any:
    """Return whether the meter has taken a token, proved or only reported. row: a delivery, or an
    alias of its table in a query."""
    if isinstance(row, TokenDelivery):
        return row.result is not None and row.state in (ACCEPTED, REPORTED)
    return row.result.is_not(None) & row.state.in_((ACCEPTED, REPORTED))


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
    REPORTED: outbox.TOKEN_REPORTED,
    "refused": outbox.TOKEN_REFUSED,
    EXPIRED: outbox.TOKEN_EXPIRED,
}


def _notify(work: Work, row: TokenDelivery) -> None:
    """Notify webhooks of the end of a delivery."""
    _emit(work, _EVENTS[row.state], row)


def _emit(work: Work, event: str, row: TokenDelivery) -> None:
    def facts() -> dict[str, Any]:
        sold = row.token or row  # a section of a key change is no token with a TID
        of = {"client": sold.client, "client_id": sold.client_id}
        names = ("drn", "ref", "collector_id", "state", "result", "reason")
        return {**of, **{name: getattr(row, name) for name in names}}

    outbox.emit(work, event, facts)
