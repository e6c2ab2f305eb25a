"""Looks up the addresses of one host without waiting for a name server.

The caller calls `step` often; every call returns at once. Addresses are kept for as long as their
servers allow, and are used beyond that only while no server answers.
"""

import os

from . import dns

_PATIENCE_MS = 2000  # for a server's answer before the next one is asked
_ROUNDS = 2
_SHORTEST_MS = 30000  # addresses are kept at least this long
_KINDS = (dns.A, dns.AAAA)
_EAGAIN = 11


class LookupFailed(Exception):
    """There is no address for the host; the text is a sentence."""


class Resolver:
    """Finds the addresses of `host`, a name or an address.

    net: a board's network, see boards/README.md. servers: name servers to use instead of those
    of the network. open_socket(address, port): makes an object with send, recv and close.
    random_bytes(count): for the identifiers of questions; os.urandom unless it is given.
    """

    def __init__(self, host, net, servers=(), open_socket=None, random_bytes=None):
        self._host = host
        self._net = net
        self._servers = servers
        self._open = open_socket or _Datagrams
        self._random = random_bytes
        self._found = []  # of the last answered look-up
        self._fresh_ms = 0  # for which `_found` needs no new look-up
        self._turns = None  # endpoints still to be asked, None: no look-up is under way
        self._socket = None
        self._refs = {}
        self._answers = {}
        self._ttl_s = 0
        self._wait_ms = 0
        self._why = ""

    def elapsed(self, ms):
        """Let time pass: addresses grow old."""
        self._fresh_ms = max(0, self._fresh_ms - ms)
        self._wait_ms -= ms

    def step(self):
        """Return the addresses, [text], None while they are looked up. Raise LookupFailed."""
        if self._turns is None:
            known = dns.known(self._host) or self._net.hosts(self._host)
            if known:
                return known
            if self._fresh_ms:
                return self._found
            self._begin()
        self._receive()
        if len(self._answers) == len(_KINDS):
            return self._finish()
        if self._wait_ms <= 0:
            self._next_server()
        if self._turns is None:  # every server was asked
            return self._give_up()
        return None

    def doubt(self):
        """Look up again at the next step, because no address could be used."""
        self._fresh_ms = 0

    def close(self):
        """End the look-up that is under way."""
        self._turns = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _begin(self):
        endpoints = dns.servers_for(self._host, self._servers or self._net.dns())
        if not endpoints:
            raise LookupFailed("the network gives no name server; name one in settings: dns")
        self._turns = endpoints * _ROUNDS
        self._answers = {}
        self._wait_ms = 0
        self._ttl_s = 1 << 30
        self._why = "no name server answers"

    def _next_server(self):
        """Ask the next server what is not answered yet; none is left: end the look-up."""
        turns = self._turns
        self.close()
        if not turns:
            return
        self._turns = turns[1:]
        self._wait_ms = _PATIENCE_MS
        raw = (self._random or os.urandom)(2)  # a board without a network has no urandom
        ref = raw[0] << 8 | raw[1]
        self._refs = {dns.A: ref, dns.AAAA: ref ^ 1}
        try:
            questions = {kind: dns.query(self._host, kind, self._refs[kind]) for kind in _KINDS}
        except ValueError as error:
            self.close()
            raise LookupFailed(str(error))
        try:
            self._socket = self._open(*turns[0])
            for kind in _KINDS:
                if kind not in self._answers:
                    self._socket.send(questions[kind])
        except OSError:
            self._wait_ms = 0  # no way to this server: the next one

    def _receive(self):
        while self._socket is not None and len(self._answers) < len(_KINDS):
            try:
                message = self._socket.recv(dns.MAX_MESSAGE)
            except OSError as error:
                if error.errno != _EAGAIN:
                    self._wait_ms = 0  # refused
                return
            if not message:
                return
            for kind in _KINDS:
                if kind not in self._answers:
                    self._take(message, kind, self._refs[kind])

    def _take(self, message, kind, ref):
        try:
            found, ttl_s = dns.parse(message, self._host, kind, ref)
        except dns.NoSuchName as error:
            self.close()
            self._found, self._fresh_ms = [], 0
            raise LookupFailed(str(error))
        except dns.DnsError as error:
            if message[:2] == bytes((ref >> 8, ref & 0xFF)):
                self._why = str(error)
                self._wait_ms = 0  # this server cannot help
            return
        self._answers[kind] = found
        if found:
            self._ttl_s = min(self._ttl_s, ttl_s)

    def _finish(self):
        self.close()
        found = self._answers[dns.A] + self._answers[dns.AAAA]
        if not found:
            raise LookupFailed(f"the name {self._host} has no address")
        self._found = found[: dns.MAX_ADDRESSES]
        self._fresh_ms = max(_SHORTEST_MS, 1000 * self._ttl_s)
        return self._found

    def _give_up(self):
        """Use what is there: one kind of address, or the addresses of an earlier look-up."""
        found = self._answers.get(dns.A) or self._answers.get(dns.AAAA)
        if found:
            return found
        if self._found:
            return self._found
        raise LookupFailed(f"{self._why} for {self._host}")


class _Datagrams:
    """A non-blocking datagram socket for one server. OSError."""

    def __init__(self, address, port):
        import socket  # a board without a network does not have it, and never gets here

        info = socket.getaddrinfo(address, port, 0, socket.SOCK_DGRAM)[0]  # no look-up
        self._address = info[-1]
        self._socket = socket.socket(info[0], socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if not dns.is_group(address):  # only this server's replies arrive
                self._socket.connect(self._address)
        except OSError:
            self._socket.close()
            raise

    def send(self, data):
        self._socket.sendto(data, self._address)

    def recv(self, size):
        return self._socket.recv(size)

    def close(self):
        self._socket.close()
