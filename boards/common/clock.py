"""Supply time of the simulated board: real time multiplied by `speed`."""


class Clock:
    """A clock. `ticks_ms()`, `ticks_diff(a, b)`: real time; `unix()`: UTC seconds since 1970.

    set(unix): sets the time of day; None if it cannot be set. fault(): what is wrong with the
    clock chip, a number of drivers/ds3231.py; 0 for nothing or no chip.
    """

    def __init__(self, ticks_ms, ticks_diff, unix, speed=1, put=None, fault=None):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self.unix = unix
        self.set = put
        self.fault = fault or (lambda: 0)
        self._speed = speed
        self._since = ticks_ms()
        self._total = 0
        self._own = self.stopwatch()

    def total_ms(self):
        """Return the supply time since the start, ms."""
        now = self._ticks_ms()
        self._total += self._ticks_diff(now, self._since) * self._speed
        self._since = now
        return self._total

    def set_speed(self, speed):
        """Run supply time `speed` (1 or more) times as fast as real time from now on."""
        self.total_ms()
        self._speed = speed

    def stopwatch(self):
        """Return a function that returns the supply time since its last call, ms."""
        last = [self.total_ms()]

        def elapsed_ms():
            now = self.total_ms()
            passed = now - last[0]
            last[0] = now
            return passed

        return elapsed_ms

    def elapsed_ms(self):
        """Return the supply time since the last call, ms."""
        return self._own()
