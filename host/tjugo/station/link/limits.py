"""A limit on repeated events. No clock: the caller gives monotonic seconds."""

LOG_PERIOD_S = 60.0  # between two lines of the log about one kind of event


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
