"""The meter's page on its socket. Every call does a little and none waits.

At most three connections, each with a bounded memory and a bounded time; where a fourth comes, the
oldest one that still owes its request gives way. No asyncio: the tick of the meter calls it.
"""

import select

from net.tcp import listen

from .request import Request
from .site import Site, error

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_MOST = const(3)
_WAITING = const(4)  # connections that wait for their turn
_CHUNK = const(256)  # bytes of a request that are read at once
_SEND = const(512)
_DROPPED = const(1024)
_PIECES = const(2)  # of the answer that are made at once
_REQUEST_MS = const(5000)
_ANSWER_MS = const(15000)
_DRAIN_MS = const(1000)
_DRAIN = const(32768)  # bytes that are read after a refusal, so that the client gets to read it
_GIVES_WAY_MS = const(1000)
_AGAIN_MS = const(10000)  # between two attempts to listen


class Connection:
    """A client. close() must be called when `over`."""

    def __init__(self, sock):
        self._socket = sock
        self._request = Request()
        self._pieces = None  # of the answer, None until the request is complete
        self._out = b""
        self._refused = False
        self._drained = 0
        self.ms = 0
        self.over = False

    def waits(self):
        """Return whether the request is not complete yet."""
        return self._pieces is None

    def step(self, site):
        """Read or write once."""
        try:
            if self._pieces is None:
                self._read(site)
            elif self._out or self._pieces:
                self._write()
            else:
                self._drain()
        except OSError as problem:
            self.over = problem.errno != 11  # EAGAIN: nothing to read, no room to write

    def close(self):
        """Close the socket."""
        try:
            self._socket.close()
        except OSError:
            pass

    def _read(self, site):
        if self.ms > _REQUEST_MS:
            self._answer(error(408), True)
            return
        data = self._socket.recv(_CHUNK)
        if not data:
            self.over = True
            return
        request = self._request
        request.receive(data)
        if request.done:
            self._answer(site.answer(request), bool(request.status))
            self._request = None

    def _answer(self, pieces, refused):
        self._pieces = pieces
        self._refused = refused
        self.ms = 0

    def _write(self):
        if self.ms > _ANSWER_MS:
            self.over = True
            return
        if not self._out:
            for _ in range(min(_PIECES, len(self._pieces))):
                self._out += self._pieces.pop(0)()
        if self._out:
            sent = self._socket.send(memoryview(self._out)[:_SEND])
            self._out = self._out[sent:] if sent < len(self._out) else b""
        if self._out or self._pieces:
            return
        self.over = not self._refused
        self.ms = 0

    def _drain(self):
        if self.ms > _DRAIN_MS:
            self.over = True
            return
        data = self._socket.recv(_DROPPED)
        self._drained += len(data)
        self.over = not data or self._drained > _DRAIN


class Page:
    """The server. options: see options.py."""

    def __init__(self, meter, options):
        self._site = Site(meter, options["host"])
        self._address, self._port = options["address"], options["port"]
        self._listener = None
        self._poller = select.poll()
        self._open = []
        self._turn = 0  # which of them has its step now
        self._wait_ms = 0

    def tick(self, ms, up):
        """Accept at most one connection, and give one of them a step. up: there is a network."""
        self._site.entry.tick(ms)
        self._wait_ms -= ms
        if self._listener is None:
            if up and self._wait_ms <= 0:
                self._wait_ms = _AGAIN_MS
                self._begin()
            return
        for _ in self._poller.ipoll(0):
            self._accept()
        if not self._open:
            return
        for one in self._open:
            one.ms += ms
        self._turn = (self._turn + 1) % len(self._open)
        one = self._open[self._turn]
        one.step(self._site)
        if one.over:
            self._open.remove(one)
            one.close()

    def work(self):
        """Enter the token that waits."""
        self._site.entry.work()

    def close(self):
        """Close all connections, to free their memory."""
        while self._open:
            self._open.pop().close()

    def _begin(self):
        try:
            self._listener = listen(self._address, self._port, _WAITING)
            self._poller.register(self._listener, select.POLLIN)
        except OSError:
            pass  # the port is in use, or the network has just gone

    def _accept(self):
        if len(self._open) >= _MOST and not self._give_way():
            return  # the client waits in the backlog
        try:
            sock = self._listener.accept()[0]
            sock.setblocking(False)
        except OSError:
            return  # it has given up
        self._open.append(Connection(sock))

    def _give_way(self):
        oldest = None
        for one in self._open:
            if one.waits() and one.ms >= _GIVES_WAY_MS and (not oldest or one.ms > oldest.ms):
                oldest = one
        if oldest:
            self._open.remove(oldest)
            oldest.close()
        return bool(oldest)
