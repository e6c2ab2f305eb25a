"""Real time that passed between two calls."""

import time


class Elapsed:
    """Return the real milliseconds since the last call, or since it was made."""

    def __init__(self):
        self._last = time.ticks_ms()

    def __call__(self):
        now = time.ticks_ms()
        passed = time.ticks_diff(now, self._last)
        self._last = now
        return passed
