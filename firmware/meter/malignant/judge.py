"""What a step is, judged by active and apparent power: pure functions on small integers.

A resistance adds active power P and no other: N^2 = S^2 - P^2 stays as it was, whatever runs
beside it. A resistance behind a diode adds N^2 = P^2 in even harmonics. S by itself does not add
up. "tan2" is the change of N^2, "rest" the N^2 before the step, "doubt" the error of tan2 to be
expected, all in 1/1000 of the square of the step's P.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# Kinds of step.
NOTHING = const(0)  # there is none, or none that is large enough
OTHER = const(1)
RESISTIVE = const(2)
HALF_WAVE = const(3)  # a resistance behind a diode

# Forms of step
UNKNOWN = const(0)
BETWEEN = const(1)  # between two samples
WITHIN = const(2)  # within one, at once
BLURRED = const(3)  # as WITHIN, but only nearly: one sample is not enough
INRUSH = const(4)  # within one, with more current at first
SOFT = const(5)  # within one, by and by

FINE = const(23000)  # up to here, squares are small integers; beyond, count in tenfold units
NO_TAN2 = const(0x3FFFFFFF)

_MOST = const(32000)  # its square is a small integer
_NOMINAL_X10 = const(2300)
_SAG = const(3932)  # 0.96 in 1/4096: more is a dip, and who takes how much is unknown
_USELESS = const(300)  # more doubt decides nothing
_CLEAN_DOUBT = const(16)  # up to this, N^2 after the step is known well,
_CLEAR_DOUBT = const(45)  # or well enough if it is within the limit
_NONE = const(5)  # N^2 after a step that has none
_FREE = const(12)  # with less rest, a load cannot hide its N behind that of another
_HIDES = const(400)  # with more it easily does,
_HIDDEN = const(30)  # and only a tan2 of so little counts
_CLEAR = const(13)  # with so little tan2 and rest, a step needs no form,
_NEAR = const(19)  # up to this doubt;
_AGREED = const(18)  # with this, if two samples agree,
_AGREED_ABOVE = const(12)  # with so little tan2 and 2/3 of the rest
_NEAR_WITHIN = const(70)  # the most doubt of a step at once that is judged by one sample,
_PHASE_DOUBT = const(120)  # and of one in phase
_ABOVE = const(18)  # of an uncertain tan2, what may be above 0: there are the loads with high pf
_BELOW = const(5)  # of a steep step, what may be below 0 besides the doubt,
_STEEP = const(13)  # and above the limit: other loads with so high a pf start softly
_UP = const(16)  # and this part of the doubt,
_KNOWN_UP = const(4)  # or this, where the gain is known
_BEHIND = const(28)  # with more rest, a motor with an inrush hides behind electronics
_BEHIND_DOUBT = const(100)  # or with more doubt
_LAG = const(15)  # a load of power factor 0.98 changes the reactive power by 100 or more,
_LEADS = const(50)  # electronics lead; a motor that starts with a heater lags, and so little
_LAGS = const(141)  # is a power factor of 0.990
_LAG_DOUBT = const(4)  # the part's noise, for each S of the step
_LAG_NEAR = const(30)  # the most doubt of a step that is not in phase, judged by one sample,
_LAG_AGREED = const(45)  # and by two
_DIODE = const(60)  # tan2 is 1000,
_DIODE_LESS = const(240)  # and less with the motor of a hair dryer,
_DIODE_SMALL = const(900)  # which is not small
_DIODE_X10 = const(2150)  # 0.1 W; with less, rectifiers have such a tan2 too,
_DIODE_BETWEEN_X10 = const(3000)  # and with less than this, an inrush that no sample has
_DIODE_MS = const(700)  # an inrush may be over between samples that are farther apart
_DIODE_DOUBT = const(90)
_DIODE_STEEP = const(60)  # with more rest, a motor can have such a tan2 too, but not at once
_BRIDGE_DOUBT = const(150)
_SMALL_X10 = const(2500)  # electronics vary by so much,
_SMALL_REST = const(60)  # and with so much rest,
_SMALL_DOUBT = const(40)  # or so much doubt, their N is hidden
_NO_LOAD_X10 = const(300)
_LINE = const(10)  # P and I^2 of a sample within a step have the same part within this,
_LINE_NOISE = const(4)  # the part's noise,
_COLD = const(60)  # and of I^2 more, as a cold wire takes up to 5 % more


def dip(before, after):
    """Return the voltage `after` against that `before`, in 1/4096; 0 of a dip.

    4096 of a supply that was off.
    """
    if not before:
        return 4096
    ratio = after * 4096 // before
    return ratio if ratio > _SAG else 0


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


def threshold(pf_x1000):
    """Return the tan2 of a power factor, 0 to 1000."""
    return 1000000000 // (pf_x1000 * pf_x1000) - 1000 if pf_x1000 > 1 else NO_TAN2


def power_factor(tan2):
    """Return the power factor of a tan2, in 1/1000."""
    return isqrt(1000000000 // (1000 + min(tan2, 999000000))) if tan2 > 0 else 1000


def apparent(reading):
    """Return the apparent power of a Reading in 0.1 VA, None if it cannot be told."""
    ma, mv, pf = reading.ma, reading.mv, reading.pf_x1000
    if mv is None or reading.w_x10 is None or not reading.together:
        return None
    if ma is not None:
        return mv // 100 * ma // 1000 + mv % 100 * ma // 100000
    w = abs(reading.w_x10)
    if pf:
        return w * 1000 // pf
    return w if w < _NO_LOAD_X10 else None  # too little for the part to measure its current


def current(s, v):
    """Return the current of an apparent power at a voltage in 0.1 V, as VA at 230 V."""
    return min(s * _NOMINAL_X10 // max(v, 1), _MOST)


def shape(part_p, part_i, p, i, before, before_i):
    """Return the form of a step by the parts of P and of I^2 that the sample within it has.

    A resistance has the same of both, an INRUSH more of I^2, a SOFT start less.
    """
    part_p = (part_p - before) * 1000 // (p - before)
    whole = (i * i - before_i * before_i) // 1000
    if whole <= 0 or part_p < -_LINE // 2:
        return UNKNOWN
    more = (part_i * part_i - before_i * before_i) // whole - part_p
    room = _LINE + i * i // 1000 * _LINE_NOISE // whole
    if more < -room:
        return SOFT
    if more * 2 < -room:
        return BLURRED
    return WITHIN if more <= room + part_p * _COLD // 1000 else INRUSH


def change(p, s, before, before_s):
    """Return tan2 of the step from `before` to `p`."""
    n2 = (s - p) * (s + p) - (before_s - before) * (before_s + before)
    return n2 // max((p - before) * (p - before) // 1000, 1)


def in_phase(lag, s, step):
    """Return True if the reactive power stayed as it was: lag is its change / step, in 1/1000."""
    return lag is not None and abs(lag) <= _LAG + _LAG_DOUBT * s // step


def _other_phase(lag, doubt, most):
    """Return True if the reactive power shows another load: it leads, or there is much doubt."""
    return lag is not None and (doubt > most or not -_LEADS <= lag <= _LAGS)


def clean(left, doubt, limit, rest, sharp, known):
    """Return True if after the step there are only resistances: no other load can have begun.

    left: N^2 after the step. N of another load and N of what was there before are never quite
    opposite: see docs/meter.md. sharp: it was no soft start; known: the part's gain is.
    """
    if left < -doubt:
        return False
    most = limit + rest if left < _NONE else limit
    if sharp and doubt <= _CLEAR_DOUBT and left + doubt <= most:
        return True
    return known and doubt <= _CLEAN_DOUBT and left <= _FREE


def varies(step_x10, tan2, doubt, rest):
    """Return True if electronics beside others vary by as much as this step."""
    small = step_x10 < _SMALL_X10 and rest > _SMALL_REST and tan2 < _DIODE_SMALL
    return small and (doubt > _SMALL_DOUBT or abs(tan2) * 3 > doubt)


def half_of_other(step_x10, tan2, form, ms):
    """Return True if a step of HALF_WAVE may be that of a rectifier or motor.

    It is small, or an inrush may have been over within the `ms` between two samples.
    """
    least = _DIODE_X10
    if form == BETWEEN:
        least = _DIODE_BETWEEN_X10
        if ms > _DIODE_MS:
            return True
    return step_x10 < least or (step_x10 < _SMALL_X10 and tan2 < _DIODE_SMALL)


def sure(tan2, doubt, rest, form, lag, phase):
    """Return True if a step needs no more samples to be that of a resistance.

    lag and phase: see in_phase(); a lag of None is unknown.
    """
    within = form == WITHIN
    above = _ABOVE + doubt // 4 if within else _ABOVE
    if doubt <= _PHASE_DOUBT and phase and -doubt <= tan2 <= above:
        return True
    if _other_phase(lag, doubt, _LAG_NEAR):
        return False
    if within:
        return -doubt * 3 // 4 <= tan2 <= _ABOVE and doubt <= _NEAR_WITHIN
    above = _CLEAR - (_FREE if form == SOFT else rest)
    return rest < _FREE and doubt <= _NEAR and -doubt <= tan2 <= above


def kind(tan2, limit, doubt, rest, form, lag, phase, known):
    """Return the kind of a step, after which the samples agree.

    limit: the tan2 of the power factor that is controlled. known: the gain is.
    """
    if doubt > _USELESS:
        return OTHER
    room = doubt if rest < _HIDES else min(doubt, _HIDDEN)
    steep = BETWEEN <= form <= BLURRED
    # A motor and electronics that begin together can be in phase, but not steep.
    if phase and -room - _ABOVE <= tan2 <= limit + (doubt // 2 if steep else 0):
        return RESISTIVE
    if not phase and _other_phase(lag, doubt, _LAG_AGREED):
        return OTHER
    if known and doubt <= _AGREED and -doubt <= tan2 <= _AGREED_ABOVE - rest * 2 // 3:
        return RESISTIVE
    if form == INRUSH and known and rest < _BEHIND and doubt <= _BEHIND_DOUBT:
        above = max(limit + _STEEP - 3 * rest - doubt // 2, limit // 2)
        if -room - _BELOW <= tan2 <= above:
            return RESISTIVE
    above = _STEEP + doubt // (_KNOWN_UP if known else _UP)
    if steep and -room * 3 // 4 - _BELOW <= tan2 <= limit + min(room, above):
        return RESISTIVE
    if steep and doubt <= _BRIDGE_DOUBT and abs(tan2 + 1000) <= _DIODE + room:
        return RESISTIVE  # the diode before it was bridged
    free = form == WITHIN or form == BLURRED or (form == BETWEEN and rest < _DIODE_STEEP)
    if not (phase or free) or doubt > _DIODE_DOUBT:
        return OTHER
    return HALF_WAVE if -_DIODE_LESS <= tan2 - 1000 <= _DIODE + min(room, _HIDDEN) else OTHER
