"""Webhooks over /api/v1/webhooks, and their messages over /api/v1/webhook-messages."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.webhooks import outbox, service
from tjugo.station.webhooks.service import HookView, MessageView
from tjugo.web.api.fields import DEFAULT_LIMIT, After, Limit, RequestBody
from tjugo.web.current import actor

_Url = Annotated[str, Field(max_length=400)]
_Secret = Annotated[str, Field(max_length=100, repr=False)]
_Event = Annotated[str, Field(max_length=40, json_schema_extra={"enum": list(outbox.EVENTS)})]
_Events = Annotated[list[_Event], Field(min_length=1, max_length=len(outbox.EVENTS))]


class HookBody(RequestBody):
    """A new webhook. url: https, or http on this machine; secret: `whsec_` and 24 to 64 bytes in
    base64, made where none is given."""

    hook: Annotated[str, Field(max_length=40)]
    url: _Url
    events: _Events
    secret: _Secret = ""


class ChangeBody(RequestBody):
    """What is changed; a field that is left out stays. Messages of a webhook that is stopped are
    not sent any more."""

    url: _Url | None = None
    events: _Events | None = None
    active: bool | None = None


class SecretBody(RequestBody):
    """The new secret; made where none is given."""

    secret: _Secret = ""


@dataclass(frozen=True)
class SecretView:
    """The secret of a webhook, which is readable only here."""

    hook: str
    secret: str


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of webhooks."""

    def shown(hook: str) -> HookView:
        with station.view() as view:
            return service.find(view, hook)

    @api.get("/webhooks")
    def get_hooks() -> list[HookView]:
        """Return all webhooks, without their secrets."""
        with station.view() as view:
            return service.hooks(view)

    @api.post("/webhooks")
    def post_hook(body: HookBody) -> SecretView:
        """Register an address for events. Its secret is in the answer, and nowhere else."""
        given = (station.state_dir, body.hook, body.url, body.events, body.secret)
        with station.work(actor()) as work:
            return SecretView(body.hook, service.add(work, *given))

    @api.patch("/webhooks/{hook}")
    def patch_hook(hook: str, body: ChangeBody) -> HookView:
        """Change address or events of a webhook, stop or start it."""
        with station.work(actor()) as work:
            service.change(work, hook, body.url, body.events, body.active)
        return shown(hook)

    @api.post("/webhooks/{hook}/secret")
    def post_secret(hook: str, body: SecretBody) -> SecretView:
        """Replace the secret of a webhook. All messages from then on are signed with it."""
        with station.work(actor()) as work:
            return SecretView(hook, service.renew(work, station.state_dir, hook, body.secret))

    @api.post("/webhooks/{hook}/test")
    def post_test(hook: str) -> HookView:
        """Send a message of the event `webhook.test`."""
        with station.work(actor()) as work:
            service.test(work, hook)
        return shown(hook)

    @api.get("/webhook-messages")
    def get_messages(
        hook: Annotated[str, Query(max_length=40)] = "",
        state: Literal["", "waiting", "delivered", "failed"] = "",
        after: After = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[MessageView]:
        """Return messages, newest first."""
        with station.view() as view:
            return service.messages(view, hook, state, after, limit)

    @api.post("/webhook-messages/{message}:retry")
    def post_again(message: str) -> HookView:
        """Send a message that failed again."""
        with station.work(actor()) as work:
            hook = service.again(work, message)
        return shown(hook)
