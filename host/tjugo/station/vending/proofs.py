"""Whether a result that a collector passes on is that of the meter: the check of its proof.

The key is that of meterbus.answer: for Accept the one with which the token was made, and for the
section that ends a key change the new one. A meter that refuses a token may have another one of
its keys.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from sts_portable import results
from tjugo.errors import TjugoError
from tjugo.key_register import MeterConfig
from tjugo.station.delivery.jobs import DOUBTED, PROVED, UNCHECKED, UNPROVED, Ack
from tjugo.station.keys.backend import Answer, TokenBackend
from tjugo.station.registry.meters import known_meter, meter_config
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import KeyChange, Token, TokenDelivery
from tjugo.station.vending import change_rows, targets
from tjugo.station.work import View

_DONE = "done"


def checked(view: View, backend: TokenBackend, acks: Sequence[Ack]) -> list[Ack]:
    """Return the answers in the order given, those with a result for an open delivery with their
    standing."""
    rows = _open(view, {ack.ref for ack in acks if ack.state == _DONE})
    return [_checked(view, backend, ack, rows.get(ack.ref)) for ack in acks]


def _open(view: View, refs: set[int]) -> dict[int, TokenDelivery]:
    row, found = TokenDelivery, {}
    for chunk in chunks(sorted(refs)):
        query = (
            select(row)
            .options(joinedload(row.token), joinedload(row.section))
            .where(row.tenant_id == view.tenant_id, row.ref.in_(chunk), row.result.is_(None))
        )
        found.update({one.ref: one for one in view.session.scalars(query)})
    return found


def _checked(view: View, backend: TokenBackend, ack: Ack, row: TokenDelivery | None) -> Ack:
    if row is None or ack.result is None or (row.collector_id, row.drn) != _sender(ack):
        return ack
    if ack.proof is None:
        return replace(ack, standing=DOUBTED if _gives_proofs(view, row.drn) else UNPROVED)
    sold: Any = row.token or row.section
    proof = ack.proof
    answer = Answer(sold.digits, ack.ref, ack.result, proof.credit_wh, proof.sequence, proof.mac)
    try:
        registers = _registers(view, backend, row, ack.result)
        proved = any(backend.verify_answer(one, answer) for one in registers)
    except TjugoError as error:  # the vending keys are locked, or this one is gone
        return replace(ack, standing=UNCHECKED, why=error.message)
    return replace(ack, standing=PROVED if proved else DOUBTED)


def _sender(ack: Ack) -> tuple[str, str]:
    return ack.collector_id, ack.drn


def _gives_proofs(view: View, drn: str) -> bool:
    """Return whether the meter has proved a result before."""
    query = select(TokenDelivery.ref).where(
        TokenDelivery.tenant_id == view.tenant_id,
        TokenDelivery.drn == drn,
        TokenDelivery.mac.is_not(None),
    )
    return view.session.scalar(query.limit(1)) is not None


def _registers(
    view: View, backend: TokenBackend, row: TokenDelivery, result: int
) -> list[MeterConfig]:
    """Return the key registers with which the meter may have signed this result."""
    current = meter_config(view, known_meter(view, row.drn))
    if row.token is not None:
        made = _snapshot(backend, current, row.token)
    else:
        made = targets.with_register(current, targets.from_text(_change(view, row).target))
    if result == results.ACCEPT:
        return [made]
    others = [one for one, _ in change_rows.registers(view, row.drn)]
    return list(
        dict.fromkeys([current, made, *(targets.with_register(current, one) for one in others)])
    )


def _snapshot(backend: TokenBackend, current: MeterConfig, token: Token) -> MeterConfig:
    """Return the meter with the register of which a token has the snapshot."""
    names = ("ea", "sgc", "krn", "kt", "ti", "bdt")
    snapshot = replace(current, **{name: getattr(token, name) for name in names})
    key = backend.vending_register(snapshot.sgc, snapshot.kt, snapshot.krn)
    return snapshot if key is None else replace(snapshot, dkga=key.dkga)


def _change(view: View, row: TokenDelivery) -> KeyChange:
    query = select(KeyChange).where(
        KeyChange.tenant_id == row.tenant_id,
        KeyChange.client == row.client,
        KeyChange.client_id == row.client_id,
    )
    return view.session.scalars(query).one()
