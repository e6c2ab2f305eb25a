"""A limit on the rate of events. No clock: the caller gives monotonic seconds."""


class Bucket:
    """A token bucket: `burst` at once, then `rate_per_s`."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._level = float(burst)
        self._at_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Take one token; return whether there was one."""
        passed = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._level = min(self._burst, self._level + passed * self._rate_per_s)
        self._at_s = now_s
        if self._level < 1:
            return False
        self._level -= 1
        return True
