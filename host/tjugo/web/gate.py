"""Who sends a request.

A page's visitor has a session cookie, a program a key as bearer token (RFC 6750). While the
station has no operator and listens on this machine only, the visitor is the local administrator;
on a bench it is the bench's own visitor.
"""

import asyncio
import threading
import time
from collections.abc import Callable

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from tjugo.errors import reason
from tjugo.station.audit.chain import REFUSED, record
from tjugo.station.operators import clients, lockout, people, sessions
from tjugo.station.operators.permissions import LOCAL, Person
from tjugo.station.station import Station
from tjugo.web import current
from tjugo.web.current import Known
from tjugo.web.headers import header

SAFE = ("GET", "HEAD", "OPTIONS")  # methods that change nothing
_COOKIE = "tjugo_session"
_REMEMBER_S = 1.0
_MOST_KEYS = 1000


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
                lockout.wrong(work, address=address)
                record(work, "clients.use", "API key", f"from {address}: refused", REFUSED)
        if wait is not None:
            raise lockout.too_many(wait)
        raise reason("not_logged_in", "This key is not valid here.")


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


def _is_use(request: Request) -> bool:
    """Return whether a person sends a request, not a script that refreshes a page by itself."""
    return request.method not in SAFE or request.headers.get("sec-fetch-dest") != "empty"
