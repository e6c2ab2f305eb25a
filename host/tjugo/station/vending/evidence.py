"""What shows that a meter has its new key: its reported key register, or that it accepted a token
made with it."""

from collections.abc import Collection, Iterable

from sqlalchemy import Select, select

from sts_portable import results
from tjugo.key_register import KeyRegister
from tjugo.station.delivery.service import ACCEPTED
from tjugo.station.registry.meters import checked_drn, known_meter, meter_config
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import KeyChange, MeterReading, Token, TokenDelivery
from tjugo.station.vending import change_rows, change_steps, targets
from tjugo.station.work import View, Work

_REPORTED = ("sgc", "krn", "kt", "ti", "ken")
_PART = ("sgc", "krn", "kt", "ti")  # of a token's snapshot


def reported(view: View, drns: Collection[str]) -> list[str]:
    """Return the meters, of these, whose latest reading has the register of their pending key."""
    found = []
    for chunk in chunks(sorted(set(drns))):
        query = (
            select(KeyChange, MeterReading)
            .join(
                MeterReading,
                (MeterReading.tenant_id == KeyChange.tenant_id)
                & (MeterReading.drn == KeyChange.drn),
            )
            .where(
                KeyChange.tenant_id == view.tenant_id,
                KeyChange.state == change_rows.ISSUED,
                KeyChange.drn.in_(chunk),
            )
        )
        for change, reading in view.session.execute(query):
            target, before = _registers(change)
            seen = [getattr(reading, name) for name in _REPORTED]
            if seen == _values(target) and seen != _values(before):
                found.append(change.drn)
    return found


def _registers(change: KeyChange) -> tuple[KeyRegister, KeyRegister]:
    return targets.from_text(change.target), targets.from_text(change.replaced or change.target)


def _values(register: KeyRegister) -> list[int]:
    return [getattr(register, name) for name in _REPORTED]


def delivered(view: View, refs: Iterable[int]) -> list[str]:
    """Return the meters that have proved to accept, from their collector, the last section of
    their key change or a token made with the pending key. refs: of the deliveries."""
    found = set()
    for chunk in chunks(sorted(refs)):
        found |= set(view.session.scalars(_completed(view, chunk)))
        query = (
            select(KeyChange, Token)
            .select_from(TokenDelivery)
            .join(TokenDelivery.token)
            .join(
                KeyChange,
                (KeyChange.tenant_id == Token.tenant_id) & (KeyChange.drn == Token.drn),
            )
            .where(
                KeyChange.tenant_id == view.tenant_id,
                KeyChange.state == change_rows.ISSUED,
                TokenDelivery.ref.in_(chunk),
                TokenDelivery.result == results.ACCEPT,
                TokenDelivery.state == ACCEPTED,
            )
        )
        for change, token in view.session.execute(query):
            if made_with(token, targets.from_text(change.target)):
                found.add(change.drn)
    return sorted(found)


def _completed(view: View, refs: Collection[int]) -> Select[str]:
    """Return the query of the meters that accepted a section with ACCEPT: it completed the set."""
    row = TokenDelivery
    return (
        select(KeyChange.drn)
        .join(
            row,
            (row.tenant_id == KeyChange.tenant_id)
            & (row.client == KeyChange.client)
            & (row.client_id == KeyChange.client_id),
        )
        .where(
            KeyChange.tenant_id == view.tenant_id,
            KeyChange.state == change_rows.ISSUED,
            row.position.is_not(None),
            row.ref.in_(refs),
            row.result == results.ACCEPT,
            row.state == ACCEPTED,
        )
    )


def made_with(token: Token, register: KeyRegister) -> bool:
    """Return whether a token was made with the key of this register."""
    snapshot = [int(getattr(token, name)) for name in _PART]
    return token.bdt == register.bdt and snapshot == [getattr(register, name) for name in _PART]


def accepted(work: Work, drn: str, digits: str) -> bool:
    """Record that the customer's meter accepted a token: if it was made with the pending key, the
    key change is confirmed. Return whether it was. Raise TjugoError."""
    meter = known_meter(work, checked_drn(drn))
    change = change_rows.open_change(work, meter.drn)
    if change is None or change.state != change_rows.ISSUED:
        return False
    new = targets.with_register(meter_config(work, meter), targets.from_text(change.target))
    token = work.backend.verify_token(new, "".join(digits.split()))
    if token is None or token.cls == 1 or token.tid is None:
        return False
    change_steps.confirm(work, meter.drn, f"the meter accepted the token with TID {token.tid}")
    return True
