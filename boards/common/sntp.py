"""A non-blocking client for the time of day: SNTP (RFC 4330), one datagram in each direction."""

import os
import socket
import struct

from runtime.resolver import LookupFailed, Resolver

_PORT = 123
_PACKET = 48
_HEAD = b"\x23" + bytes(39)  # version 4, mode 3: client; the transmit timestamp follows
_SERVER_MODE = 4
_UNSYNCHRONISED = 3
_UNIX = 2208988800  # 1970 in seconds since 1900
_ERA = 1 << 32
BUILD = 1767225600  # 2026-01-01 UTC; no earlier time can be right
_JUMP_S = 86400
_SERVICE_S = 315360000  # ten years after BUILD; later times, as the era's start in 2036, are wrong
_AGREE_S = 60


def unix_of(reply, stamp):
    """Return the UTC seconds since 1970 in a server's reply.

    stamp: the 8 bytes of the request's transmit timestamp, which a reply repeats as its originate
    timestamp. Raise ValueError if it is not a valid reply to that request, or has no time.
    Timestamps repeat every 2^32 s: return the first time at or after BUILD.
    """
    if len(reply) < _PACKET or reply[0] & 7 != _SERVER_MODE:
        raise ValueError("not a time server's reply")
    if bytes(reply[24:32]) != stamp:
        raise ValueError("the reply to another request")
    if reply[0] >> 6 == _UNSYNCHRONISED or not 1 <= reply[1] <= 15:
        raise ValueError("the server is not synchronised")
    if not any(reply[40:48]):
        raise ValueError("the reply has no time")
    unix = struct.unpack_from(">I", reply, 40)[0] - _UNIX
    return unix if unix >= BUILD else unix + _ERA


class Judge:
    """A filter of received times: a jump is accepted after a second time that agrees.

    A time more than ten years after BUILD is never accepted: a server without a time sends the
    start of an era, 2036-02-07, and repeats it.
    """

    def __init__(self):
        self._known = None  # the last accepted time
        self._doubted = None  # the last rejected time
        self._ms = 0  # since the last reply

    def elapsed(self, ms):
        """Count elapsed time."""
        self._ms += ms

    def believe(self, unix):
        """Return whether the clock may be set to this time, UTC seconds."""
        passed = self._ms // 1000
        self._ms = 0
        reference, limit = BUILD, _SERVICE_S
        if self._known is not None:
            reference, limit = self._known + passed, _JUMP_S
            self._known = reference
        if unix > BUILD + _SERVICE_S:
            self._doubted = None
            return False
        agrees = self._doubted is not None and abs(unix - self._doubted - passed) <= _AGREE_S
        if abs(unix - reference) <= limit or agrees:
            self._known, self._doubted = unix, None
            return True
        self._doubted = unix
        return False


class Sntp:
    """A client of `host`, a name or an address. No call blocks."""

    def __init__(self, host, net, servers=()):
        """net: a board's network. servers: name servers, see runtime.resolver."""
        self._resolver = Resolver(host, net, servers)
        self._looking = False
        self._socket = None
        self._stamp = b""
        self._turn = 0

    def ask(self):
        """Start a new request."""
        self.close()
        self._looking = True

    def answer(self, ms):
        """Count `ms` of elapsed time; return the received UTC seconds, or None if none yet."""
        self._resolver.elapsed(ms)
        if self._looking:
            self._look()
        if self._socket is None:
            return None
        try:
            unix = unix_of(self._socket.recv(_PACKET), self._stamp)
        except (OSError, ValueError):  # no reply yet, or an invalid one
            return None
        self.close()
        return unix

    def _look(self):
        try:
            addresses = self._resolver.step()
            if addresses:
                self._looking = False
                self._turn += 1  # use another server for the next request
                self._send(addresses[self._turn % len(addresses)])
        except (LookupFailed, OSError):
            self.close()  # the caller repeats the request

    def _send(self, address):
        info = socket.getaddrinfo(address, _PORT, 0, socket.SOCK_DGRAM)[0]  # no look-up
        self._socket = socket.socket(info[0], socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._stamp = os.urandom(8)
        self._socket.sendto(_HEAD + self._stamp, info[-1])

    def close(self):
        """Stop waiting for a reply."""
        self._resolver.close()
        self._looking = False
        if self._socket is not None:
            self._socket.close()
            self._socket = None
