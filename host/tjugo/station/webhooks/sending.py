"""Which messages are due, and what an attempt to send one changes.

A worker claims a message before it sends it: the attempt is counted, and the time of the next one
is written. No other worker sends it until then, and one whose worker ended is sent again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from tjugo.station.storage.tables import Webhook, WebhookMessage
from tjugo.station.work import View, Work

log = logging.getLogger(__name__)

DELAYS = (
    *(timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24)),
)
"""From an attempt to the next one. A message whose last attempt fails is failed."""
ATTEMPTS = len(DELAYS) + 1
_LAST = timedelta(minutes=5)  # when the last attempt is without an answer for certain
TOGETHER = 16
KEPT = timedelta(days=30)
_PART = 1000


@dataclass(frozen=True)
class Claimed:
    """A message to be sent now. secret: encrypted."""

    message: str
    hook: str
    url: str
    secret: bytes
    body: str


def any_due(view: View, now: datetime) -> bool:
    """Return whether a message is due."""
    row = WebhookMessage
    query = select(row.message).where(
        row.tenant_id == view.tenant_id, row.state == "waiting", row.due_at <= now
    )
    return view.session.scalar(query.limit(1)) is not None


def claim(work: Work, most: int = TOGETHER) -> list[Claimed]:
    """Claim the messages that are due, the oldest first; to be committed before they are sent."""
    row = WebhookMessage
    query = (
        select(row)
        .where(row.tenant_id == work.tenant_id, row.state == "waiting", row.due_at <= work.now())
        .order_by(row.due_at, row.created_at, row.message)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = []
    for message in work.session.scalars(query).all():
        if message.attempts >= ATTEMPTS:
            _fail(work, message)
            continue
        message.attempts += 1
        delay = DELAYS[message.attempts - 1] if message.attempts < ATTEMPTS else _LAST
        message.due_at = work.now() + delay
        hook = work.session.get_one(Webhook, (work.tenant_id, message.hook))
        found.append(
            Claimed(message.message, hook.hook, hook.url, hook.secret, message.body),
        )
    return found


def record(work: Work, message: str, status: int | None, reason: str | None) -> None:
    """Record an attempt. status: of the answer, None without one; reason: why it failed, None for
    one that was taken."""
    row = work.session.get(WebhookMessage, (work.tenant_id, message), with_for_update=True)
    if row is None or row.state == "delivered":
        return
    row.status, row.reason = status, None if reason is None else reason[:400]
    if reason is None:
        row.state, row.done_at = "delivered", work.now()
    elif row.state == "waiting" and row.attempts >= ATTEMPTS:
        _fail(work, row)


def _fail(work: Work, row: WebhookMessage) -> None:
    row.state, row.done_at = "failed", work.now()
    row.reason = row.reason or "There was no answer."
    log.error("webhook %s: message %s failed: %s", row.hook, row.message, row.reason)


def purge(work: Work) -> int:
    """Remove messages that were delivered or failed KEPT ago; return how many."""
    row = WebhookMessage
    old = select(row.message).where(
        row.tenant_id == work.tenant_id,
        row.state != "waiting",
        row.done_at < work.now() - KEPT,
    )
    names = work.session.scalars(old.limit(_PART)).all()
    work.session.execute(
        delete(row).where(row.tenant_id == work.tenant_id, row.message.in_(names))
    )
    return len(names)
