"""Limits on how often an action may be done."""

import threading
from collections.abc import Callable


class Bucket:
    """A token bucket: `burst` at once, then one every `refill_s` seconds. Safe for several
    threads.

    monotonic: seconds of a clock that does not go back.
    """

    def __init__(self, burst: int, refill_s: float, monotonic: Callable[[], float]) -> None:
        self._burst = burst
        self._refill_s = refill_s
        self._monotonic = monotonic
        self._left = float(burst)
        self._at = monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one token; return False when there is none."""
        with self._lock:
            now = self._monotonic()
            self._left = min(self._burst, self._left + (now - self._at) / self._refill_s)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
