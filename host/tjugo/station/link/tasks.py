"""Tasks that end together, and the end of the program told from the end of a connection."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run coroutines until one of them ends, end the others, and raise its exception.

    Not a TaskGroup: up to Python 3.12 that leaves the task counted as cancelled when a coroutine
    fails, and a lost connection would be taken for the end of the program.
    """
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def end_if_cancelled() -> None:
    """Raise CancelledError when the task is to end. An error of the connection that occurs while
    the tasks of a session are being cancelled takes the place of the cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
