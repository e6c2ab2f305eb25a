"""What was before a step against what is after it; see judge.py for the rules.

Units: 0.1 W, 0.1 VA, 0.1 V, 0.1 var. All values fit small integers up to 25 kVA.
"""

from .gain import Gain
from .judge import (
    BETWEEN,
    BLURRED,
    FINE,
    HALF_WAVE,
    NOTHING,
    OTHER,
    RESISTIVE,
    SOFT,
    UNKNOWN,
    WITHIN,
    change,
    clean,
    current,
    dip,
    half_of_other,
    in_phase,
    kind,
    power_factor,
    shape,
    sure,
    varies,
)
from .samples import Samples

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


SLOW_MS = const(1500)  # between samples: an inrush between them would not be seen
ROOM_X10 = const(40)  # samples agree within this, or a part of the step
_SHARP = const(100)  # the step divided by what the sample before it may have of it,
_RESTLESS = const(16)  # and by how much of it the samples before may vary
_SMALLER = const(8)  # a load in the sample before is smaller than the step by this
_WHOLE = const(10)  # the step divided by what the sample within it lacks at least
_BOTH_DOUBT = const(60)  # with more, two samples within the step tell nothing
_IDLE_X10 = const(300)
_SURGE = const(4260)  # 1.04 in 1/4096: the lowest sample was in a dip
_NOMINAL_X10 = const(2300)
# Bases of a comparison: the mean of the samples before, the last of them, hold(), or the lowest
# one since the movement began: another load was switched off before the step.
_MEAN = const(0)
_LAST = const(1)
_HELD = const(2)
_LOWEST = const(3)


class Comparison(Samples):
    """The samples of a step, and its judgement.

    step_x10: active power of the last step up at 230 V, 0.1 W, None before the first.
    pf_x1000: its power factor, None if unknown.
    """

    def __init__(self, low_w, limit):
        super().__init__()
        self._low_x10 = 10 * low_w
        self._limit = limit
        self.step_x10 = self.pf_x1000 = None
        self._moves = 0  # samples that did not agree with the one before
        # P, S, V and Q: the mean of the samples that agree, that before all, the last sample
        # before those that agree, and the one before it.
        self._now = [0] * 4
        self._base = [0] * 4
        self._part = [0] * 4
        self._near = [0] * 4
        self._lowest = [0] * 4  # of the least P since the movement began
        self._longest_ms = 0  # between two samples
        self._rough = 0  # quiet samples until those before can be relied on
        self._var = False  # the part gives the reactive power; otherwise it counts as 0
        self._gain = Gain()
        self._held_p = self._held_s = None
        self._before = 0  # 1: the last sample before has a part of the step

    def judge(self, soon):
        """Return the kind of the step to what was gathered; soon: only what is beyond doubt."""
        now, base, near = self._now, self._base, self._near
        self._gain.forget()
        self.means(now)
        for what in range(4):
            base[what] = self.before(what)
        if self._held_p is not None and base[0] < _IDLE_X10:
            base[0], base[1] = self._held_p, self._held_s
            if not soon:
                self._held_p = None
            return self._compare(base, soon, _HELD)
        found = self._compare(base, soon, _MEAN)
        if found < RESISTIVE and self._lowest[0] < base[0]:
            if self._compare(self._lowest, soon, _LOWEST) == RESISTIVE:
                return RESISTIVE
        step = now[0] - near[0]
        if (
            found >= RESISTIVE
            or not self._moves
            or (near[0] - base[0]) * _SMALLER > step
            or now[0] - self._part[0] < step // _WHOLE
        ):
            return found
        # A smaller load may have been switched in the sample before, or any switched off.
        step_x10, pf = self.step_x10, self.pf_x1000
        if self._compare(near, soon, _LAST) == RESISTIVE:
            return RESISTIVE
        self.step_x10, self.pf_x1000 = step_x10, pf
        return found

    def _compare(self, base, soon, how):
        p, s, v = self._now[0], self._now[1], self._now[2]
        ratio = 4096 if how == _HELD else dip(base[2], v)
        if how == _LOWEST and ratio > _SURGE:
            ratio = 0
        if not ratio:
            if how == _LAST or how == _LOWEST:
                return NOTHING
            ratio = 4096
        # What a resistance takes varies as the square of the voltage.
        before = base[0] * ratio // 4096 * ratio // 4096
        step = p - before
        if v:  # as it is at 230 V
            nominal = min(2 * 4096, _NOMINAL_X10 * 4096 // v)
            step = step * nominal // 4096 * nominal // 4096
        if step < self._low_x10:
            return NOTHING
        self.step_x10 = step
        self.pf_x1000 = None
        before_s = base[1] * ratio // 4096 * ratio // 4096
        unit = 1 if max(s, before_s, abs(p), abs(before)) < FINE else 10
        return self._by_power(before // unit, before_s // unit, base, unit, soon, how)

    def _by_power(self, before, before_s, base, unit, soon, how):
        p, s = self._now[0] // unit, self._now[1] // unit
        step = p - before
        if how == _LAST and s > 2 * step and (self._moves > 2 or base[0] > self._base[0]):
            return OTHER  # beside a heavy load, it may be a soft start
        square = max(step * step // 1000, 1)
        doubt = self._gain.doubt(s, square)
        rest = abs((before_s - before) * (before_s + before)) // square
        self._before = 0
        form = BETWEEN if how == _HELD else self._form(base, unit, how, doubt)
        found = OTHER
        if how != _LOWEST:
            found = self._by_change(before, before_s, base, unit, soon, how, doubt, rest, form)
        if found != OTHER or (soon and self._flat < 2 and self._moves > 1):  # it may go on
            return found
        left, known = self._gain.left(p, s, square), self._gain.steps > 0
        sharp = self._moves < 2 and form != SOFT
        if clean(left, doubt, self._limit, rest, sharp, known):
            self.pf_x1000 = 1000
            return RESISTIVE
        return OTHER

    def _by_change(self, before, before_s, base, unit, soon, how, doubt, rest, form):
        p, s = self._now[0] // unit, self._now[1] // unit
        step = p - before
        raw = change(p, s, before, before_s)
        tan2 = self._gain.corrected(raw, p, before)
        if how == _HELD:  # not all other loads begin again: there may be less N than before
            rest, tan2 = 0, max(tan2, 0)
        self.pf_x1000 = power_factor(tan2)
        lag = None
        if how != _HELD and self._var:
            lag = (self._now[3] - base[3]) // unit * 1000 // step
        phase = in_phase(lag, s, step)
        if not phase and varies(step * unit, tan2, doubt, rest):
            return OTHER
        found = self._kind(soon, tan2, doubt, rest, form, lag, phase)
        if found == RESISTIVE and how == _MEAN and BETWEEN <= form <= WITHIN and step > before:
            self._gain.show(raw, p, before)
        if found == HALF_WAVE and half_of_other(step * unit, tan2, form, self._longest_ms):
            return OTHER
        return found

    def _kind(self, soon, tan2, doubt, rest, form, lag, phase):
        if self._moves + self._before < 3 and sure(tan2, doubt, rest, form, lag, phase):
            return RESISTIVE
        if soon and self._flat < 2:
            return OTHER
        found = kind(tan2, self._limit, doubt, rest, form, lag, phase, self._gain.steps > 0)
        if soon and (found != RESISTIVE or tan2 > self._limit):
            return OTHER
        return found

    def _form(self, base, unit, how, doubt):
        """Return the form of the step: see judge.py."""
        now, part = self._now, self._part
        p, before = now[0], base[0]
        if p <= before or self._rough:
            return UNKNOWN
        parts = 1 if how == _LAST else self._moves
        step = p - before
        least = ROOM_X10 + min(self.unrest(), step // _RESTLESS) + step // _SHARP
        if how == _MEAN and abs(self._kept[self._newest] - before) > least:
            parts += 1
            self._before = 1  # it began in the last sample before it
        if not parts:
            return BETWEEN if self._longest_ms <= SLOW_MS else UNKNOWN
        if parts > 2 or (parts > 1 and doubt > _BOTH_DOUBT):
            return UNKNOWN
        form = self._shape(part, 0, base, unit)
        if parts == 1:
            return form
        if not WITHIN <= form <= BLURRED:
            return UNKNOWN
        if self._before:
            other = self._shape(self._kept, self._newest, base, unit)
        else:
            other = self._shape(self._near, 0, base, unit)
        return max(form, other) if WITHIN <= other <= BLURRED else UNKNOWN

    def _shape(self, part, at, base, unit):
        """Return the form by one sample within the step: part[at] is its P."""
        now = self._now
        return shape(
            part[at] // unit,
            current(part[at + 1] // unit, part[at + 2]),
            now[0] // unit,
            current(now[1] // unit, now[2]),
            base[0] // unit,
            current(base[1] // unit, base[2]),
        )
