"""The step detector: what kind of load was switched on, from active and apparent power.

What is judged is the difference of the samples before and after. A resistance adds active power
P and no other: N^2 = S^2 - P^2 stays as it was, whatever runs beside it. A resistance behind a
diode adds N^2 = P^2 in even harmonics, which no other load has. S alone is of no use: it does not
add up. Where S cannot decide, because the part does not give it or the step is small beside the
load before it, the shape of the step has to: steep, and flat after it.

Units: 0.1 W, 0.1 VA, 0.1 V; squares of the step in 1/1000. All fit small integers up to 25 kVA.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# Answers of sample(), the kind of the step that has ended.
NOTHING = const(0)  # no step has ended
OTHER = const(1)
RESISTIVE = const(2)
HALF_WAVE = const(3)  # a resistance behind a diode

_BEFORE = const(4)  # samples kept; the newest may have a part of the step and is left out
_PART = const(6)  # 1/10 of the smallest step: a greater change begins a step
_DECIDE_MS = const(2700)  # decide before the next sample would be later than this
_DECIDE_SHAPE_MS = const(5500)  # without apparent power
_ENDLESS_MS = const(6000)  # what is still moving is not a step
_LOST_MS = const(5000)  # without samples for so long, what was before does not count
_FLAT_X10 = const(40)  # samples that differ by less agree: the greatest of this
_FLAT = const(10)  # and of 1/1000 of the step,
_UNREST = const(30)  # and 1/1000 of the step if it was as restless before
_NOISE = const(4)  # and 1/1000 of the power
_DOUBT = const(11)  # error of the tangent's square, 1/1000 for each S^2 of the step's square
_LEAST_DOUBT = const(10)
_DIODE = const(60)
_DIODE_LESS = const(130)
_WIDE = const(25)
_USELESS = const(350)
_HIDES = const(400)
_HIDDEN = const(40)
_CLEAR = const(13)
_NEAR = const(30)
_SURE = const(110)  # with more doubt, a step that is not steep is not judged
_LINE = const(20)  # 1/1000 of the step
_FINE = const(23000)  # up to here, squares fit in units of 0.1 W
_NOMINAL_MV = const(230000)
_NO_VOLTAGE = const(200)  # _DOUBT when the voltage is only assumed
_SAG = const(3932)  # 0.96 of 4096


def isqrt(value):
    """Return the integer square root of `value`, 0 to 2^30 - 1."""
    root = 0
    bit = 1 << 28
    while bit:
        if value >= root + bit:
            value -= root + bit
            root = (root >> 1) + bit
        else:
            root >>= 1
        bit >>= 2
    return root


def volt_ampere(mv, ma):
    """Return mV times mA in 0.1 VA."""
    return mv // 100 * ma // 1000 + mv % 100 * ma // 100000


def apparent(reading):
    """Return the apparent power of a Reading in 0.1 VA, None if it cannot be told."""
    w = abs(reading.w_x10)
    ma, mv, pf, var = reading.ma, reading.mv, reading.pf_x1000, reading.var_x10
    if ma is not None and mv is not None:
        return volt_ampere(mv, ma)
    if pf:
        return w * 1000 // pf
    if var is not None:
        unit = 1 if w < _FINE and -_FINE < var < _FINE else 10
        w //= unit
        var //= unit
        return isqrt(w * w + var * var) * unit
    return None if ma is None else volt_ampere(_NOMINAL_MV, ma)


def _volts(reading):
    return None if reading.mv is None else reading.mv // 100


class Steps:
    """Set `low_w` and `tan2` first; see threshold().

    step_x10: active power of the last step up, 0.1 W. pf_x1000: its power factor, None if unknown.
    """

    def __init__(self):
        self.low_w = 180  # smaller steps are not looked at
        self.tan2 = threshold(990)
        self.step_x10 = None
        self.pf_x1000 = None
        # Before a start there was no supply: what runs already was switched on with it.
        self._p = [0] * _BEFORE
        self._s = [0] * _BEFORE
        self._v = [None] * _BEFORE
        self._newest = 0
        self._silent_ms = 0
        self._moving_ms = 0  # 0: quiet
        self._moves = 0  # samples that did not agree with the one before,
        self._slow = 0  # how many of the last of them did not by little
        self._flat = 0  # samples that agree, and their sums
        self._sum_p = self._sum_s = self._sum_v = 0
        self._part_p = self._part_s = None  # the sample with a part of the step
        self._assumed = False

    def sample(self, ms, reading):
        """Take a Reading, `ms` after the one before; return the kind of the step that ended."""
        self._silent_ms += ms
        p = reading.w_x10
        if p is None:
            return NOTHING
        ms = self._silent_ms
        self._silent_ms = 0
        s = apparent(reading)
        v = _volts(reading)
        self._assumed = v is None and reading.pf_x1000 is None
        if ms > _LOST_MS:
            self._begin(p, s, v)
        elif self._moving_ms:
            return self._follow(ms, p, s, v)
        elif self._jumped(p):
            self._start(ms, p, s, v)
        else:
            self._keep(p, s, v)
        return NOTHING

    def keep(self, reading):
        """Take a Reading without active power's change: it is kept as what was before."""
        self._keep(reading.w_x10, apparent(reading), _volts(reading))

    def quiet(self):
        """Return True while no step goes on."""
        return not self._moving_ms

    def _begin(self, p, s, v):
        """Take one sample as all that was before."""
        for _ in range(_BEFORE):
            self._keep(p, s, v)
        self._moving_ms = 0

    def _keep(self, p, s, v):
        at = self._newest = (self._newest + 1) % _BEFORE
        self._p[at] = p
        self._s[at] = s
        self._v[at] = v

    def _mean(self, kept):
        """Return the mean of what was before, None if there is a None in it."""
        total = 0
        for i in range(_BEFORE):
            if i != self._newest:
                if kept[i] is None:
                    return None
                total += kept[i]
        return total // (_BEFORE - 1)

    def _unrest(self):
        """Return by how much the active power varied before."""
        least = most = self._p[(self._newest + 1) % _BEFORE]
        for i in range(_BEFORE):
            if i != self._newest:
                least = min(least, self._p[i])
                most = max(most, self._p[i])
        return most - least

    def _jumped(self, p):
        before = self._mean(self._p)
        return abs(p - before) > max(self.part_x10(), abs(before) // 100)

    def part_x10(self):
        """Return the change of active power, 0.1 W, up to which nothing begins."""
        return _PART * self.low_w

    def _start(self, ms, p, s, v):
        self._moving_ms = ms
        self._moves = self._slow = 0
        self._restart(p, s, v)

    def _restart(self, p, s, v):
        """Begin again to gather samples that agree."""
        self._flat = 1
        self._sum_p = p
        self._sum_s = s
        self._sum_v = v

    def _gather(self, p, s, v):
        self._flat += 1
        self._sum_p += p
        self._sum_s = None if s is None or self._sum_s is None else self._sum_s + s
        self._sum_v = None if v is None or self._sum_v is None else self._sum_v + v

    def _follow(self, ms, p, s, v):
        """Take a sample after the step began."""
        self._moving_ms += ms
        mean = self._sum_p // self._flat
        step = abs(mean - self._mean(self._p))
        room = max(_FLAT_X10, step * _FLAT // 1000) + abs(mean) * _NOISE // 1000
        room += min(self._unrest(), step * _UNREST // 1000)
        limit = _DECIDE_SHAPE_MS if s is None else _DECIDE_MS
        now = self._moving_ms + ms > limit  # the next sample would be too late
        agrees = abs(p - mean) <= room
        if s is not None and self._sum_s is not None:
            agrees = agrees and abs(s - self._sum_s // self._flat) <= 2 * room
        if agrees:
            self._gather(p, s, v)
            return self._end() if now else NOTHING
        if self._flat > 2:
            kind = self._end()
            self._start(ms, p, s, v)
            return kind
        if self._moves == 1 and self._judge_sums(True) == RESISTIVE:
            self._begin_sums()
            self._start(ms, p, s, v)
            return RESISTIVE
        self._moves += 1
        self._slow = self._slow + 1 if abs(p - mean) <= self.part_x10() else 0
        if self._slow > 1 or self._moving_ms > _ENDLESS_MS:
            self._begin(mean, s, v)
            self._keep(p, s, v)
            return NOTHING
        if self._moves == 1:
            self._part_p = mean
            self._part_s = None if self._sum_s is None else self._sum_s // self._flat
        self._restart(p, s, v)
        return self._soon() if now else NOTHING

    def _soon(self):
        """Judge by one sample, where more of them would be too late."""
        kind = self._judge_sums(True)
        if kind == RESISTIVE:
            self._begin_sums()
            return kind
        return NOTHING

    def _end(self):
        """Judge the step that the samples gathered end; they are what was before the next."""
        kind = self._judge_sums(False)
        self._begin_sums()
        return kind

    def _after(self, total):
        return None if total is None else total // self._flat

    def _begin_sums(self):
        after = self._after
        self._begin(after(self._sum_p), after(self._sum_s), after(self._sum_v))

    def _judge_sums(self, soon):
        after = self._after
        return self._judge(after(self._sum_p), after(self._sum_s), after(self._sum_v), soon)

    def _judge(self, p, s, v, soon):
        """Return the kind of the step to these means; soon: judge only what is beyond doubt."""
        before, before_s = self._mean(self._p), self._mean(self._s)
        before_v = self._mean(self._v)
        if before_v and v and v * 4096 > before_v * _SAG:
            # What a resistance takes varies as the square of the voltage.
            ratio = v * 4096 // before_v
            before = before * ratio // 4096 * ratio // 4096
            if before_s is not None:
                before_s = before_s * ratio // 4096 * ratio // 4096
        step = p - before
        if step < 10 * self.low_w:
            return NOTHING
        self.step_x10 = step
        self.pf_x1000 = None
        if s is None or before_s is None:
            return RESISTIVE if self._moves < 2 and not soon else OTHER
        unit = 1 if max(s, before_s, abs(p), abs(before)) < _FINE else 10
        steep = self._steep(p // unit, s // unit, unit)
        return self._by_power(p // unit, s // unit, before // unit, before_s // unit, steep, soon)

    def _by_power(self, p, s, before, before_s, steep, soon):
        square = max((p - before) * (p - before) // 1000, 1)
        rest = (before_s - before) * (before_s + before)  # not active, squared
        tan2 = ((s - p) * (s + p) - rest) // square
        self.pf_x1000 = isqrt(1000000000 // (1000 + tan2)) if tan2 > 0 else 1000
        doubt = _NO_VOLTAGE if self._assumed else _DOUBT
        doubt = _LEAST_DOUBT + s * s // 1000 * doubt // square
        rest = abs(rest) // square
        if soon:
            sure = (steep > 1 or rest < 8) and abs(tan2) <= _CLEAR and doubt <= _NEAR
            return RESISTIVE if sure else OTHER
        room = doubt if rest < _HIDES else min(doubt, _HIDDEN)
        if -room <= tan2 <= max(self.tan2, min(room, _WIDE + room // 5)) and doubt <= _USELESS:
            if steep:
                return RESISTIVE
            if self._moves < 4 and abs(tan2) <= _CLEAR and doubt <= _NEAR and rest < 8:
                return RESISTIVE
        alone = 60 if steep == 1 else 160
        if steep and rest < alone and -_DIODE_LESS <= tan2 - 1000 <= _DIODE and doubt <= _SURE:
            return HALF_WAVE
        if steep and abs(tan2 + 1000) <= _DIODE + room and doubt <= _SURE:
            return RESISTIVE  # the diode before it was bridged
        return OTHER

    def _steep(self, p, s, unit):
        """Return 1 if the step is between two samples, 2 if it is within one, otherwise 0.

        The sample with a part of a resistance's step has the same part of P and of I^2. An inrush
        has more of I^2, a soft start less.
        """
        before, before_s = self._mean(self._p) // unit, self._mean(self._s) // unit
        parts = self._moves
        part_p, part_s = self._part_p, self._part_s
        newest = self._p[self._newest]
        least = (_FLAT_X10 + self._unrest()) // unit + (p - before) // 50
        if abs(newest // unit - before) > least:
            parts += 1  # it began in the last sample before it
            part_p, part_s = newest, self._s[self._newest]
        if parts != 1 or part_s is None:
            return not parts
        part_p = (part_p // unit - before) * 1000 // (p - before)
        part_s //= unit
        whole = (s * s - before_s * before_s) // 1000
        if whole <= 0 or not -_LINE <= part_p <= 1000 + _LINE:
            return 0
        part_s = (part_s * part_s - before_s * before_s) // whole
        near = abs(part_s - part_p) <= _LINE + s * s // 1000 * _NOISE // whole
        return 2 if near else 0


def threshold(pf_x1000):
    """Return tan^2 of a power factor of 1 to 1000, in 1/1000."""
    return 1000000000 // (pf_x1000 * pf_x1000) - 1000
