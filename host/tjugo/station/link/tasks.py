"""Tasks that end together, and the end of the program told from the end of a connection."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

_AGAIN_S = 0.2


async def together(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run coroutines until one of them ends, end the others, and raise its exception.

    Not a TaskGroup: up to Python 3.12 that leaves the task counted as cancelled when a coroutine
    fails, and a lost connection would be taken for the end of the program.
    """
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(tasks)
    for task in done:
        task.result()


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended. Up to Python 3.11 wait_for() ignores a cancellation that
    comes together with what it waits for."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # asyncio logs one that nobody has asked for


def end_if_cancelled() -> None:
    """Raise CancelledError when the task is to end. An error of the connection that occurs while
    the tasks of a session are being cancelled takes the place of the cancellation, and so may an
    answer of the broker."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
