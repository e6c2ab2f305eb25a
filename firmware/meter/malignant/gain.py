"""How far active and apparent power of a metering part disagree: learned from resistances.

A part's P is wrong against its V and I by up to 0.6 %, the same all day, and S^2 - P^2 with it.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


GAIN = const(16)  # in 1/1000
_MOST = const(240)
_MOST_STEPS = const(8)  # the mean is of about so many of the last steps
# The error of tan2 to be expected, for each S^2: by how many steps the gain was learned from. The
# noise of the part alone remains at the end.
_NOISE = bytes((11, 9, 7, 6, 6, 5, 5, 5, 4))
_LEAST_DOUBT = const(5)


class Gain:
    """The gain of a part.

    value: the error of S^2 / P^2, in 1/16 of 1/1000; 0 while it is not known. steps: the number
    of steps that it was learned from.
    """

    def __init__(self):
        self.value = self.steps = 0
        self._shown = None

    def forget(self):
        """Forget what the step that is judged has shown."""
        self._shown = None

    def show(self, tan2, p, before):
        """Keep the gain that a step of a resistance shows; its tan2 is not corrected."""
        self._shown = max(-_MOST, min(_MOST, tan2 * (p - before) * GAIN // (p + before)))

    def learn(self):
        """Take what the step that ended has shown into the mean."""
        if self._shown is not None:
            self.steps = min(self.steps + 1, _MOST_STEPS)
            self.value += (self._shown - self.value) // self.steps

    def corrected(self, tan2, p, before):
        """Return the tan2 of a step without the part's error."""
        return tan2 - self.value * (p + before) // (p - before) // GAIN

    def left(self, p, s, square):
        """Return N^2 of all that is on; square: of the step, in 1/1000."""
        return (s - p) * (s + p) // square - self.value * (p * p // square) // (1000 * GAIN)

    def doubt(self, s, square):
        """Return the error of tan2 to be expected."""
        return _LEAST_DOUBT + s * s // 1000 * _NOISE[self.steps] // square
