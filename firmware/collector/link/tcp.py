"""A TCP connection that never blocks the bus. In real time."""

import asyncio
import select

_TICK_MS = 20
_CONNECT_MS = 10000
_EINPROGRESS = (115, 119)  # Linux; lwIP on ESP32


async def connect(host, port):
    """A connected non-blocking socket. OSError. The system's name look-up blocks."""
    import socket  # a board without a network does not have it, and never gets here

    info = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
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
            for ready in waiter.poll(0):
                if ready[1] & ~select.POLLOUT:
                    raise OSError("refused")
                return sock
            await asyncio.sleep_ms(_TICK_MS)
        raise OSError("no answer")
    except BaseException:  # also when cancelled: a socket is not left open
        sock.close()
        raise
