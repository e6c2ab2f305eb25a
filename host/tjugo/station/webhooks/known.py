"""The webhooks that a process knows of, so that a station without any pays nothing."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from tjugo.station.storage.statement import Statement
from tjugo.station.storage.tables import Webhook

FRESH_S = 1.0

_ACTIVE = Statement(
    select(Webhook.hook, Webhook.events)
    .where(Webhook.tenant_id == bindparam("tenant"), Webhook.active)
    .order_by(Webhook.hook)
)


@dataclass(frozen=True)
class Hook:
    """An active webhook, and the events that it gets."""

    hook: str
    events: frozenset[str]


class Hooks:
    """The active webhooks, read from the database at most once in FRESH_S: another process may
    have changed them. monotonic: seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._found: tuple[float, tuple[Hook, ...]] | None = None

    def wanting(self, session: Session, tenant_id: int, event: str) -> list[str]:
        """Return the names of the active webhooks that get an event."""
        found, now = self._found, self._monotonic()
        if found is None or now - found[0] >= FRESH_S:
            found = self._found = (now, _read(session, tenant_id))
        return [hook.hook for hook in found[1] if event in hook.events]

    def forget(self) -> None:
        """Read again at the next event."""
        self._found = None


def _read(session: Session, tenant_id: int) -> tuple[Hook, ...]:
    rows = _ACTIVE.all(session, tenant=tenant_id)
    return tuple(Hook(row.hook, frozenset(json.loads(row.events))) for row in rows)
