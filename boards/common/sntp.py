"""A non-blocking client for the time of day: SNTP (RFC 4330), one datagram in each direction."""

import socket
import struct

_PORT = 123
_PACKET = 48
_REQUEST = b"\x23" + bytes(_PACKET - 1)  # version 4, mode 3: client
_SERVER_MODE = 4
_UNSYNCHRONISED = 3
_UNIX = 2208988800  # 1970 in seconds since 1900
_ERA = 1 << 32


def unix_of(reply):
    """Return the UTC seconds since 1970 in a server's reply. Raise ValueError if invalid."""
    if len(reply) < _PACKET or reply[0] & 7 != _SERVER_MODE:
        raise ValueError("not a time server's reply")
    if reply[0] >> 6 == _UNSYNCHRONISED or not 1 <= reply[1] <= 15:
        raise ValueError("the server is not synchronised")
    seconds = struct.unpack_from(">I", reply, 40)[0]
    if not seconds & 0x80000000:
        seconds += _ERA  # era 1 began in 2036
    return seconds - _UNIX


class Sntp:
    """A client of `host`. ask() may block while the system resolves the name."""

    def __init__(self, host):
        self._host = host
        self._socket = None

    def ask(self):
        """Send a request. Raise OSError if the name cannot be resolved or there is no network."""
        self.close()
        address = socket.getaddrinfo(self._host, _PORT)[0][-1]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.sendto(_REQUEST, address)

    def answer(self):
        """Return the received time in UTC seconds since 1970, or None if there is none yet."""
        if self._socket is None:
            return None
        try:
            unix = unix_of(self._socket.recv(_PACKET))
        except (OSError, ValueError):  # no reply yet, or an invalid one
            return None
        self.close()
        return unix

    def close(self):
        """Stop waiting for a reply."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
