"""Keys scanned by a timer: a key counts that is pressed while the application is busy or waits."""

import time

import machine

# A key of 60 ms is seen: up to 15 ms until the first look at it, 30 ms that debounce it.
SCAN_MS = 15


class Scanner:
    """Calls scan(ms) every SCAN_MS, with the time since its last call. timer: its number.

    MicroPython calls it between two instructions of the application, not in an interrupt. After a
    long wait several calls come at once; their time tells.
    """

    def __init__(self, timer, scan):
        self._scan = scan
        self._last = time.ticks_ms()
        self._timer = machine.Timer(timer)
        self._timer.init(mode=machine.Timer.PERIODIC, period=SCAN_MS, callback=self._due)

    def _due(self, _timer):
        now = time.ticks_ms()
        ms = time.ticks_diff(now, self._last)
        self._last = now
        self._scan(ms)
