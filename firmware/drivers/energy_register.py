"""A chip's energy register that runs on: differences without loss and without invention.

A value is counted only as far as the next one confirms it, because eight bits of checksum let one
damaged frame in 256 pass. Two answers in a row that are both wrong in the same way are not seen.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_LONGEST_MS = const(1 << 28)
_CONFIRMATIONS = const(3)  # values of another register in a row that make it the new one
_NONE = const(-1)


class EnergyRegister:
    """modulus: of the register. per_s: more counts than this in a second are impossible.

    wrap_ms: a lower value than before is a wrap if the last one is at most so old; with an older
    one the chip may have been restarted. own: the register belongs to a chip that cannot be
    exchanged: after a restart its whole value is energy since the restart. Otherwise a restart
    counts nothing before the first value, because another module may be fitted.
    """

    def __init__(self, modulus, per_s, wrap_ms, own):
        self._modulus = modulus
        self._per_s = per_s
        self._wrap_ms = wrap_ms
        self._own = own
        self._last = _NONE  # all energy up to this value is counted
        self._next = _NONE  # a value received later
        self._first = _NONE  # of values that follow neither: perhaps of a restarted chip
        self._other = _NONE  # the latest of them
        self._others = 0
        self._last_ms = 0  # ages of the values
        self._next_ms = 0
        self._other_ms = 0

    def elapsed(self, ms):
        """Let time pass."""
        self._last_ms = min(self._last_ms + ms, _LONGEST_MS)
        self._next_ms = min(self._next_ms + ms, _LONGEST_MS)
        self._other_ms = min(self._other_ms + ms, _LONGEST_MS)

    def restarted(self):
        """Note that the chip and its register have been restarted."""
        if self._last != _NONE:
            self._last = 0
        self._next = _NONE
        self._others = 0

    def take(self, value):
        """Return the counts that the received `value` confirms; 0 if it is not plausible."""
        if self._last == _NONE:
            self._begin(value)
            return 0
        ahead = self._ahead(self._last, value, self._last_ms)
        if ahead == _NONE:
            self._doubt(value)
            return 0
        confirmed = 0
        if self._next != _NONE:
            # Both values are at or after the last one, and the energy is at least the lesser.
            confirmed = min(ahead, (self._next - self._last) % self._modulus)
            self._last = (self._last + confirmed) % self._modulus
            self._last_ms = self._next_ms
        self._next = value
        self._next_ms = 0
        self._others = 0
        return confirmed

    def _begin(self, value):
        if self._next != _NONE and self._ahead(self._next, value, self._next_ms) != _NONE:
            self._last = self._next
            self._last_ms = self._next_ms
        self._next = value
        self._next_ms = 0

    def _ahead(self, before, value, ms):
        """Return how far `value` is after `before`, _NONE if it cannot follow after `ms`."""
        if value < before and ms > self._wrap_ms:
            return _NONE
        step = (value - before) % self._modulus
        return step if step <= self._most(ms) else _NONE

    def _most(self, ms):
        return self._per_s * (ms // 1000 + 2)

    def _doubt(self, value):
        """Begin anew after enough values that follow each other, but not the last one."""
        if not self._others or self._ahead(self._other, value, self._other_ms) == _NONE:
            self._others = 0
            self._first = value
        self._others += 1
        self._other = value
        self._other_ms = 0
        if self._others < _CONFIRMATIONS:
            return
        silent = self._last_ms > self._wrap_ms
        whole = self._own and silent and value <= self._most(self._last_ms)
        self._last = 0 if whole else self._first
        self._next = value
        self._next_ms = 0
        self._others = 0
