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


_FIRST_S = const(10)  # after a lost clock was set; a start has nothing
_MOST_S = const(120)
_EARNED_IN_S = const(3600)  # a second
_HALF_HOUR_S = const(1800)


def permits(moves, before, unix):
    """Return whether the clock may be set to `unix`, and take the seconds that it moves by.

    before: its time now, None if unknown. moves: [seconds that it may be moved by, the time by
    itself up to which they are earned], at the start 0 and the time then, None if unknown.
    """
    if before is None:
        moves[:] = _FIRST_S, unix
        return True
    left, since = moves
    if since is None or since > before:
        since = before
    earned = (before - since) // _EARNED_IN_S
    moved = unix - before
    left = min(left + earned, _MOST_S) - abs(moved)
    if left < 0 or unix // _HALF_HOUR_S < before // _HALF_HOUR_S:
        return False
    moves[:] = left, since + earned * _EARNED_IN_S + moved
    return True
