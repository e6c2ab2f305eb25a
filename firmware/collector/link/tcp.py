"""A TCP connection that never blocks the bus. In real time."""

import asyncio
import select

_TICK_MS = 20
_CONNECT_MS = 10000  # for each address
_EINPROGRESS = (115, 119)  # Linux; lwIP on ESP32


async def connect(addresses, port, beat):
    """Return a connected non-blocking socket: each address is tried in turn.

    addresses: [text], numeric; beat() is called while it waits. OSError with what every address
    answered.
    """
    failures = []
    for address in addresses:
        try:
            return await _connect(address, port, beat)
        except OSError as error:
            failures.append(f"{address}: {_reason(error)}")
    raise OSError("; ".join(failures))


_REASONS = {101: "no way there", 111: "refused", 113: "no way there"}


def _reason(error):
    return _REASONS.get(error.errno) or str(error)


async def _connect(address, port, beat):
    import socket  # a board without a network does not have it, and never gets here

    info = socket.getaddrinfo(address, port, 0, socket.SOCK_STREAM)[0]  # no look-up
    sock = socket.socket(info[0], info[1], info[2])
    try:
        sock.setblocking(False)
        try:
            sock.connect(info[-1])
        except OSError as error:
            if error.errno not in _EINPROGRESS:
                raise
        waiter = select.poll()
        waiter.register(sock, select.POLLOUT)
        for _ in range(_CONNECT_MS // _TICK_MS):
            beat()
            for ready in waiter.poll(0):
                if ready[1] & ~select.POLLOUT:
                    raise OSError("refused")
                return sock
            await asyncio.sleep_ms(_TICK_MS)
        raise OSError("no answer")
    except BaseException:  # also when cancelled: a socket is not left open
        sock.close()
        raise
