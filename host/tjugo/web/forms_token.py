"""The token of a session in every form that changes something."""

import re
from contextlib import suppress
from typing import Any

from jinja2.ext import Extension
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from tjugo.errors import reason
from tjugo.web import current

_FORM = re.compile(r"<form\b[^>]*\bmethod=[\"']post[\"'][^>]*>", re.I)
FIELD = "csrf"


class FormTokens(Extension):
    """Adds the field of the token to each form with method="post" of the templates, so that none
    is forgotten."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        environment.globals["csrf_field"] = field

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _FORM.sub(lambda found: f"{found[0]}{{{{ csrf_field() }}}}", source)


def field() -> Markup:
    """Return the hidden field; nothing without a session."""
    token = current.known().csrf
    if not token:
        return Markup()
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


async def checked_form(request: Request, csrf: str) -> Receive:
    """Return what reads the body, after the token of a form was compared. A request that a form of
    another page cannot send needs none: JSON, or another method than POST (Fetch, CORS-safelisted
    requests)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or kind == "application/json":
        return request.receive
    body = await request.body()

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    given = request.headers.get("x-csrf-token")
    if given is None:
        with suppress(HTTPException):  # not a form: without a token
            given = str((await Request(request.scope, again).form()).get(FIELD, ""))
    if given != csrf:
        raise reason("not_permitted", "This form is of another log-in: open its page again.")
    return _once(again, request.receive)


def _once(first: Receive, then: Receive) -> Receive:
    """Return a `receive` that gives the body once and then what the connection does."""
    left = [first]

    async def receive() -> Message:
        return await (left.pop() if left else then)()

    return receive
