"""The simulated board's watchdog: it ends the process and leaves a mark for the next one."""

import os

_PATIENCE_MS = 8000
_STATUS = 3
_MARK = "watchdog"


class Watchdog:
    """The watchdog. bit_before: True if the watchdog ended the previous run.

    `end(status)` ends the process immediately, like a reset.
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
        """Feed the watchdog if `ok`. End the process if it was not fed within the timeout."""
        now = self._ticks_ms()
        if ok:
            self._fed = now
        elif self._ticks_diff(now, self._fed) > _PATIENCE_MS:
            with open(_MARK, "w"):
                pass
            self._end(_STATUS)
