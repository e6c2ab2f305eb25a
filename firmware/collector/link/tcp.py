"""A TCP connection that never blocks the bus. In real time."""

import asyncio

from net.tcp import Attempt, reason

_TICK_MS = 20
_CONNECT_MS = 10000  # for each address


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
            failures.append(f"{address}: {reason(error)}")
    raise OSError("; ".join(failures))


async def _connect(address, port, beat):
    attempt = Attempt(address, port)
    try:
        for _ in range(_CONNECT_MS // _TICK_MS):
            beat()
            sock = attempt.result()
            if sock is not None:
                return sock
            await asyncio.sleep_ms(_TICK_MS)
        raise OSError("no answer")
    except BaseException:  # also when cancelled: a socket is not left open
        attempt.close()
        raise
