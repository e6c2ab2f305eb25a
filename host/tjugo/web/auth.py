"""Whether the table of access.py allows a request of the person whom gate.py identifies."""

import logging
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tjugo.errors import TjugoError, reason
from tjugo.station.audit.chain import REFUSED, record
from tjugo.station.operators import clients, people
from tjugo.station.operators.permissions import check
from tjugo.station.station import Station
from tjugo.web import access, current
from tjugo.web.current import Known
from tjugo.web.forms_token import checked_form
from tjugo.web.gate import SAFE, Gate

log = logging.getLogger(__name__)

_API = "/api/"
_NOT_LOGGED_IN = "Log in, or give the key of an API client."


class Auth:
    """ASGI middleware around the router, inside the handling of errors: what it raises is answered
    like the errors of routes."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        current.put(current.NOBODY)
        _check_address(scope)
        known = await self._gate.identify(request)
        current.put(known)
        request.state.person = known.person
        answer = self._unrouted(request) or self._refusal(request, known)
        if answer is not None:
            await answer(scope, receive, send)
            return
        if known.token:
            # The form of the log-in has no session yet: guard.py compares its origin.
            if _permission(request) != access.PUBLIC:
                receive = await checked_form(request, known.csrf)
            send = _not_stored(send)
        await self._app(scope, receive, send)

    def _unrouted(self, request: Request) -> Response | None:
        """Raise HTTPException for a request that is not in the table. Return a redirection for a
        path that has a row without its last slash."""
        method, path = request.method, request.scope["path"]
        if access.find(method, path) is not None:
            return None
        if access.known(path):
            raise HTTPException(405)
        if path.endswith("/") and access.known(path.rstrip("/")):
            return RedirectResponse(str(request.url.replace(path=path.rstrip("/"))), 307)
        raise HTTPException(404)

    def _refusal(self, request: Request, known: Known) -> Response | None:
        """Raise NotLoggedIn or NotPermitted; return a redirection for a person's browser."""
        permission = _permission(request)
        if permission == access.PUBLIC:
            return None
        page = request.method in SAFE and "text/html" in request.headers.get("accept", "")
        if known.person is None:
            if page:
                return RedirectResponse(f"/login?next={quote(_here(request), safe='')}", 303)
            raise reason("not_logged_in", _NOT_LOGGED_IN)
        if known.person.role == clients.ROLE and not request.url.path.startswith(_API):
            raise reason("not_permitted", "The key of an API client is for /api/v1 only.")
        if permission == access.ACCOUNT:
            return None
        if known.person.must_begin:
            if page:
                return RedirectResponse("/account", 303)
            raise people.to_begin(known.person)
        check(known.person, permission)
        return None


def record_refusal(station: Station, request: Request, error: TjugoError) -> None:
    """Record what a person was not permitted to do, in a unit of work of its own."""
    action = _permission(request)
    try:
        with station.work(current.actor()) as work:
            record(work, action, f"{request.method} {request.url.path}", error.message, REFUSED)
    except TjugoError as failed:  # the refusal is answered all the same
        log.error("a refusal could not be recorded: %s", failed.message)


def _check_address(scope: Scope) -> None:
    """Raise TjugoError for a NUL character in path or query, before anything is looked up."""
    query = scope["query_string"]
    if "\0" in scope["path"] or b"%00" in query or b"\0" in query:
        raise TjugoError("The address has a NUL character, which no text may have.")


def _permission(request: Request) -> str:
    """Return what the row of a request needs."""
    row = access.find(request.method, request.scope["path"])
    if row is None:
        raise HTTPException(404)
    return access.ACCESS[row]


def local_path(text: str | None) -> str:
    """Return where to go after the log-in: a path of this station, "/" for anything else."""
    good = text and text.startswith("/") and text[1:2] not in ("/", "\\") and text.isprintable()
    return text if good and text is not None and not text.startswith("/log") else "/"


def _here(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _not_stored(send: Send) -> Send:
    """Return a `send` that keeps pages of a session out of the browser's store: after the log-out
    Back does not show them."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                pair for pair in message.get("headers", ()) if pair[0].lower() != b"cache-control"
            ]
            message = {**message, "headers": [*headers, (b"cache-control", b"no-store")]}
        await send(message)

    return wrapped
