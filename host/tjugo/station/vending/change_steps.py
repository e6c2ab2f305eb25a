"""The steps of a key change besides its tokens: planned, confirmed or cancelled."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from tjugo.errors import reason
from tjugo.key_register import KeyRegister
from tjugo.station.audit import chain
from tjugo.station.registry.meters import checked_drn, key_columns, known_meter, meter_config
from tjugo.station.storage.tables import KeyChange, MeterKeyState
from tjugo.station.vending import change_rows as rows
from tjugo.station.vending import key_delivery, targets
from tjugo.station.vending.why import checked_why
from tjugo.station.webhooks import outbox
from tjugo.station.work import Work

ASK, CANCEL, _CONFIRM = "keychange.ask", "keychange.cancel", "keychange.confirm"


def plan(
    work: Work, drns: Iterable[str], changes: dict[str, object], campaign: str | None = None
) -> int:
    """Plan a key change for each meter; return for how many. The caller has made sure that a
    second person approved it. Raise TjugoError, with nothing planned, when one is not possible."""
    planned = 0
    for drn in drns:
        meter = known_meter(work, checked_drn(drn), lock=True)
        if rows.open_change(work, meter.drn) is not None:
            raise rows.already_open(meter.drn)
        config = meter_config(work, meter)
        target = targets.target_of(work, config, changes)
        add_planned(work, meter.drn, target, campaign)
        detail = targets.differences(config, target)
        chain.record(work, ASK, f"meter {meter.drn}", detail)
        planned += 1
    return planned


def add_planned(work: Work, drn: str, target: KeyRegister, campaign: str | None) -> None:
    """Add the row of a planned key change."""
    last = select(KeyChange.number).where(
        KeyChange.tenant_id == work.tenant_id, KeyChange.drn == drn
    )
    number = work.session.scalar(last.order_by(KeyChange.number.desc()).limit(1))
    work.session.add(
        KeyChange(
            tenant_id=work.tenant_id,
            drn=drn,
            number=1 + (number or 0),
            state=rows.PLANNED,
            campaign=campaign,
            target=targets.as_text(target),
            planned_by=work.actor[:80],
            planned_at=work.now(),
        )
    )
    work.session.flush()


def confirm(work: Work, drn: str, how: str) -> KeyRegister:
    """Make the pending key the meter's current one, because the meter has it. Return it. how: what
    shows it, for the record, not empty. Raise TjugoError when no key change is issued."""
    how = checked_why(how)
    meter = known_meter(work, checked_drn(drn), lock=True)
    row = rows.open_change(work, meter.drn)
    if row is None or row.state != rows.ISSUED:
        raise reason("key_change_unknown", f"No key change of meter {meter.drn} is issued.")
    target = targets.from_text(row.target)
    current = work.session.get_one(MeterKeyState, (work.tenant_id, meter.drn, "current"))
    for name, value in key_columns(target).items():
        setattr(current, name, value)
    _drop_pending(work, meter.drn)
    key_delivery.end(work, row, "the meter has its new key", confirmed=True)
    _decide(work, row, rows.CONFIRMED)
    chain.record(work, _CONFIRM, f"meter {meter.drn}", how)
    outbox.emit(
        work,
        outbox.KEY_CHANGE_CONFIRMED,
        lambda: {"drn": meter.drn, "register": target.register(), "how": how},
    )
    return target


def cancel(work: Work, drn: str, why: str) -> None:
    """Cancel the key change of a meter. An issued one only when the customer has not entered the
    tokens: a second person approves it (`cancel_issued`). Raise TjugoError."""
    why = checked_why(why)
    meter = known_meter(work, checked_drn(drn), lock=True)
    row = rows.open_change(work, meter.drn)
    if row is None:
        raise rows.none_planned(meter.drn)
    if row.state == rows.ISSUED:
        raise reason(
            "key_change_open",
            f"The key change tokens of meter {meter.drn} are issued already: a second person must "
            "approve that they are not used.",
        )
    _cancelled(work, row, why)


def cancel_issued(work: Work, drn: str, why: str) -> None:
    """Cancel a key change whose tokens are issued, because the meter will not get them: it keeps
    its key. Raise TjugoError; Conflict while its collector may still enter one."""
    meter = known_meter(work, checked_drn(drn), lock=True)
    row = rows.open_change(work, meter.drn)
    if row is None:
        raise rows.none_planned(meter.drn)
    key_delivery.check_ended(work, row)
    key_delivery.end(work, row, "the key change was cancelled", confirmed=False)
    _drop_pending(work, meter.drn)
    _cancelled(work, row, why)


def _cancelled(work: Work, row: KeyChange, why: str) -> None:
    _decide(work, row, rows.CANCELLED)
    chain.record(work, CANCEL, f"meter {row.drn}", why)


def _decide(work: Work, row: KeyChange, state: str) -> None:
    row.state, row.decided_at, row.decided_by = state, work.now(), work.actor[:80]
    work.session.flush()


def _drop_pending(work: Work, drn: str) -> None:
    of = {"tenant_id": work.tenant_id, "drn": drn, "phase": "pending"}
    work.session.execute(delete(MeterKeyState).filter_by(**of))
    work.session.expire_all()
