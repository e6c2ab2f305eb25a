"""The simulated board's watchdog: it ends the process, and the next one knows."""

import os

_PATIENCE_MS = 8000
_STATUS = 3
_MARK = "watchdog"


class Watchdog:
    """bit_before: True if the run before this one was ended by the watchdog.

    `end(status)` ends the process at once, as a reset would.
    """

    def __init__(self, ticks_ms, ticks_diff, end):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._end = end
        self._fed = ticks_ms()
        try:
            os.remove(_MARK)
            self.bit_before = True
        except OSError:
            self.bit_before = False

    def service(self, ok):
        """Fed if `ok`. Bites when it was not fed for too long."""
        now = self._ticks_ms()
        if ok:
            self._fed = now
        elif self._ticks_diff(now, self._fed) > _PATIENCE_MS:
            with open(_MARK, "w"):
                pass
            self._end(_STATUS)
