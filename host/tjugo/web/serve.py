"""The station's web server inside an event loop shared with other tasks."""

import asyncio
import contextlib
import errno
import functools
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from tjugo.certificate import Certificate
from tjugo.errors import TjugoError
from tjugo.web.connections import Connection, Limits, Open
from tjugo.web.shares import Share, SharedSocket

HOST = "127.0.0.1"
_LIMITS = Limits()
_BACKLOG = 128


def listen(port: int, host: str = HOST) -> socket.socket:
    """Return a listening socket on an IP address; port 0 takes any free one. Raise TjugoError."""
    six = ipaddress.ip_address(host).version == 6
    # With the protocol named, asyncio sets TCP_NODELAY on what it accepts; without, an answer in
    # two segments waits 40 ms for the acknowledgement of the first.
    family = socket.AF_INET6 if six else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise TjugoError(_refused(port, host, error)) from error
    return sock


def _refused(port: int, host: str, error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine: --host takes one, or 0.0.0.0 for all."
    if error.errno == errno.EACCES:
        return f"Port {port} is for the system's own services; choose one from 1024 by --port."
    return (
        f"Port {port} of {host} cannot be used: {error.strerror}. Another program has it; "
        "choose another with --port, or --port 0 for any free one."
    )


class _Quiet(uvicorn.Server):
    """A server that leaves signals to the program, which stops everything in order."""

    share: Share | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # asyncio accepts up to `backlog` connections at once, and gives the socket that backlog.
        for sock in sockets or ():
            sock.listen(_BACKLOG)
        if self.share is not None:
            self.share.set(0)  # from now on connections are left to this one


def url_of(sock: socket.socket) -> str:
    """Return the address of what is served without TLS on a listening socket of 127.0.0.1."""
    return f"http://{HOST}:{sock.getsockname()[1]}/"


class WebServer:
    """`await run()` until `stop()`; `ready` is set when requests are served. share: of the
    connections, where other processes serve the same socket; they are then taken one by one.
    certificate: of TLS, None for HTTP."""

    def __init__(
        self,
        app: Any,
        sock: socket.socket,
        limits: Limits = _LIMITS,
        share: Share | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=functools.partial(  # type: ignore[arg-type]
                Connection, open_ones=Open(limits, share)
            ),
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # addresses are compared: a header must not replace them
            lifespan="on",
            timeout_keep_alive=limits.keep_alive_s,
            timeout_graceful_shutdown=1,
            backlog=_BACKLOG if share is None else 1,
            ssl_certfile=certificate.file if certificate else None,
            ssl_keyfile=str(certificate.key) if certificate else None,
        )
        self._server = _Quiet(config)
        self._server.share = share
        self._sock = sock if share is None else SharedSocket(sock, share)

    @property
    def url(self) -> str:
        return url_of(self._sock)

    @property
    def ready(self) -> bool:
        """True once requests are served."""
        return self._server.started

    async def run(self) -> None:
        await self._server.serve(sockets=[self._sock])

    async def stop(self, task: "asyncio.Task[None]") -> None:
        """Stop `run`, which is running as `task`."""
        self._server.should_exit = True
        await asyncio.wait([task])
