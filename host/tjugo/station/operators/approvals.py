"""Approvals: what one person asks for and another one decides.

Each action has a function, which is called with the payload when the action is approved.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.storage.tables import Approval
from tjugo.station.work import Work

Apply = Callable[[Work, dict[str, Any]], None]


@dataclass(frozen=True)
class Action:
    """An action that needs a second person. apply: carries it out; permission: to decide it."""

    name: str
    apply: Apply
    permission: str = "approvals.decide"


ACTIONS: dict[str, Action] = {}


def register(action: Action) -> Action:
    """Add an action to the table, once, when its domain is imported."""
    if ACTIONS.setdefault(action.name, action) != action:
        raise ValueError(f"{action.name} is registered already")
    return action


def ask(work: Work, action: str, subject: str, payload: Mapping[str, Any]) -> str:
    """Record what the work's actor asks for; return the number of the approval."""
    number = str(uuid.uuid4())
    work.session.add(
        Approval(
            tenant_id=work.tenant_id,
            approval=number,
            action=action,
            subject=subject[:100],
            payload=json.dumps(payload),
            state="waiting",
            maker=work.actor[:80],
            made_at=work.now(),
        )
    )
    work.session.flush()
    chain.record(work, action, subject, f"asked for, approval {number}")
    return number


def decide(work: Work, approval: str, approve: bool, note: str = "") -> None:
    """Approve or refuse; an approved action is carried out now. Raise TjugoError when it is
    decided already, or when the maker decides."""
    row = work.session.get(Approval, (work.tenant_id, approval), with_for_update=True)
    if row is None:
        raise reason("approval_unknown", f"There is no approval {approval[:40]}.")
    if row.state != "waiting":
        raise reason("approval_decided", f"The approval is {row.state} already.")
    if row.maker == work.actor[:80]:
        raise reason("approval_own", "Another person than the one who asks must approve.")
    row.state = "approved" if approve else "refused"
    row.checker, row.decided_at, row.note = work.actor[:80], work.now(), note or None
    work.session.flush()
    chain.record(work, row.action, row.subject, f"{row.state}, approval {approval}")
    if approve:
        ACTIONS[row.action].apply(work, json.loads(row.payload))
