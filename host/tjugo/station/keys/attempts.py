"""Delay after wrong secrets: each one doubles the time until the next attempt."""

from collections.abc import Callable

from tjugo.errors import reason
from tjugo.station.keys.shared import Shared

MOST_S = 300


class Attempts:
    """Wrong secrets since the last right one, in all processes of a station. The caller holds the
    lock of the shared state. monotonic: seconds, the same in all processes."""

    def __init__(self, shared: Shared, monotonic: Callable[[], float]) -> None:
        self._shared = shared
        self._monotonic = monotonic

    def check(self) -> None:
        """Raise TjugoError while the next attempt has to wait."""
        state = self._shared.read()
        left = state.next_at - self._monotonic()
        if state.wrong and left > 0:
            raise reason("unlock_wait", f"After a wrong secret, wait {int(left) + 1} seconds.")

    def count(self, right: bool) -> None:
        """Record an attempt."""
        state = self._shared.read()
        wrong = 0 if right else state.wrong + 1
        next_at = self._monotonic() + min(2 ** min(wrong, 10), MOST_S)
        self._shared.write(state._replace(wrong=wrong, next_at=next_at))
