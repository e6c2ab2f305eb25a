"""The step detector: compares the samples before a change of active power with those after it.

Units: 0.1 W, 0.1 VA, 0.1 V. All values fit small integers up to 25 kVA, and nothing is allocated.
"""

from .before import Before, added, dip, volts_x10
from .judge import (
    DIODE_X10,
    FINE,
    HALF_WAVE,
    NOTHING,
    OTHER,
    RESISTIVE,
    apparent,
    change,
    kind,
    on_line,
    power_factor,
    sure,
)

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_PART = const(6)  # 1/10 of the smallest step: a greater change begins a step
_DECIDE_MS = const(2700)  # decide before the next sample would be later than this
_DECIDE_SHAPE_MS = const(5500)  # without apparent power
_ENDLESS_MS = const(6000)  # what is still moving is not a step
_SLOW_MS = const(1500)  # between samples: decide by the first one
_OFTEN_MS = const(700)  # a part that is read so often may not have measured anew
_LOST_MS = const(5000)  # without samples for so long, what was before does not count
_ROOM_X10 = const(40)  # samples agree within the greater of this and
_ROOM = const(10)  # 1/1000 of the step,
_ROOM_NOISE = const(4)  # 1/1000 of the power,
_ROOM_UNREST = const(30)  # and up to 1/1000 of the step by which it varied before
_SHARP = const(50)  # the step divided by what the sample before it may have of it
_ENOUGH = const(3)  # more samples that agree are a load of its own when another follows
_SMALLER = const(8)
_WHOLE, _NEAR, _AGAIN = const(0), const(1), const(2)
_IDLE_X10 = const(300)
_NOMINAL_X10 = const(2300)


class Steps:
    """Steps of `low_w` or more; resistive with a tan2 of `limit` or less: see judge.py.

    step_x10: active power of the last step up at 230 V, 0.1 W, None before the first.
    pf_x1000: its power factor, None if unknown.
    """

    def __init__(self, low_w, limit):
        self._low_x10 = 10 * low_w
        self.part_x10 = _PART * low_w  # up to this change of active power nothing begins
        self._limit = limit
        self.step_x10 = self.pf_x1000 = None
        self._before = Before()
        self._silent_ms = 0
        self._moving_ms = 0  # 0: quiet
        self._longest_ms = 0  # between two samples, of these
        self._moves = 0  # samples that did not agree with the one before,
        self._slow = 0  # and how many of the last of them did not by little
        self._flat = 0  # samples that agree, and their sums
        self._sum_p = self._sum_s = self._sum_v = self._sum_q = 0
        # P, S, V and Q of the last sample before those that agree, and of the one before it.
        self._part = [0] * 4
        self._near = [0] * 4
        self._now = [0] * 4
        self._last = [0] * 3
        self._rough = 0  # quiet samples until what was before can be relied on
        self._base = [0] * 4
        self._gain = 0
        self._assumed = False  # the voltage, to tell the apparent power
        self._held_p = self._held_s = None  # see hold()
        self._base_p = self._base_s = 0  # before the last resistive step

    def sample(self, ms, reading):
        """Take a Reading, `ms` after the one before; return the kind of the step that ended."""
        often = ms < _OFTEN_MS
        self._silent_ms += ms
        p = reading.w_x10
        if p is None:
            return NOTHING
        ms = self._silent_ms
        self._silent_ms = 0
        s = apparent(reading)
        v = volts_x10(reading)
        q = reading.var_x10
        if self._repeats(p, s, v) and often:
            self._silent_ms = ms
            return NOTHING
        self._assumed = v is None and reading.pf_x1000 is None and reading.var_x10 is None
        if ms > _LOST_MS:
            self._rough = 2
            self._begin(p, s, v, q)
        elif self._moving_ms:
            return self._follow(ms, p, s, v, q)
        elif self._jumped(p):
            self._start(ms, p, s, v, q)
            if ms > _SLOW_MS and self._judge(True) == RESISTIVE:
                return self._end(True)
        else:
            self._rough = max(0, self._rough - 1)
            self._before.keep(p, s, v, q)
        return NOTHING

    def _repeats(self, p, s, v):
        """Return True if a part has not measured anew: all values are those of before."""
        if s is None or v is None:
            return False
        last = self._last
        same = p == last[0] and s == last[1] and v == last[2]
        last[0], last[1], last[2] = p, s, v
        return same

    def keep(self, reading):
        """Take a Reading that is known to begin no step."""
        self._before.keep(
            reading.w_x10, apparent(reading), volts_x10(reading), reading.var_x10
        )

    def quiet(self):
        """Return True while no step goes on."""
        return not self._moving_ms

    def hold(self):
        """Note that the supply opens because of the last step.

        When it closes, all that is switched on is one step, in which a heater may be hidden: it is
        then compared with what there was before the heater.
        """
        self._held_p, self._held_s = self._base_p, self._base_s

    def _begin(self, p, s, v, q):
        self._before.begin(p, s, v, q)
        self._moving_ms = 0

    def _jumped(self, p):
        before = self._before.p()
        return abs(p - before) > max(self.part_x10, abs(before) // 100)

    def _start(self, ms, p, s, v, q):
        self._before.newest(self._part)
        self._moving_ms = self._longest_ms = ms
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
        longest = self._longest_ms = max(ms, self._longest_ms)
        now = self._moving_ms + longest > (_DECIDE_SHAPE_MS if s is None else _DECIDE_MS)
        mean = self._sum_p // self._flat
        if self._agrees(p, s, mean):
            self._flat += 1
            self._sum_p += p
            self._sum_s = added(self._sum_s, s)
            self._sum_v = added(self._sum_v, v)
            self._sum_q = added(self._sum_q, q)
            return self._end(False) if now else NOTHING
        another = self._flat > 1 and abs(p - mean) > self.part_x10
        if (
            another
            or self._flat > _ENOUGH
            or (self._moves == 1 and self._judge(True) == RESISTIVE)
        ):
            found = self._end(self._flat <= _ENOUGH)
            self._start(ms, p, s, v, q)
            return found
        self._moves += 1
        self._slow = self._slow + 1 if abs(p - mean) <= self.part_x10 else 0
        if self._slow > 1 or self._moving_ms > _ENDLESS_MS:
            self._rough = 2
            self._begin(p, s, v, q)
            return NOTHING
        self._near, self._part = self._part, self._near
        self._means(self._part)
        self._restart(p, s, v, q)
        return self._end(True) if now and self._judge(True) == RESISTIVE else NOTHING

    def _agrees(self, p, s, mean):
        step = abs(mean - self._before.p())
        room = max(_ROOM_X10, step * _ROOM // 1000) + abs(mean) * _ROOM_NOISE // 1000
        room += min(self._before.unrest(), step * _ROOM_UNREST // 1000)
        if p < mean:  # heating, a resistance takes less
            room += step * _ROOM // 1000
        if abs(p - mean) > room:
            return False
        return s is None or self._sum_s is None or abs(s - self._sum_s // self._flat) <= 2 * room

    def _means(self, out):
        count = self._flat
        out[0] = self._sum_p // count
        out[1] = None if self._sum_s is None else self._sum_s // count
        out[2] = None if self._sum_v is None else self._sum_v // count
        out[3] = None if self._sum_q is None else self._sum_q // count

    def _end(self, soon):
        """Judge the step that the samples gathered end; they are what was before the next."""
        again = self._held_p is not None and self._before.p() < _IDLE_X10
        found = self._judge(soon)
        self._rough = 0 if self._flat > 1 else 2
        if found >= RESISTIVE and not again:
            self._base_p, self._base_s = self._before.p(), self._before.s()
        self._means(self._near)
        p, s, v, q = self._near
        self._begin(p, s, v, q)
        return found

    def _judge(self, soon):
        """Return the kind of the step to what was gathered; soon: only what is beyond doubt."""
        now = self._now
        self._means(now)
        base = self._base
        self._before.means(base)
        if self._held_p is not None and base[0] < _IDLE_X10:
            base[0], base[1] = self._held_p, self._held_s
            if not soon:
                self._held_p = None
            return self._compare(base, soon, _AGAIN)
        found = self._compare(base, soon, _WHOLE)
        if found >= RESISTIVE or not self._moves:
            return found
        # A smaller load may have been switched in the sample before.
        other = self._near[0] - base[0]
        step = now[0] - self._near[0]
        if other * _SMALLER > step or now[0] - self._part[0] < step // 10:
            return found
        step_x10, pf = self.step_x10, self.pf_x1000
        if self._compare(self._near, soon, _NEAR) == RESISTIVE:
            return RESISTIVE
        self.step_x10, self.pf_x1000 = step_x10, pf
        return found

    def _compare(self, base, soon, how):
        p, s, v, q = self._now
        before, before_s, before_v, before_q = base
        ratio = 4096 if how == _AGAIN else dip(before_v, v)
        if ratio == 0:
            if how == _NEAR: return NOTHING
            ratio = 4096
        # What a resistance takes varies as the square of the voltage.
        before = before * ratio // 4096 * ratio // 4096
        if before_s is not None:
            before_s = before_s * ratio // 4096 * ratio // 4096
        step = p - before
        if v:  # as it is at 230 V
            nominal = min(2 * 4096, _NOMINAL_X10 * 4096 // v)
            step = step * nominal // 4096 * nominal // 4096
        if step < self._low_x10:
            return NOTHING
        self.step_x10 = step
        self.pf_x1000 = None
        if s is None or before_s is None:
            return RESISTIVE if self._moves < 2 and not soon and how == _WHOLE else OTHER
        return self._by_power(before, before_s, base, ratio, soon, how)

    def _by_power(self, before, before_s, base, ratio, soon, how):
        p, s, v, q = self._now
        lag = None
        if how != _AGAIN and q is not None and base[3] is not None:
            lag = abs(q - base[3]) * 1000 // (p - before)
        unit = 1 if max(s, before_s, abs(p), abs(before)) < FINE else 10
        p //= unit
        s //= unit
        before //= unit
        before_s //= unit
        rest = (before_s - before) * (before_s + before)
        raw = change(p, s, before, before_s)
        tan2 = raw - self._gain * (p + before) // (p - before) // 16
        if how == _AGAIN:  # not all other loads begin again: there may be less N than before
            rest, tan2 = 0, max(tan2, 0)
            steep = 1
        else:
            steep = self._steep(base, ratio, unit, how)
        self.pf_x1000 = power_factor(tan2)
        step = p - before
        if self._moves < 4 and sure(tan2, s, step, rest, steep > 1, lag):
            found = RESISTIVE
        elif soon and self._flat < 2:
            return OTHER
        else:
            found = kind(tan2, self._limit, s, step, rest, steep, self._assumed, lag)
            if soon and (found != RESISTIVE or tan2 > self._limit):
                return OTHER
        if found == RESISTIVE and step > 4 * before and steep and how == _WHOLE:
            self._learn(raw * step * 16 // (p + before))
        if found == HALF_WAVE and step * unit < DIODE_X10:
            return OTHER
        return found

    def _learn(self, gain):
        gain = max(-240, min(240, gain))
        self._gain = gain if self._gain == 0 else self._gain + (gain - self._gain) // 4

    def _steep(self, base, ratio, unit, how):
        """Return 1 if the step is between two samples, 2 if it is within one, otherwise 0."""
        p, s, v, q = self._now
        before, before_s = base[0], base[1]
        if p <= before or self._rough:
            return 0
        parts = 1 if how == _NEAR else self._moves
        step = p - before
        least = _ROOM_X10 + min(self._before.unrest(), step // 16) + step // _SHARP
        if how == _WHOLE and abs(self._before.newest_p() - before) > least:
            parts += 1  # it began in the last sample before it
        if not parts:
            return 1 if self._longest_ms <= _SLOW_MS else 0
        part_p, part_s = self._part[0], self._part[1]
        if parts > 1 or part_s is None:
            return 0
        line = on_line(part_p//unit, part_s//unit, p//unit, s//unit, before//unit, before_s//unit, ratio)
        return 2 if line else 0
