"""The samples before a step, and those after it that agree.

Each has P, S, V and Q: 0.1 W, 0.1 VA, 0.1 V, 0.1 var.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_KEPT = const(4)  # samples before, of which the newest may have a part of the step


class Samples:
    """The last samples before, and the sums of `_flat` samples that agree."""

    def __init__(self):
        # At first the supply is off: what runs at the start began with it.
        self._kept = [0] * (4 * _KEPT)
        self._newest = 0  # the index of its P
        self._flat = 0
        self._sum_p = self._sum_s = self._sum_v = self._sum_q = 0

    def keep(self, p, s, v, q):
        """Add a sample to those before; the oldest is forgotten."""
        at = self._newest = (self._newest + 4) % (4 * _KEPT)
        kept = self._kept
        kept[at] = p
        kept[at + 1] = s
        kept[at + 2] = v
        kept[at + 3] = q

    def before(self, what):
        """Return the mean of P, S, V or Q (0 to 3) before, without the newest."""
        total = -self._kept[self._newest + what]
        for at in range(what, 4 * _KEPT, 4):
            total += self._kept[at]
        return total // (_KEPT - 1)

    def unrest(self):
        """Return by how much P before varied, without the newest sample."""
        kept = self._kept
        least = most = kept[(self._newest + 4) % (4 * _KEPT)]
        for at in range(0, 4 * _KEPT, 4):
            if at != self._newest:
                least = min(least, kept[at])
                most = max(most, kept[at])
        return most - least

    def means(self, out):
        """Store the means of the samples that agree in `out`."""
        count = self._flat
        out[0] = self._sum_p // count
        out[1] = self._sum_s // count
        out[2] = self._sum_v // count
        out[3] = self._sum_q // count
