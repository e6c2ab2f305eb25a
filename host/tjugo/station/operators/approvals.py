"""Approvals: what one person asks for and another one decides (maker and checker).

A domain registers its action with the function that carries it out and the permission to decide
it. The function is called in the unit of work of the decision, with what was asked for.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, update

from tjugo.errors import NotPermitted, reason
from tjugo.station import settings
from tjugo.station.audit.chain import REFUSED, record
from tjugo.station.operators import clients, permissions
from tjugo.station.operators.permissions import Person
from tjugo.station.station import Station
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Approval
from tjugo.station.work import View, Work

WAITING, APPROVED, TURNED_DOWN, EXPIRED = "waiting", "approved", "refused", "expired"
DECIDE = "approvals.decide"
STATION = "station"
"""Who closes the requests that expired."""

Apply = Callable[[Work, dict[str, Any]], None]


@dataclass(frozen=True)
class Action:
    """An action that needs a second person. apply: carries it out; permission: to decide it;
    title: for people, by default the name."""

    name: str
    apply: Apply
    permission: str = DECIDE
    title: str = ""


ACTIONS: dict[str, Action] = {}


@dataclass(frozen=True)
class ApprovalView:
    """An approval for pages and JSON."""

    approval: str
    action: str
    subject: str
    payload: dict[str, Any]
    state: str
    maker: str
    made_at: str | None
    checker: str | None
    decided_at: str | None
    note: str | None


def register(action: Action) -> Action:
    """Add an action to the table, once, when its domain is imported."""
    if ACTIONS.setdefault(action.name, action) != action:
        raise ValueError(f"{action.name} is registered already")
    return action


def ask(work: Work, action: str, subject: str, payload: Mapping[str, Any]) -> str:
    """Ask for an action; return the approval's id. payload: JSON values, never a secret."""
    if action not in ACTIONS:
        raise ValueError(action)
    row = Approval(
        tenant_id=work.tenant_id,
        approval=str(uuid.uuid4()),
        action=action,
        subject=subject[:100],
        payload=json.dumps(dict(payload)),
        state=WAITING,
        maker=work.actor[:80],
        made_at=work.now(),
    )
    work.session.add(row)
    work.session.flush()
    record(work, action, subject, f"asked for, approval {row.approval}")
    return row.approval


def decide(
    work: Work, approval: str, approve: bool, note: str = "", person: Person | None = None
) -> Approval:
    """Decide what another person asked for, and carry it out when it is approved. person: who
    decides, checked for the action's permission; None on the command line.

    Raise NotFound, Conflict when it is decided or expired, NotPermitted for one's own request.
    """
    row = work.session.get(Approval, (work.tenant_id, approval))
    if row is None:
        raise reason("approval_unknown", "There is no such request for approval.")
    action = ACTIONS[row.action]
    if person is not None:
        permissions.check(person, action.permission)
    own = why_own(work, row.maker, row.made_at, work.actor)
    if own is not None:
        raise reason("approval_own", own)
    if row.state != WAITING or row.made_at < work.now() - lifetime(work):
        state = EXPIRED if row.state == WAITING else row.state
        raise reason("approval_closed", f"This request is {state}.")
    decided = work.session.execute(
        update(Approval)
        .where(
            Approval.tenant_id == work.tenant_id,
            Approval.approval == approval,
            Approval.state == WAITING,
        )
        .values(
            state=APPROVED if approve else TURNED_DOWN,
            checker=work.actor[:80],
            decided_at=work.now(),
            note=note.strip()[:400] or None,
        )
    )
    if decided.rowcount != 1:  # type: ignore[attr-defined]
        raise reason("approval_closed", "Another person decided it at this moment.")
    work.session.refresh(row)
    if approve:
        action.apply(work, json.loads(row.payload))
    outcome = "approved" if approve else "turned down"
    record(work, row.action, row.subject, f"{outcome}, approval {approval}, asked by {row.maker}")
    return row


def lifetime(view: View) -> timedelta:
    """Return after which time a request that nobody decided expires."""
    return timedelta(days=float(settings.get(view, "approval_days")))


def expire(work: Work) -> int:
    """Close and record the requests that waited too long; return how many."""
    query = _overdue(work, work.now()).order_by(Approval.made_at).with_for_update()
    rows = list(work.session.scalars(query))
    for row in rows:
        row.state, row.decided_at = EXPIRED, work.now()
        text = f"expired, approval {row.approval}, asked by {row.maker}"
        record(work, row.action, row.subject, text)
    work.session.flush()
    return len(rows)


def expire_due(station: Station) -> None:
    """Close the requests that waited too long, before requests are shown or decided: a unit of
    work of its own, and none where there are no such requests."""
    with station.view() as view:
        due = view.session.scalars(_overdue(view, station.clock()).limit(1)).first()
    if due is not None:
        with station.work(STATION) as work:
            expire(work)


def _overdue(view: View, now: datetime) -> Select[Approval]:
    return select(Approval).where(
        Approval.tenant_id == view.tenant_id,
        Approval.state == WAITING,
        Approval.made_at < now - lifetime(view),
    )


def refuse(work: Work, approval: str, error: NotPermitted) -> None:
    """Record a decision that was not permitted, in a unit of work of its own."""
    record(work, DECIDE, f"approval {approval}", error.message, REFUSED)


def payloads(work: Work, action: str) -> list[dict[str, Any]]:
    """Return what is asked for by the requests of an action that can be decided still."""
    query = select(Approval.payload).where(
        Approval.tenant_id == work.tenant_id,
        Approval.action == action,
        Approval.state == WAITING,
        Approval.made_at >= work.now() - lifetime(work),
    )
    return [json.loads(text) for text in work.session.scalars(query)]


def approvals(view: View, state: str = WAITING, limit: int = 200) -> list[ApprovalView]:
    """Return requests in a state, newest first."""
    query = select(Approval).where(Approval.tenant_id == view.tenant_id, Approval.state == state)
    rows = view.session.scalars(query.order_by(Approval.made_at.desc()).limit(limit))
    return [
        ApprovalView(
            *(row.approval, row.action, row.subject, json.loads(row.payload), row.state),
            *(row.maker, iso(row.made_at), row.checker, iso(row.decided_at), row.note),
        )
        for row in rows
    ]


def why_own(view: View, maker: str, made_at: datetime, checker: str) -> str | None:
    """Return the sentence when a request is the checker's own: asked for by that person, or by an
    API client whose key that person made. None when it is another person's."""
    if same_person(maker, checker):
        return "Another person must decide what you asked for."
    holder = clients.key_maker(view, maker, made_at)
    if holder is None or not same_person(holder, checker):
        return None
    return (
        f"The API client {maker.partition(':')[2]} asked for this with a key that you made: "
        "another person must decide it."
    )


def own_requests(view: View, checker: str) -> set[str]:
    """Return the requests that wait and are the checker's own."""
    query = select(Approval.approval, Approval.maker, Approval.made_at).where(
        Approval.tenant_id == view.tenant_id, Approval.state == WAITING
    )
    return {
        approval
        for approval, maker, made_at in view.session.execute(query).all()
        if why_own(view, maker, made_at, checker)
    }


def same_person(maker: str, checker: str) -> bool:
    """Return whether two actors are one person: the same name on a page and at the command line
    is."""
    return maker == checker or (maker.partition(":")[2] or maker) == (
        checker.partition(":")[2] or checker
    )
