"""How far the bus may move the meter's clock: anybody can write to it.

A lost clock is set to any time at once. One that is known moves by seconds only, earned as time
passes: more than a crystal drifts, too little to move tariffs, friendly hours or the load profile.
It never goes back into a half hour that has ended, nor over the end of a day or month.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_FIRST_S = const(10)  # a start and a lost clock that is set earn nothing more
_MOST_S = const(120)
_EARNED_IN_S = const(3600)  # a second
_HALF_HOUR_S = const(1800)


class Clock:
    """The seconds that the clock may be moved by. unix: its time at the start, None if unknown."""

    def __init__(self, unix):
        self._left_s = _FIRST_S
        self._since = unix  # by the clock itself: what was earned before is in _left_s

    def permits(self, before, unix):
        """Return whether the clock may be set to `unix`, and take the seconds that it moves by.

        before: its time now, None if unknown.
        """
        if before is None:
            self.__init__(unix)
            return True
        since = self._since
        if since is None or since > before:
            since = before
        earned = (before - since) // _EARNED_IN_S
        moved = unix - before
        left = min(self._left_s + earned, _MOST_S) - abs(moved)
        if left < 0 or unix // _HALF_HOUR_S < before // _HALF_HOUR_S:
            return False
        self._left_s = left
        self._since = since + earned * _EARNED_IN_S + moved
        return True
