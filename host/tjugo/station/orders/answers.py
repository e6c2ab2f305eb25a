"""What a collector's answer changes in the row of its order: only what the meter has proved is
its result."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from meterbus import orders as wire
from tjugo.errors import TjugoError
from tjugo.station.audit import chain
from tjugo.station.delivery.answers import Answered
from tjugo.station.delivery.jobs import DOUBTED, PROVED, UNCHECKED, Ack
from tjugo.station.keys.backend import TokenBackend
from tjugo.station.orders import kinds, service
from tjugo.station.registry.meters import known_meter, meter_config
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import MeterOrder, TokenDelivery
from tjugo.station.vending import change_rows, targets
from tjugo.station.work import View, Work

log = logging.getLogger(__name__)

DOUBT = "orders.doubt"
_EARLY = "the collector answered before the order was sent; its answer was not taken"


def split(view: View, acks: Sequence[Ack]) -> tuple[list[Ack], list[Ack]]:
    """Return the answers to tokens, and those to orders: a collector that refuses a command does
    not always tell which of them it was."""
    unmarked = {ack.ref for ack in acks if not ack.order}
    of_orders: set[int] = set()
    for chunk in chunks(sorted(unmarked)):
        query = select(MeterOrder.ref).where(
            MeterOrder.tenant_id == view.tenant_id, MeterOrder.ref.in_(chunk)
        )
        of_orders |= set(view.session.scalars(query))
    for chunk in chunks(sorted(of_orders)):
        query = select(TokenDelivery.ref).where(
            TokenDelivery.tenant_id == view.tenant_id, TokenDelivery.ref.in_(chunk)
        )
        of_orders -= set(view.session.scalars(query))
    orders = [ack for ack in acks if ack.order or ack.ref in of_orders]
    return [ack for ack in acks if not (ack.order or ack.ref in of_orders)], orders


def judge(view: View, backend: TokenBackend, acks: Sequence[Ack]) -> Answered:
    """Sort the answers of collectors to orders by their meaning; see delivery.answers."""
    answered = Answered()
    for given in acks:
        row = view.session.get(MeterOrder, (view.tenant_id, given.ref))
        ack = given
        if row is None or row.collector_id != ack.collector_id:
            answered.unknown.append(ack)
            continue
        if row.drn != ack.drn:
            answered.foreign.append(ack)
            continue
        if row.result is None and ack.result is not None:
            ack = _checked(view, backend, ack, row)
        if not row.attempts:
            answered.early.append(ack)
        elif not ack.held or row.result is not None or row.state == service.EXPIRED:
            answered.taken.append(ack)
        elif ack.standing == DOUBTED:
            answered.doubted.append(ack)
        else:
            answered.unchecked.append(ack)
        if _changes(row, ack):
            answered.changes.append(ack)
    return answered


def _checked(view: View, backend: TokenBackend, ack: Ack, row: MeterOrder) -> Ack:
    """Return an answer with a result, with its standing."""
    proof, result = ack.proof, ack.result
    if proof is None or result is None or proof.sequence != row.sequence:
        return replace(ack, standing=DOUBTED)
    current = meter_config(view, known_meter(view, row.drn))
    others = [one for one, _ in change_rows.registers(view, row.drn)]
    registers = [current, *(targets.with_register(current, one) for one in others)]
    signed = bytes.fromhex(row.signed)
    try:
        proved = any(
            backend.verify_order(one, signed, result, proof.mac)
            for one in dict.fromkeys(registers)
        )
    except TjugoError as error:  # the vending keys are locked, or this one is gone
        return replace(ack, standing=UNCHECKED, why=error.message)
    return replace(ack, standing=PROVED if proved else DOUBTED)


def _changes(row: MeterOrder, ack: Ack) -> bool:
    """Return whether an answer changes the row; False when it repeats what is recorded."""
    if row.result is not None or row.state == service.CANCELLED:
        return False
    if not row.attempts:
        return bool(row.reason != _EARLY)
    if ack.held:
        same = (row.state, row.reason) == (service.REPORTED, _held(ack))
        return row.state != service.EXPIRED and not same
    if ack.result is None and row.state == service.EXPIRED:
        return False
    return not (ack.state == "stored" and row.state in (service.AT_COLLECTOR, service.REPORTED))


def record(work: Work, acks: Sequence[Ack]) -> None:
    """Apply answers to their orders, in the order given."""
    for ack in acks:
        row = work.session.get_one(MeterOrder, (work.tenant_id, ack.ref), with_for_update=True)
        if _changes(row, ack):
            _apply(work, row, ack)


def _apply(work: Work, row: MeterOrder, ack: Ack) -> None:
    if not row.attempts:
        row.reason = _EARLY
    elif ack.held:
        _hold(work, row, ack)
    elif ack.state == "stored":
        row.state, row.stored_at, row.reason = service.AT_COLLECTOR, work.now(), None
    elif ack.state == "refused":
        row.state, row.reason = service.REFUSED, ack.why or "the collector did not take the order"
    elif ack.result is not None and ack.proof is not None:
        row.result, row.mac, row.done_at = ack.result, ack.proof.mac, work.now()
        row.reason = kinds.sentence(ack.result)
        row.state = service.DONE if ack.result == wire.DONE else service.REFUSED


def _hold(work: Work, row: MeterOrder, ack: Ack) -> None:
    """Record that there is a result which is not taken for the meter's: the order stays open."""
    row.state, row.reason = service.REPORTED, _held(ack)
    if ack.standing == DOUBTED and row.doubted_at is None:
        row.doubted_at = work.now()
        detail = f"order {row.ref} by {row.collector_id}: {row.reason}"
        chain.record(work, DOUBT, f"meter {row.drn}", detail, chain.REFUSED)
        log.warning("meter %s, %s", row.drn, detail)


def _held(ack: Ack) -> str:
    """Return why a result is not taken for the meter's."""
    if ack.result == wire.DONE:
        said = "it was reported as done"
    else:
        said = f"a refusal was reported ({kinds.sentence(ack.result or 0)})"
    if ack.standing == UNCHECKED:
        return f"{said}, and cannot be checked: {ack.why}"
    why = "without proof" if ack.proof is None else "but the proof is wrong"
    text = f"{said}, {why}: the answer is forged, or the meter has another key. It is asked again"
    return text[:400]
