"""Active power from the time between pulses of energy."""

from .ratio import Ratio

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_WINDOW_MS = const(2000)  # the loop reads the counter every 20 ms: an error of 1 % of 2 s
_LONGEST_MS = const(3600000)
_W_X10_MS_PER_KWH = 36000000000


class PulsePower:
    """Power, the mean between pulses 2 s or more apart; 0 until there are two.

    Without a pulse it falls to the value that a pulse at this moment would give. The energy of a
    pulse is `numerator` / `denominator` kWh. w_x10: the power, 0.1 W.
    """

    def __init__(self, numerator, denominator):
        self._one = _W_X10_MS_PER_KWH * numerator // denominator  # 0.1 W times ms of one pulse
        self._ratio = Ratio(1, 1)
        self._pulses = 0
        self._ms = 0
        self._fresh = False  # a pulse came since the last call of elapsed
        self._running = False  # there was a pulse to measure from
        self.w_x10 = 0

    def add(self, pulses):
        """Count pulses, one or more."""
        self._pulses += pulses
        self._fresh = True

    def elapsed(self, ms):
        """Compute the power; return True if it was measured anew. `ms` have elapsed."""
        self._ms = min(self._ms + ms, _LONGEST_MS)
        if not self._fresh:
            if self.w_x10 and self._ms > _WINDOW_MS:
                most = self._one // self._ms
                if most < self.w_x10:
                    self.w_x10 = most
                    return True
            return False
        self._fresh = False
        measured = self._running
        if measured:
            if self._ms < _WINDOW_MS:
                return False
            self._ratio.numerator = self._one
            self._ratio.denominator = self._ms
            self.w_x10 = self._ratio.of(self._pulses)
        self._running = True
        self._pulses = 0
        self._ms = 0
        return measured
