"""Supply time: real time, or a multiple of its speed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class SimClock:
    """UTC that runs `speed` times faster than `real` (seconds since 1970) from the start on.

    Changing the speed never makes it jump. It starts at `start` when that is later than now: a
    bench that ran faster yesterday must not go back in time today.
    """

    def __init__(
        self, speed: int = 1, start: float = 0.0, real: Callable[[], float] = time.time
    ) -> None:
        self._real = real
        self._speed = speed
        self._base_real = real()
        self._base = max(start, self._base_real)

    @property
    def speed(self) -> int:
        return self._speed

    @speed.setter
    def speed(self, speed: int) -> None:
        self._base, self._base_real = self.unix(), self._real()
        self._speed = speed

    def unix(self) -> float:
        """Return the seconds since 1970."""
        return self._base + (self._real() - self._base_real) * self._speed

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.fromtimestamp(self.unix(), UTC)

    def __call__(self) -> datetime:
        return self.now()
