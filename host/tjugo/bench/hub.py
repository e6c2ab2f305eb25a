"""The latest state of the bench, for the pages that show it."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

_PACE_S = 0.1  # a page is updated at most this often
_FRAMES = 200


class Hub:
    """Named items, of which a page shows the latest value, and bus frames, of which it shows all.

    A slow page delays nothing: it receives the latest state when it is ready.
    """

    def __init__(self) -> None:
        self._run = secrets.token_hex(8)
        self._sequence = 0
        self._items: dict[str, tuple[int, Any]] = {}
        self._frames: deque[tuple[int, dict[str, Any]]] = deque(maxlen=_FRAMES)
        self._wake = asyncio.Event()
        self._closed = False

    def put(self, name: str, value: Any) -> None:
        """Set the latest value of `name`."""
        if name not in self._items or self._items[name][1] != value:
            self._items[name] = (self._next(), value)

    def add_frame(self, frame: dict[str, Any]) -> None:
        """Add a line to the bus trace."""
        number = self._next()
        self._frames.append((number, {"n": number, **frame}))

    def snapshot(self) -> dict[str, Any]:
        """Return all items by name."""
        return {name: value for name, (_, value) in self._items.items()}

    def news(self, run: str, seen: int) -> dict[str, Any]:
        """Return the changes since the number `seen` of a run: {"run", "seen", "items", "frames"};
        everything when the run is not this one."""
        since = seen if run == self._run else 0
        return {**self.position(), **self._since(since)}

    def position(self) -> dict[str, Any]:
        """Return {"run", "seen"}: the number of the last change, in this run."""
        return {"run": self._run, "seen": self._sequence}

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._wake.set()

    async def changes(self) -> AsyncIterator[dict[str, Any]]:
        """Yield everything, then each change: `{"items": {...}, "frames": [...]}`."""
        seen = 0
        while not self._closed:
            news = self._since(seen)
            seen = self._sequence
            if news:
                yield news
            await asyncio.sleep(_PACE_S)
            if seen == self._sequence and not self._closed:
                self._wake.clear()
                await self._wake.wait()

    def _since(self, seen: int) -> dict[str, Any]:
        items = {name: value for name, (n, value) in self._items.items() if n > seen}
        frames = [frame for n, frame in self._frames if n > seen]
        news = {"items": items, "frames": frames}
        return {key: value for key, value in news.items() if value}

    def _next(self) -> int:
        self._sequence += 1
        self._wake.set()
        return self._sequence
