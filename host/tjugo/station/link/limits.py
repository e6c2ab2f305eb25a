"""Limits on the load that others can cause. No clock: the caller gives monotonic seconds."""


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


class OncePer:
    """A filter that passes one event of each kind per period and counts the others. The kinds are
    defined by the program, not by the sources of the events."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._until_s: dict[str, float] = {}
        self._more: dict[str, int] = {}

    def due(self, kind: str, now_s: float) -> int | None:
        """Return how many events of this kind were suppressed since the last one passed; None if
        this one is suppressed too."""
        if now_s < self._until_s.get(kind, now_s):
            self._more[kind] = self._more.get(kind, 0) + 1
            return None
        self._until_s[kind] = now_s + self._period_s
        return self._more.pop(kind, 0)
