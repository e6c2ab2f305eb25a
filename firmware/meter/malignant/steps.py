"""The step detector: compares the samples before a change of active power with those after it.

Units: 0.1 W, 0.1 VA, 0.1 V. All values fit small integers up to 25 kVA, and nothing is allocated.
A sample without apparent power counts as missing: active power alone tells no heater.
"""

from .compare import ROOM_X10, SLOW_MS, Comparison
from .judge import NOTHING, RESISTIVE, apparent

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_PART = const(6)  # 6/10 of the smallest step, in 0.1 W: a greater change begins a step
_SOON_MS = const(350)  # samples that come sooner are left out
_OFTEN_MS = const(700)  # a part that is read so often may not have measured anew
_DECIDE_MS = const(2700)  # decide before the next sample would be later than this
_ENDLESS_MS = const(6000)  # what is still moving is not a step
_LOST_MS = const(5000)  # without samples for so long, what was before does not count
_ROUGH = const(2)  # samples after such a gap, or a movement without end
_ROOM = const(10)  # samples agree within 1/1000 of the step,
_ROOM_NOISE = const(4)  # 1/1000 of the power,
_ROOM_UNREST = const(30)  # and up to 1/1000 of the step by which it varied before
_ENOUGH = const(3)  # more samples that agree are a load of its own when another follows
_IDLE_X10 = const(300)


class Steps(Comparison):
    """Steps of `low_w` or more; resistive with a tan2 of `limit` or less: see judge.py."""

    def __init__(self, low_w, limit):
        super().__init__(low_w, limit)
        self.part_x10 = _PART * low_w  # up to this change of active power nothing begins
        self._silent_ms = 0
        self._moving_ms = 0  # 0: quiet
        self._last_ms = self._this_ms = 0  # between the last samples
        self._slow = 0  # how many of the last samples disagreed with the one before by little
        self._last = [0] * 3  # P, S and V of the last sample
        self._base_p = self._base_s = 0  # before the last resistive step

    def sample(self, ms, reading, quiet=False):
        """Take a Reading, `ms` after the one before; return the kind of the step that ended.

        quiet: it is known to begin no step.
        """
        often = ms < _OFTEN_MS
        self._silent_ms += ms
        p = reading.w_x10
        s = apparent(reading)
        if p is None or s is None or self._silent_ms < _SOON_MS:
            return NOTHING
        v = reading.mv // 100
        if self._repeats(p, s, v) and often:
            return NOTHING
        ms = self._silent_ms
        self._silent_ms = 0
        self._last_ms, self._this_ms = self._this_ms, ms
        q = reading.var_x10
        self._var = q is not None
        q = q or 0
        before = self.before(0)
        if ms > _LOST_MS and not quiet:
            self._rough = _ROUGH
            self._begin(p, s, v, q)
        elif self._moving_ms:
            return self._follow(ms, p, s, v, q)
        elif not quiet and abs(p - before) > max(self.part_x10, abs(before) // 100):
            self._start(ms, p, s, v, q)
            if ms > SLOW_MS and self.judge(True) == RESISTIVE:
                return self._end(True)
        else:
            self._rough = max(0, self._rough - 1)
            self.keep(p, s, v, q)
        return NOTHING

    def quiet(self):
        """Return True while no step goes on."""
        return not self._moving_ms

    def hold(self):
        """Note that the supply opens because of the last step.

        When it closes, all that is switched on is one step, in which a heater may be hidden: it is
        then compared with what there was before the heater.
        """
        self._held_p, self._held_s = self._base_p, self._base_s

    def _repeats(self, p, s, v):
        """Return True if all values are those of the sample before."""
        last = self._last
        same = p == last[0] and s == last[1] and v == last[2]
        last[0], last[1], last[2] = p, s, v
        return same

    def _begin(self, p, s, v, q):
        for _ in range(4):
            self.keep(p, s, v, q)
        self._moving_ms = 0

    def _start(self, ms, p, s, v, q):
        at = self._newest
        for what in range(4):
            self._part[what] = self._lowest[what] = self._kept[at + what]
        self._moving_ms = self._longest_ms = ms
        if abs(self._kept[at] - self.before(0)) > 2 * ROOM_X10:
            self._moving_ms += self._last_ms  # it may have begun in the sample before
        self._moves = self._slow = 0
        self._restart(p, s, v, q)

    def _restart(self, p, s, v, q):
        """Begin again to gather samples that agree."""
        self._flat = 1
        self._sum_p = p
        self._sum_s, self._sum_v, self._sum_q = s, v, q

    def _follow(self, ms, p, s, v, q):
        """Take a sample after the step began."""
        self._moving_ms += ms
        self._longest_ms = max(ms, self._longest_ms)
        now = self._moving_ms + self._longest_ms > _DECIDE_MS
        mean = self._sum_p // self._flat
        if self._agrees(p, s, mean):
            self._flat += 1
            self._sum_p += p
            self._sum_s += s
            self._sum_v += v
            self._sum_q += q
            if now:
                return self._end(False)
            return self._end(True) if self.judge(True) == RESISTIVE else NOTHING
        another = self._flat > 1 and abs(p - mean) > self.part_x10
        if another or self._flat > _ENOUGH or (self._moves and self.judge(True) == RESISTIVE):
            found = self._end(self._flat <= _ENOUGH)
            self._start(ms, p, s, v, q)
            return found
        self._moves += 1
        self._slow = self._slow + 1 if abs(p - mean) <= self.part_x10 else 0
        if self._slow > 1 or self._moving_ms > _ENDLESS_MS:
            self._rough = _ROUGH
            self._begin(p, s, v, q)
            return NOTHING
        self._near, self._part = self._part, self._near
        self.means(self._part)
        if self._part[0] < self._lowest[0]:
            for what in range(4):
                self._lowest[what] = self._part[what]
        self._restart(p, s, v, q)
        return self._end(True) if now and self.judge(True) == RESISTIVE else NOTHING

    def _agrees(self, p, s, mean):
        step = abs(mean - self.before(0))
        room = max(ROOM_X10, step * _ROOM // 1000) + abs(mean) * _ROOM_NOISE // 1000
        room += min(self.unrest(), step * _ROOM_UNREST // 1000)
        if p < mean:  # heating, a resistance takes less
            room += step * _ROOM // 1000
        reactive = abs(s - p - (self._sum_s - self._sum_p) // self._flat)
        return abs(p - mean) <= room and reactive <= ROOM_X10 + max(p, s) * _ROOM_NOISE // 1000

    def _end(self, soon):
        """Judge the step that the samples gathered end; they are what was before the next."""
        again = self._held_p is not None and self.before(0) < _IDLE_X10
        found = self.judge(soon)
        self._gain.learn()
        self._rough = 0 if self._flat > 1 else 1
        if found >= RESISTIVE and not again:
            self._base_p, self._base_s = self._base[0], self._base[1]
        near = self._near
        self.means(near)
        self._begin(near[0], near[1], near[2], near[3])
        return found
