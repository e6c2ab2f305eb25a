"""Who sends a request, and whether the table of access.py allows it.

A page's visitor has a session cookie, a program a key as bearer token (RFC 6750). While the
station has no operator and listens on this machine only, the visitor is the local administrator;
on a bench it is the bench's own visitor.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tjugo.errors import TjugoError, reason
from tjugo.station.audit.chain import REFUSED, record
from tjugo.station.operators import clients, lockout, people, sessions
from tjugo.station.operators.permissions import LOCAL, Person, check
from tjugo.station.station import Station
from tjugo.web import access, current
from tjugo.web.current import Known
from tjugo.web.forms_token import checked_form
from tjugo.web.headers import header

log = logging.getLogger(__name__)

_COOKIE = "tjugo_session"
_API = "/api/"
_SAFE = ("GET", "HEAD", "OPTIONS")
_REMEMBER_S = 1.0
_MOST_KEYS = 1000
_NOT_LOGGED_IN = "Log in, or give the key of an API client."


class Gate:
    """Finds out who sends a request. visitor: everyone is this person; local: the server listens
    on this machine only; monotonic: seconds."""

    def __init__(
        self,
        station: Station,
        visitor: Person | None = None,
        local: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.station = station
        self.visitor = visitor
        self._local = local
        self._monotonic = monotonic
        self._has_operators = False  # never false again: operators are not deleted
        self._asked_at = -_REMEMBER_S
        self._asking = asyncio.Lock()
        self._keys: dict[tuple[str, str], tuple[float, Person]] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Ask the database again at the next request."""
        self._asked_at = -_REMEMBER_S
        with self._lock:
            self._keys.clear()

    @property
    def open(self) -> bool:
        """True where everyone is the local administrator, as far as is known."""
        return self._local and not self._has_operators and self.visitor is None

    async def identify(self, request: Request) -> Known:
        """Return who sends a request. Raise NotLoggedIn for an unknown key, TooMany."""
        if self.visitor is not None:
            return Known(self.visitor)
        given = header(request.scope, b"authorization")
        if given is not None:
            return Known(await self._client(given, address_of(request)))
        if await self._is_open():
            return Known(LOCAL)
        token = request.cookies.get(cookie_name(request.scope))
        if not token:
            return current.NOBODY
        return await run_in_threadpool(self._session, token, _is_use(request))

    async def _is_open(self) -> bool:
        if not self.open:
            return False
        if self._monotonic() - self._asked_at >= _REMEMBER_S:
            async with self._asking:  # the requests that come meanwhile wait for one answer
                now = self._monotonic()
                if now - self._asked_at >= _REMEMBER_S:
                    self._has_operators = await run_in_threadpool(self._exist)
                    self._asked_at = now
        return not self._has_operators

    def _exist(self) -> bool:
        with self.station.view() as view:
            return people.exist(view)

    def _session(self, token: str, use: bool) -> Known:
        with self.station.view() as view:
            found = sessions.find(view, token, self.station.clock())
            if found is None or found.stage != sessions.OPEN:
                return current.NOBODY
            person = people.person_of(view, found.operator)
        if found.touch and use:
            with self.station.work(person.actor, bulk=True) as work:
                sessions.touch(work, found.session_hash)
        return Known(person, token, sessions.csrf_of(token))

    async def _client(self, given: str, address: str) -> Person:
        kind, _, key = given.partition(" ")
        if kind.lower() != "bearer" or not key.strip():
            raise reason("not_logged_in", "A key is given as `Authorization: Bearer tjk_...`.")
        place = (clients.hash_of(key.strip()), address)
        now = self._monotonic()
        known = self._keys.get(place)
        if known is not None and now - known[0] < _REMEMBER_S:
            return known[1]
        person = await run_in_threadpool(self._of_key, key.strip(), address)
        with self._lock:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            self._keys[place] = (now, person)
        return person

    def _of_key(self, key: str, address: str) -> Person:
        with self.station.view() as view:
            person = clients.of_key(view, key, address)
        if person is not None:
            return person
        with self.station.work("nobody") as work:
            wait = lockout.attempt(work, address=address)
            if wait is None:
                record(work, "clients.use", "API key", f"from {address}: refused", REFUSED)
        if wait is not None:
            raise lockout.too_many(wait)
        raise reason("not_logged_in", "This key is not valid here.")


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
        page = request.method in _SAFE and "text/html" in request.headers.get("accept", "")
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


def _permission(request: Request) -> str:
    """Return what the row of a request needs."""
    row = access.find(request.method, request.scope["path"])
    if row is None:
        raise HTTPException(404)
    return access.ACCESS[row]


def cookie_name(scope: Scope) -> str:
    """Return the name of the cookie: browsers do not keep ports of one host apart."""
    return f"{_COOKIE}_{(scope.get('server') or ('', 0))[1]}"


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Set the session's cookie; an empty token removes it."""
    name, secure = cookie_name(request.scope), request.url.scheme == "https"
    if token:
        response.set_cookie(name, token, httponly=True, samesite="lax", secure=secure, path="/")
    else:
        response.delete_cookie(name, httponly=True, samesite="lax", secure=secure, path="/")


def address_of(request: Request) -> str:
    """Return the address from which a request comes."""
    return request.client.host if request.client else "unknown"


def local_path(text: str | None) -> str:
    """Return where to go after the log-in: a path of this station, "/" for anything else."""
    good = text and text.startswith("/") and text[1:2] not in ("/", "\\") and text.isprintable()
    return text if good and text is not None and not text.startswith("/log") else "/"


def _here(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _is_use(request: Request) -> bool:
    """Return whether a person sends a request, not a script that refreshes a page by itself."""
    return request.method not in _SAFE or request.headers.get("sec-fetch-dest") != "empty"


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
