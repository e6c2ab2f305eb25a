"""What a collector's answer changes in the row of its delivery."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Row, select

from tjugo.station.audit import chain
from tjugo.station.delivery import outcomes
from tjugo.station.delivery.jobs import DOUBTED, PROVED, Ack
from tjugo.station.delivery.service import ACCEPTED, EXPIRED, REPORTED, emit, notify
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.webhooks import outbox
from tjugo.station.work import View, Work

log = logging.getLogger(__name__)

DOUBT = "delivery.doubt"
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

    def add(self, other: "Answered") -> None:
        """Add those of another one."""
        for one in fields(self):
            getattr(self, one.name).extend(getattr(other, one.name))


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
    ended = row.result is not None or row.done_at is not None or row.state == EXPIRED
    if not ack.held or ended:
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
    notify(work, row)


def _hold(work: Work, row: TokenDelivery, ack: Ack) -> None:
    """Record that there is a result which is not taken for the meter's: the job stays open."""
    row.state, row.reason = REPORTED, outcomes.held_sentence(ack)
    if ack.standing == DOUBTED and row.doubted_at is None:
        row.doubted_at = work.now()
        detail = f"delivery {row.ref} by {row.collector_id}: {row.reason}"
        chain.record(work, DOUBT, f"meter {row.drn}", detail, chain.REFUSED)
        log.warning("meter %s, %s", row.drn, detail)
        emit(work, outbox.TOKEN_DOUBTED, row)


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
