"""Which messages are due, and what an attempt to send one changes.

A worker claims a message before it sends it: the attempt is counted, and the time of the next one
is written. No other worker sends it until then, and one whose worker ended is sent again. The
messages of a webhook are sent one after another, webhooks at the same time.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select

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
CLAIMED = timedelta(seconds=30)
"""The least time for which a claimed message is not sent by another worker."""
TOGETHER = 16  # messages of a webhook that are claimed at once
HOOKS = 64  # webhooks that are sent to at once
KEPT = timedelta(days=30)
_PART = 1000


@dataclass(frozen=True)
class Claimed:
    """A message to be sent now. secret: encrypted; due_at: when it was due; next_at: when it is
    due again if this attempt fails."""

    message: str
    hook: str
    url: str
    secret: bytes
    body: str
    due_at: datetime
    next_at: datetime


def any_due(view: View, now: datetime, busy: Collection[str] = ()) -> bool:
    """Return whether a message is due. busy: webhooks that are left out."""
    row = WebhookMessage
    query = select(row.message).where(*_due(view, now), row.hook.not_in(busy))
    return view.session.scalar(query.limit(1)) is not None


def claim(
    work: Work, busy: Collection[str] = (), hooks: int = HOOKS, most: int = TOGETHER
) -> list[list[Claimed]]:
    """Claim the messages that are due: a list for each webhook, the oldest first; to be committed
    before they are sent. busy: webhooks that are left out."""
    row = WebhookMessage
    due = (
        select(row.hook, func.min(row.due_at).label("since"))
        .where(*_due(work, work.now()), row.hook.not_in(busy))
        .group_by(row.hook)
        .order_by("since")
        .limit(hooks)
    )
    names = [name for name, _ in work.session.execute(due)]
    # Only one worker at a time takes messages of a webhook, so that they stay in order.
    locked = (
        select(Webhook)
        .where(Webhook.tenant_id == work.tenant_id, Webhook.hook.in_(names))
        .with_for_update(skip_locked=True)
    )
    taken = (_of_hook(work, hook, most) for hook in work.session.scalars(locked).all())
    return [queue for queue in taken if queue]


def _due(view: View, now: datetime) -> tuple[ColumnElement[bool], ...]:
    row = WebhookMessage
    return row.tenant_id == view.tenant_id, row.state == "waiting", row.due_at <= now


def _of_hook(work: Work, hook: Webhook, most: int) -> list[Claimed]:
    row, now = WebhookMessage, work.now()
    of = row.tenant_id == work.tenant_id, row.hook == hook.hook, row.state == "waiting"
    # The first attempt of a message without a result: another worker is sending.
    sent_now = select(row.message).where(
        *of, row.attempts == 1, row.reason.is_(None), row.due_at > now
    )
    if work.session.scalar(sent_now.limit(1)) is not None:
        return []
    query = select(row).where(*of, row.due_at <= now)
    query = query.order_by(row.due_at, row.created_at, row.message).limit(most)
    found = []
    for message in work.session.scalars(query.with_for_update(skip_locked=True)).all():
        if message.attempts >= ATTEMPTS:
            _fail(work, message)
            continue
        message.attempts += 1
        delay = DELAYS[message.attempts - 1] if message.attempts < ATTEMPTS else _LAST
        found.append(
            Claimed(
                *(message.message, hook.hook, hook.url, hook.secret, message.body),
                *(message.due_at, now + delay),
            )
        )
        message.due_at = now + max(delay, CLAIMED)
    return found


def release(work: Work, one: Claimed) -> None:
    """Give back a message that was claimed and not sent: it is due as before."""
    row = work.session.get(WebhookMessage, (work.tenant_id, one.message), with_for_update=True)
    if row is not None and row.state == "waiting":
        row.attempts, row.due_at = row.attempts - 1, one.due_at


def record(work: Work, one: Claimed, status: int | None, reason: str | None) -> None:
    """Record an attempt. status: of the answer, None without one; reason: why it failed, None for
    one that was taken."""
    row = work.session.get(WebhookMessage, (work.tenant_id, one.message), with_for_update=True)
    if row is None or row.state == "delivered":
        return
    row.status, row.reason = status, None if reason is None else reason[:400]
    if reason is None:
        row.state, row.done_at = "delivered", work.now()
    elif row.state == "waiting" and row.attempts >= ATTEMPTS:
        _fail(work, row)
    elif row.state == "waiting":
        row.due_at = one.next_at


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
