"""The last samples before a step, of which the newest may have a part of the step."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_KEPT = const(4)
_SAG = const(3932)  # 0.96 in 1/4096: more is a dip, and who takes how much is unknown


def volts_x10(reading):
    """Return the voltage of a Reading in 0.1 V, or None."""
    return None if reading.mv is None else reading.mv // 100


def added(total, value):
    """Return the sum; None if one of them is."""
    return None if total is None or value is None else total + value


def dip(before, after):
    """Return the voltage `after` against that `before`, in 1/4096; 0 of a dip.

    4096 if one is not known.
    """
    if not before or after is None:
        return 4096
    ratio = after * 4096 // before
    return ratio if ratio > _SAG else 0


class Before:
    """Active and apparent power, voltage and reactive power: see steps.py for the units.

    At first all are those of a supply that is off: what runs at the start began with the supply.
    """

    def __init__(self):
        self._p = [0] * _KEPT
        self._s = [0] * _KEPT
        self._v = [None] * _KEPT
        self._q = [0] * _KEPT
        self._newest = 0

    def begin(self, p, s, v, q):
        """Take one sample as all that was before."""
        for _ in range(_KEPT):
            self.keep(p, s, v, q)

    def keep(self, p, s, v, q):
        """Add a sample; the oldest is forgotten."""
        at = self._newest = (self._newest + 1) % _KEPT
        self._p[at] = p
        self._s[at] = s
        self._v[at] = v
        self._q[at] = q

    def newest_p(self):
        """Return the active power of the newest sample."""
        return self._p[self._newest]

    def newest(self, out):
        """Store P, S, V and Q of the newest sample in `out`."""
        at = self._newest
        out[0] = self._p[at]
        out[1] = self._s[at]
        out[2] = self._v[at]
        out[3] = self._q[at]

    def means(self, out):
        """Store the means of P, S, V and Q without the newest sample in `out`, None if unknown."""
        out[0] = self._mean(self._p)
        out[1] = self._mean(self._s)
        out[2] = self._mean(self._v)
        out[3] = self._mean(self._q)

    def p(self):
        """Return the mean active power without the newest sample."""
        return self._mean(self._p)

    def s(self):
        """Return the mean apparent power without the newest sample, None if it is not known."""
        return self._mean(self._s)

    def unrest(self):
        """Return by how much the active power varied, without the newest sample."""
        least = most = self._p[(self._newest + 1) % _KEPT]
        for i in range(_KEPT):
            if i != self._newest:
                least = min(least, self._p[i])
                most = max(most, self._p[i])
        return most - least

    def _mean(self, kept):
        total = 0
        for i in range(_KEPT):
            if i != self._newest:
                total = added(total, kept[i])
        return None if total is None else total // (_KEPT - 1)
