"""Limits on connections: how many there are, and how long each may take.

uvicorn closes connections that are idle between two requests, and no others: a connection that
never completes a request would stay open. Its parser in C needs a third of the time of h11 for a
request, and limits neither head nor time: both are limited here.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tjugo.web.shares import Share


@dataclass(frozen=True)
class Limits:
    """Time limits in seconds, and the maximum number of connections. request_s: from the first
    byte of a request, or from the connection, to the last byte of the request. write_s: a client
    that accepts no part of the answer for this time is disconnected. head_bytes: of a request's
    line and headers that arrive after their first part."""

    request_s: float = 20.0
    write_s: float = 30.0
    keep_alive_s: int = 15
    connections: int = 200
    head_bytes: int = 65_536


@dataclass
class Open:
    """The open connections of one server, oldest first. share: of a worker beside others."""

    limits: Limits
    share: Share | None = None
    all: dict["Connection", None] = field(default_factory=dict)

    def add(self, connection: "Connection") -> None:
        """Add a connection that was made."""
        self.all[connection] = None
        self._tell()

    def remove(self, connection: "Connection") -> None:
        """Remove a connection, if it is not removed yet."""
        self.all.pop(connection, None)
        self._tell()

    def _tell(self) -> None:
        if self.share is not None:
            self.share.set(len(self.all))

    def make_room(self) -> bool:
        """Close the oldest connection without a whole request when the limit is reached. Return
        whether there is room for one more."""
        if len(self.all) < self.limits.connections:
            return True
        for connection in self.all:
            if connection.waits:
                connection.abort()
                return True
        return False


class Connection(HttpToolsProtocol):
    """A connection of a server with limits."""

    def __init__(self, *args: Any, open_ones: Open, **options: Any) -> None:
        super().__init__(*args, **options)
        self._open = open_ones
        self._timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._head_bytes: int | None = None  # None outside the head of a request

    @property
    def waits(self) -> bool:
        """True while the server waits for a complete request."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        room = self._open.make_room()
        super().connection_made(transport)
        self._open.add(self)
        if room:
            self._start_timer()
        else:
            self._refuse(503, "Too many connections are open.", "busy")

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.remove(self)
        self._stop_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._timer is None and self.waits:
            self._start_timer()
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self._open.limits.head_bytes:
                self._stop_timer()
                self._refuse(431, "The head of the request is too long.", "too_large")
                return
        super().data_received(data)
        if not self.waits:
            self._stop_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Ignore a request for another protocol: it is answered as HTTP (RFC 9110, 7.8), and
        uvicorn's warning names packages to install that the station does not use."""

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # From here on the time between two requests is limited, unless this one's body is late.
        if self.cycle is not None and not self.cycle.more_body:
            self._stop_timer()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._open.limits.write_s, self.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def abort(self) -> None:
        """Close the connection at once, discarding data that is not sent yet."""
        self._open.remove(self)
        self._stop_timer()
        self.transport.abort()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._open.limits.request_s, self._late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self._refuse(408, "The request took too long to arrive.", "timeout")
        else:
            self.abort()

    def _refuse(self, status: int, sentence: str, code: str) -> None:
        """Answer without the application, and close."""
        body = json.dumps({"error": sentence, "code": code}).encode()
        head = (
            f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
        # A client that does not read keeps even a closing connection open.
        self._write_timer = self.loop.call_later(self._open.limits.write_s, self.abort)
