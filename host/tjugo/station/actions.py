"""The record of administrative actions on the station."""

from datetime import timedelta

from sqlalchemy import select

from tjugo.station.storage.tables import RecordedAction
from tjugo.station.work import View, Work

_MOMENT = timedelta(microseconds=1)


def record(work: Work, action: str, detail: str) -> None:
    """Record an action of the work's actor. Two actions at one moment get different times."""
    at = work.now()
    while work.session.get(RecordedAction, (work.tenant_id, at, action)) is not None:
        at += _MOMENT
    work.session.add(
        RecordedAction(
            tenant_id=work.tenant_id,
            at=at,
            action=action,
            actor=work.actor[:40],
            detail=detail[:400],
        )
    )
    work.session.flush()


def actions(view: View) -> list[RecordedAction]:
    """Return the recorded actions, oldest first."""
    query = select(RecordedAction).where(RecordedAction.tenant_id == view.tenant_id)
    return list(view.session.scalars(query.order_by(RecordedAction.at, RecordedAction.action)))
