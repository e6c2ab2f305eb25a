"""The status of a meter: in stock, installed, blocked or removed; who changed it, when and why."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from tjugo.errors import reason
from tjugo.station.registry import record
from tjugo.station.registry.links import current_link, end_link
from tjugo.station.storage.tables import METER_STATUSES, Meter, MeterStatus
from tjugo.station.work import Work

INSTALLED, REMOVED = "installed", "removed"
_WORDS = {"stock": "in stock", "removed": "retired"}
"""What people call a status, where its own name is not that."""
_WHY_LENGTH = 400
_ACTOR_LENGTH = 80
_MOMENT = timedelta(microseconds=1)


def sentence(drn: str, status: str) -> str:
    """Return the status of a meter as a sentence, and whether tokens are sold for it."""
    words = f"Meter {drn} is {_WORDS.get(status, status)}"
    return f"{words}." if status == INSTALLED else f"{words}: nothing is sold for it."


def change(work: Work, meter: Meter, status: str, why: str | None = None) -> None:
    """Set a meter's status to one of METER_STATUSES, and record who did it and why.

    A meter that is removed no longer serves its customer, and no collector serves it. Raise
    TjugoError; an unchanged status is not recorded.
    """
    if status not in METER_STATUSES:
        raise reason(
            "meter_status_invalid",
            f"A meter is one of {', '.join(METER_STATUSES)}; not {status!r}.",
        )
    checked = _checked_why(why)
    if status == meter.status:
        return
    if status == REMOVED:
        end_link(work, meter)
        meter.collector_id = None
    meter.status = status
    _record(work, meter, checked)
    why_text = "" if checked is None else f": {checked}"
    record.changed(work, record.METER, f"meter {meter.drn}", f"{status}{why_text}")


def put_in_place(work: Work, meter: Meter, old: Meter) -> None:
    """Install a meter in place of a retired one, and record of which, also for a meter that is
    installed already: the credit of the other one goes to it."""
    why = in_place_of(old.drn)
    meter.status = INSTALLED
    _record(work, meter, why, _last(work, old))
    record.changed(work, record.METER, f"meter {meter.drn}", f"{INSTALLED}: {why}")


def in_place_of(old_drn: str) -> str:
    """Return the recorded reason of a meter that was installed in place of another one."""
    return f"in place of {old_drn}"


def retire(work: Work, meter: Meter, why: str) -> None:
    """Remove a meter from service, with the reason. Raise Conflict when it is removed already."""
    if not why.strip():
        raise reason("reason_invalid", f"The reason why meter {meter.drn} is retired is missing.")
    if meter.status == REMOVED:
        raise reason("meter_removed", f"Meter {meter.drn} is retired already.")
    change(work, meter, REMOVED, why)


def check_not_removed(meter: Meter) -> None:
    """Raise Conflict when the meter is removed; it must be returned to stock first."""
    if meter.status == REMOVED:
        raise reason(
            "meter_removed",
            f"Meter {meter.drn} is retired. Put it back to stock first: "
            f"tjugo meter status {meter.drn} stock",
        )


def check_replaceable(old: Meter, new: Meter) -> None:
    """Raise Conflict unless `new` can replace `old`."""
    check_not_removed(old)
    check_not_removed(new)
    if old is new:
        raise reason("meter_in_use", f"Meter {old.drn} cannot replace itself.")
    link = current_link(new)
    if link is not None:
        raise reason("meter_in_use", f"Meter {new.drn} serves account {link.account_no} already.")


def _last(work: Work, meter: Meter) -> datetime | None:
    """Return when the status of a meter changed last; None if it never did."""
    return work.session.scalar(
        select(func.max(MeterStatus.at)).where(
            MeterStatus.tenant_id == work.tenant_id, MeterStatus.drn == meter.drn
        )
    )


def _record(work: Work, meter: Meter, why: str | None, not_before: datetime | None = None) -> None:
    last = _last(work, meter)
    earliest = [] if last is None else [last + _MOMENT]
    at = max([work.now(), *earliest, *([] if not_before is None else [not_before])])
    work.session.add(
        MeterStatus(
            tenant_id=work.tenant_id,
            drn=meter.drn,
            at=at,
            status=meter.status,
            actor=work.actor[:_ACTOR_LENGTH],
            reason=why,
        )
    )
    work.session.flush()


def _checked_why(why: str | None) -> str | None:
    found = (why or "").strip() or None
    if found is not None and (len(found) > _WHY_LENGTH or not found.isprintable()):
        raise reason(
            "reason_invalid", f"A reason is up to {_WHY_LENGTH} characters that can be printed."
        )
    return found
