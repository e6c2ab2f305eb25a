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

FINE = const(23000)  # up to here, squares are small integers; beyond, count in tenfold units
NO_TAN2 = const(0x3FFFFFFF)

_SAG = const(3932)  # 0.96 in 1/4096: more is a dip, and who takes how much is unknown
_DOUBT = const(11)  # P and S of a part agree within 0.6 %, and have noise: for each S^2
_LEAST_DOUBT = const(10)
_USELESS = const(450)  # more doubt decides nothing
_FREE = const(12)  # with less rest, a load cannot hide its N behind that of another
_HIDES = const(400)  # with more it easily does,
_HIDDEN = const(30)  # and only a tan2 of so little counts
_CLEAR = const(13)  # so little tan2 and doubt need no steepness
_NEAR = const(30)  # the most doubt of a step that is judged at once,
_NEAR_WITHIN = const(45)  # of one with a sample on its line,
_PHASE_DOUBT = const(120)  # and of one in phase
_ABOVE = const(18)  # of an uncertain tan2, what may be above 0: there are the loads with high pf
_BELOW = const(10)  # of a steep step, what may be below 0 besides the doubt,
_STEEP = const(13)  # and above the limit: other loads with so high a pf start softly
_LAG = const(15)  # a load of power factor 0.98 changes the reactive power by 100 or more,
_LEADS = const(50)  # electronics lead; a motor that starts with a heater lags, and so little
_LAGS = const(141)  # is a power factor of 0.990
_LAG_DOUBT = const(4)  # the part's noise, for each S of the step
GAIN = const(16)  # in 1/1000: see gain_of()
_MOST_GAIN = const(240)
_DIODE = const(60)  # tan2 is 1000,
_DIODE_LESS = const(240)  # and less with the motor of a hair dryer
DIODE_X10 = const(2150)  # 0.1 W; with less, rectifiers have such a tan2 too
_DIODE_DOUBT = const(240)
_DIODE_REST = const(500)  # with more rest, a motor can have such a tan2 too; it has an inrush,
_DIODE_STEEP = const(60)  # but not to be seen between two samples
_BRIDGE_DOUBT = const(200)
_NO_LOAD_X10 = const(300)
_LINE = const(5)  # P and I^2 of a sample within a step have the same part within this,
_LINE_NOISE = const(4)  # and the part's noise


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


def on_line(part_p, part_s, p, s, before, before_s, ratio):
    """Return True if a sample within the step has the same part of P and of I^2.

    ratio: of the voltage after and before, in 1/4096; within the step, S is not quite V times I.

    So it is when a resistance is switched on within the sample. An inrush has more of I^2, a soft
    start less.
    """
    part_p = (part_p - before) * 1000 // (p - before)
    whole = (s * s - before_s * before_s) // 1000
    if whole <= 0 or not -_LINE <= part_p <= 1000 + _LINE:
        return False
    part_s = (part_s * part_s - before_s * before_s) // whole
    room = _LINE + s * s // 1000 * _LINE_NOISE // whole + abs(4096 - ratio) * 500 // 4096
    return abs(part_s - part_p) <= room


def change(p, s, before, before_s):
    """Return tan2 of the step from `before` to `p`."""
    n2 = (s - p) * (s + p) - (before_s - before) * (before_s + before)
    return n2 // max((p - before) * (p - before) // 1000, 1)


def gain_of(tan2, gain, p, before):
    """Return the new gain after a step of a resistance.

    The gain is the error of S^2 / P^2 of a part, in 1/16 of 1/1000; 0 while it is not known.
    """
    new = max(-_MOST_GAIN, min(_MOST_GAIN, tan2 * (p - before) * GAIN // (p + before)))
    return gain + (new - gain) // 4 if gain else new


def in_phase(lag, s, step):
    """Return True if the reactive power stayed as it was: lag is its change / step, in 1/1000."""
    return lag is not None and abs(lag) <= _LAG + _LAG_DOUBT * s // step


def _other_phase(lag, doubt, most):
    """Return True if the reactive power shows another load: it leads, or there is much doubt."""
    return lag is not None and (doubt > most or not -_LEADS <= lag <= _LAGS)


def doubt_of(s, square):
    """Return the error of tan2 to be expected; square: of the step, in 1/1000."""
    return _LEAST_DOUBT + s * s // 1000 * _DOUBT // square


def sure(tan2, s, step, rest, within, lag):
    """Return True if a step needs no more samples to be that of a resistance.

    within: a sample lies within the step, and on its line. lag: see in_phase(); None is unknown.
    """
    square = max(step * step // 1000, 1)
    doubt = doubt_of(s, square)
    above = _ABOVE + doubt // 4 if within else _ABOVE
    if doubt <= _PHASE_DOUBT and in_phase(lag, s, step) and -doubt <= tan2 <= above:
        return True
    if _other_phase(lag, doubt, _NEAR):
        return False
    if within:
        return -doubt <= tan2 <= _ABOVE and doubt <= _NEAR_WITHIN
    return abs(rest) // square < _FREE and -doubt <= tan2 <= _CLEAR and doubt <= _NEAR


def kind(tan2, limit, s, step, rest, steep, lag):
    """Return the kind of a step, after which the samples agree.

    limit: the tan2 of the power factor that is controlled. rest: N^2, not yet divided.
    steep: 0 no, 1 between two samples, 2 within one. s, step and rest are in 0.1 VA or VA.
    """
    square = max(step * step // 1000, 1)
    doubt = doubt_of(s, square)
    if doubt > _USELESS:
        return OTHER
    room = doubt if abs(rest) // square < _HIDES else min(doubt, _HIDDEN)
    phase = in_phase(lag, s, step)
    # A motor and electronics that begin together can be in phase, but not steep.
    if phase and -room - _ABOVE <= tan2 <= limit + (doubt // 2 if steep else 0):
        return RESISTIVE
    if not phase and _other_phase(lag, doubt, _NEAR_WITHIN):
        return OTHER
    if steep and -room - _BELOW <= tan2 <= limit + min(room, _STEEP + doubt // 16):
        return RESISTIVE
    if steep and doubt <= _BRIDGE_DOUBT and abs(tan2 + 1000) <= _DIODE + room:
        return RESISTIVE  # the diode before it was bridged
    free = abs(rest) // square < (_DIODE_REST if steep > 1 else _DIODE_STEEP)
    if not (phase or (steep and free)) or doubt > _DIODE_DOUBT:
        return OTHER
    return HALF_WAVE if -_DIODE_LESS <= tan2 - 1000 <= _DIODE + min(room, _HIDDEN) else OTHER
