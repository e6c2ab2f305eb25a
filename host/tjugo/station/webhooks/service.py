"""Registering webhooks, and the list of their messages."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update

from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.storage.moments import iso
from tjugo.station.storage.paging import LIMIT, Page, bounded, checked, page
from tjugo.station.storage.tables import Webhook, WebhookMessage
from tjugo.station.webhooks import outbox, secrets, signature
from tjugo.station.webhooks.post import checked_url
from tjugo.station.work import View, Work

EDIT = "webhooks.edit"
STATES = ("waiting", "delivered", "failed")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.A)
_STOPPED = "The webhook was stopped."


@dataclass(frozen=True)
class HookView:
    """A webhook for JSON, without its secret. waiting, failed: numbers of its messages."""

    hook: str
    url: str
    events: list[str]
    active: bool
    created_at: str | None
    waiting: int
    failed: int


@dataclass(frozen=True)
class MessageView:
    """A message for JSON. due_at: of one that waits; status: HTTP status of the last answer."""

    message: str
    hook: str
    event: str
    state: str
    created_at: str | None
    attempts: int
    due_at: str | None
    status: int | None
    reason: str | None
    done_at: str | None
    body: str


def add(
    work: Work, folder: Path, hook: str, url: str, events: Sequence[str], secret: str = ""
) -> str:
    """Add a webhook; return its secret, the only time that it is readable. folder: the station's;
    events: of outbox.EVENTS; secret: `whsec_...`, made where none is given. Raise TjugoError."""
    if not _NAME.fullmatch(hook):
        raise reason(
            "webhook_invalid",
            "A webhook has a name of 2 to 40 letters a to z, digits, dots, hyphens, underscores.",
        )
    if work.session.get(Webhook, (work.tenant_id, hook)) is not None:
        raise reason("webhook_exists", f"There is a webhook {hook!r} already.")
    wanted, address = _events(events), checked_url(url)
    secret = _secret(secret)
    row = Webhook(
        tenant_id=work.tenant_id,
        hook=hook,
        url=address,
        events=json.dumps(wanted),
        secret=secrets.seal(work, folder, hook, secret),
        active=True,
        created_at=work.now(),
    )
    work.session.add(row)
    work.session.flush()
    work.hooks.forget()
    chain.record(work, EDIT, f"webhook {hook}", f"added, {', '.join(wanted)} to {address}")
    return secret


def change(
    work: Work,
    hook: str,
    url: str | None = None,
    events: Sequence[str] | None = None,
    active: bool | None = None,
) -> None:
    """Change a webhook; None stays. Messages of one that is stopped are not sent any more. Raise
    TjugoError."""
    row, done = _find(work, hook, lock=True), []
    if url is not None:
        row.url = checked_url(url)
        done.append(f"to {row.url}")
    if events is not None:
        row.events = json.dumps(_events(events))
        done.append(", ".join(_events(events)))
    if active is not None and active != row.active:
        row.active = active
        done.append("started" if active else "stopped")
        if not active:
            _stop(work, hook)
    work.session.flush()
    work.hooks.forget()
    if done:
        chain.record(work, EDIT, f"webhook {hook}", "; ".join(done))


def _stop(work: Work, hook: str) -> None:
    of = {"tenant_id": work.tenant_id, "hook": hook, "state": "waiting"}
    work.session.execute(
        update(WebhookMessage)
        .filter_by(**of)
        .values(state="failed", reason=_STOPPED, done_at=work.now())
    )


def renew(work: Work, folder: Path, hook: str, secret: str = "") -> str:
    """Replace the secret of a webhook; return the new one. Raise TjugoError."""
    row, secret = _find(work, hook, lock=True), _secret(secret)
    row.secret = secrets.seal(work, folder, hook, secret)
    chain.record(work, EDIT, f"webhook {hook}", "new secret")
    return secret


def test(work: Work, hook: str) -> None:
    """Write a message that shows the receiver how they look. Raise TjugoError."""
    row = _find(work, hook)
    if not row.active:
        raise reason("webhook_stopped", f"Webhook {hook} is stopped: start it first.")
    outbox.put(work, [hook], outbox.TEST, {"hook": hook})
    chain.record(work, EDIT, f"webhook {hook}", "test message")


def again(work: Work, message: str) -> str:
    """Send a message that failed again, with all its attempts; return its webhook. Raise
    TjugoError."""
    row = work.session.get(WebhookMessage, (work.tenant_id, message[:36]), with_for_update=True)
    if row is None:
        raise reason("webhook_message_unknown", f"There is no message {message[:40]!r}.")
    if row.state != "failed":
        raise reason("webhook_message_open", f"The message {row.message} is {row.state}.")
    if not _find(work, row.hook).active:
        raise reason("webhook_stopped", f"Webhook {row.hook} is stopped: start it first.")
    row.state, row.attempts, row.due_at, row.done_at = "waiting", 0, work.now(), None
    chain.record(work, EDIT, f"webhook {row.hook}", f"message {row.message} again")
    return row.hook


def find(view: View, hook: str) -> HookView:
    """Return a webhook. Raise NotFound."""
    return _view(view, _find(view, hook))


def hooks(view: View) -> list[HookView]:
    """Return all webhooks by name."""
    query = select(Webhook).where(Webhook.tenant_id == view.tenant_id).order_by(Webhook.hook)
    return [_view(view, row) for row in view.session.scalars(query)]


def messages(
    view: View, hook: str = "", state: str = "", after: str | None = None, limit: int = LIMIT
) -> Page[MessageView]:
    """Return messages, newest first. hook, state: only those with it, "" all."""
    limit, row = bounded(limit), WebhookMessage
    query = select(row).where(row.tenant_id == view.tenant_id)
    if hook:
        query = query.where(row.hook == hook)
    if state:
        query = query.where(row.state == state)
    if after is not None:
        last = view.session.get(row, (view.tenant_id, checked(after, "[0-9a-f-]{36}")))
        if last is None:
            raise reason("page_invalid", "There is no such page of the list.")
        older, same = row.created_at < last.created_at, row.created_at == last.created_at
        query = query.where(older | (same & (row.message < last.message)))
    query = query.order_by(row.created_at.desc(), row.message.desc()).limit(limit + 1)
    return page(
        [_message_view(one) for one in view.session.scalars(query)],
        limit,
        lambda one: str(one.message),
    )


def _find(view: View, hook: str, lock: bool = False) -> Webhook:
    row = view.session.get(Webhook, (view.tenant_id, hook), with_for_update=lock or None)
    if row is None:
        raise reason("webhook_unknown", f"There is no webhook {hook[:40]!r}.")
    return row


def _events(given: Sequence[str]) -> list[str]:
    unknown = sorted(set(given) - set(outbox.EVENTS))
    if unknown or not given:
        what = f"There is no event {unknown[0][:40]!r}" if unknown else "A webhook has an event"
        raise reason("webhook_invalid", f"{what}: {', '.join(outbox.EVENTS)}.")
    return [event for event in outbox.EVENTS if event in given]


def _secret(given: str) -> str:
    if not given:
        return signature.new_secret()
    if not signature.is_secret(given):
        raise reason(
            "webhook_invalid",
            f"A secret is {signature.PREFIX} and {signature.LEAST} to {signature.MOST} bytes in "
            "base64; without one it is made.",
        )
    return given


def _view(view: View, row: Webhook) -> HookView:
    counts = {state: _count(view, row.hook, state) for state in ("waiting", "failed")}
    events = json.loads(row.events)
    return HookView(row.hook, row.url, events, row.active, iso(row.created_at), **counts)


def _count(view: View, hook: str, state: str) -> int:
    of = {"tenant_id": view.tenant_id, "hook": hook, "state": state}
    query = select(WebhookMessage.message).filter_by(**of).limit(1000)
    return len(view.session.scalars(query).all())


def _message_view(row: WebhookMessage) -> MessageView:
    return MessageView(
        *(row.message, row.hook, row.event, row.state, iso(row.created_at), row.attempts),
        *(iso(row.due_at) if row.state == "waiting" else None, row.status, row.reason),
        *(iso(row.done_at), row.body),
    )
