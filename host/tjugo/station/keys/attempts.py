"""Delay after wrong secrets: each one doubles the time until the next attempt."""

from collections.abc import Callable

from tjugo.errors import reason

MOST_S = 300


class Attempts:
    """Wrong secrets since the last right one. monotonic: seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._wrong = 0
        self._next = 0.0

    def check(self) -> None:
        """Raise TjugoError while the next attempt has to wait."""
        left = self._next - self._monotonic()
        if self._wrong and left > 0:
            raise reason("unlock_wait", f"After a wrong secret, wait {int(left) + 1} seconds.")

    def count(self, right: bool) -> None:
        """Record an attempt."""
        self._wrong = 0 if right else self._wrong + 1
        self._next = self._monotonic() + min(2 ** min(self._wrong, 10), MOST_S)
