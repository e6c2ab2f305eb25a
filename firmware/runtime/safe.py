"""The safe application: the relay open, the bus answered, nothing else, until an update."""

import asyncio
import gc

from meterbus.server import Server

from .bus_server import Listener
from .elapsed import Elapsed
from .safe_view import VERSION, SafeView, address_of

_TICK_MS = 100
_DEAF_MS = 4000
_RETRY_MS = 3600000
_UPDATE = "update"  # no watchdog is fed then, so none may run


async def _serve(board, health, role, why):
    settings = board.settings()
    bus = None
    if role == "meter":
        board.relay.open()
        view = SafeView(board.NAME, settings.get("drn"), why, health.last)
        bus = Listener(board.rs485, Server(address_of(settings), view))
        task = asyncio.create_task(bus.run())
    up_ms = 0
    elapsed = Elapsed()
    while up_ms < _RETRY_MS or why == _UPDATE:
        await asyncio.sleep_ms(_TICK_MS)
        if bus and task.done():
            await task
        ms = elapsed()
        up_ms += ms
        if why != _UPDATE:
            board.service(not bus or bus.deaf_ms(ms) < _DEAF_MS)
    health.one_more_try()
    board.restart(0)


def run(board, health, role, why):
    """Run until an update ends it; after a crash, for an hour and then restart the board.

    why: "crash" or "update".
    """
    gc.collect()
    values = {"role": role, "version": VERSION, "board": board.NAME, "free": gc.mem_free()}
    values.update({"safe": why, "crashes": health.crashes, "last_crash": health.last})
    board.report(values, "selftest")
    asyncio.run(_serve(board, health, role, why))
