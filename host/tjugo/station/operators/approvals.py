"""Approvals: what one person asks for and another one decides.

Each action has a function, which is called with the payload when the action is approved.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.storage.tables import Approval
from tjugo.station.work import Work

Action = Callable[[Work, dict[str, Any]], object]
ACTIONS: dict[str, Action] = {}


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
    chain.record(work, f"{action}_ask", subject, f"approval {number}")
    return number


def decide(work: Work, approval: str, approve: bool, note: str | None = None) -> None:
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
    row.checker, row.decided_at, row.note = work.actor[:80], work.now(), note
    work.session.flush()
    chain.record(work, f"{row.action}_{row.state}", row.subject, f"approval {approval}")
    if approve:
        ACTIONS[row.action](work, json.loads(row.payload))
