"""Protection against requests from other web pages.

A page anywhere on the internet may make the user's browser send requests to 127.0.0.1. Two headers
reveal it: the Host by which the station was reached (DNS rebinding), and the Origin of a request
that changes something. Programs such as curl send no Origin and are permitted.
"""

import ipaddress
from collections.abc import Iterable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tjugo.web.headers import header

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

_RESPONSE_HEADERS = {
    b"content-security-policy": b"default-src 'self'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cache-control": b"no-cache",
}


class Guard:
    """ASGI middleware. hosts: permitted names besides localhost and IP addresses."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = {"localhost", *hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await JSONResponse({"error": refusal, "code": "forbidden"}, 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        host = header(scope, b"host") or ""
        if not self._own(host):
            return "This station is not known by that name."
        if scope["type"] == "http" and scope["method"] in _SAFE_METHODS:
            return None
        origin = header(scope, b"origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return "Requests from other web pages are refused."
        if header(scope, b"sec-fetch-site") in ("cross-site", "same-site"):
            return "Requests from other web pages are refused."
        return None

    def _own(self, host: str) -> bool:
        # An address cannot be rebound to another machine; a name can.
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.strip("[]").lower()
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            given += [pair for pair in _RESPONSE_HEADERS.items() if pair[0] not in names]
            message = {**message, "headers": given}
        await send(message)

    return wrapped
