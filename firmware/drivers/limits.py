"""What a metering part can measure at most, and the judgement of answers that are whole but false.

An answer is implausible that is beyond the limits of its part, whose active power is above the
apparent one, or whose energy is more than its power. It is stuck if its energy stands still while
its power flows, or if voltage, current and power have been the same to the last digit for minutes
under load: a mains never is so still. With a fine voltage, of steps of 0.01 V or less, that is so
without load too; of the other parts, what they answer without load cannot be judged.
"""

from .reading import IMPLAUSIBLE, OK, STUCK

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# Part: A, W, and whether its voltage is fine. From the data sheets, with the usual circuit: 1.5
# times the full scale of a shunt of 1 mOhm (30 A), which is 250 V times 54 A; a PZEM: its 100 A
# and 23 kW with a fifth more; the registers of an ATM90E26, 16 bits of mA; ADE7953: full scale
# 90 A, and a tenth. Gains scale A and W, because another shunt is set up by its gain. S0: a meter
# of three phases of 145 A.
LIMITS = {
    "pzem004t": (120, 28800, False),
    "bl0942": (45, 13500, True),
    "cse7766": (45, 13500, False),
    "hlw8012": (45, 13500, False),
    "atm90e26": (60, 18000, True),
    "ade7953": (100, 27000, True),
    "s0": (None, 100000, False),
}
_MOST_MV = const(450000)  # 400 V and a tenth: between two phases, or with a lost neutral
_LIVE_MV = const(50000)  # from this voltage there is a mains to be judged
_LEAST_HZ_X100, _MOST_HZ_X100 = const(4000), const(7000)
_NOISE_X10 = const(1000)  # of active above apparent power
_ONE = const(1000000)
INVENTED = const(6)  # beside the faults of a Reading: only the energy cannot be
# All products are below 2^30.
_MOST = const(1 << 29)
_MOST_W_X10 = const(1300000)
_MOST_PERCENT = const(5000)

_LOAD_X10 = const(200)  # power below this may be noise, which counts no energy
_STUCK_WS = const(36000)  # 10 Wh flowed by the power, none by the energy
_SAME_MS = const(300000)
_RETRY_MS = const(3600000)  # without load for so long, what was stuck may measure again
_GAP_MS = const(3000)  # after this the power between two answers is unknown
_EXCESS_MS = const(4000)  # of the greatest power
_LEAK_W = const(100)
_LATE = const(3)  # answers until energy after a gap is counted
_MOST_PULSES = const(65536)


def per_s(part, numerator, denominator=1):
    """Return the greatest counts of energy in a second. numerator / denominator: counts a kWh."""
    return LIMITS[part][1] * numerator // (denominator * 3600000) + 1


class Limits:
    """The judge of one part. gains: see part.py; per_kwh: its pulses."""

    def __init__(self, part, gains, per_kwh):
        amperes, watts, self._fine = LIMITS[part]
        self._ma = min(_MOST, amperes * gains[1] // 1000)
        self._w_x10 = min(_MOST_W_X10, watts * gains[2] // 100000)
        if min(gains) < 1:
            raise ValueError("gains")
        # Active by apparent power, percent, with 25 for errors.
        self._percent = min(_MOST_PERCENT, 125 * gains[2] * _ONE // (gains[0] * gains[1]))
        self._per_pulse = 3600000 // per_kwh  # Ws
        self._most_ws = self._w_x10 // 10 * (_EXCESS_MS // 1000)
        self._mv = self._a = self._w = 0  # of the answer before
        self._load_x10 = 0
        self._ms = 0  # since it
        self._same_ms = 0
        self._due_ws = 0  # flowed by the power since the energy moved
        self._excess_ws = 0  # energy above twice the power
        self._idle_ms = 0
        self._late = _LATE

    def elapsed(self, ms):
        """Let time pass."""
        self._ms = min(self._ms + ms, _MOST)

    def judge(self, found, pulses, load_x10):
        """Return OK, IMPLAUSIBLE, INVENTED or STUCK for the values of a whole answer, a Reading.

        pulses: of energy, since the call before. load_x10: the power that must move the energy,
        0.1 W, None if it is unknown.
        """
        ms, self._ms = self._ms, 0
        if self._beyond(found):
            self._late = _LATE
            return IMPLAUSIBLE
        if ms > _GAP_MS or load_x10 is None:
            ms = 0  # what flowed is unknown
            self._late = _LATE
        fault = OK if load_x10 is None else self._compare(load_x10, pulses, ms)
        return fault or self._still(found, ms)

    def _beyond(self, found):
        """Return whether the values cannot be."""
        mv, ma, w_x10 = found.mv, found.ma, found.w_x10
        if w_x10 is not None and abs(w_x10) > self._w_x10:
            return True
        if (ma or 0) > self._ma or (found.neutral_ma or 0) > self._ma:
            return True
        if mv is None:
            return False
        if mv > _MOST_MV:
            return True
        hz_x100 = found.hz_x100
        if hz_x100 is not None and mv >= _LIVE_MV:
            if not _LEAST_HZ_X100 <= hz_x100 <= _MOST_HZ_X100:
                return True
        if ma is None or w_x10 is None or not found.together:
            return False
        va_x10 = mv // 100 * (ma // 10) // 100
        return abs(w_x10) > va_x10 // 100 * self._percent + _NOISE_X10

    def _compare(self, load_x10, pulses, ms):
        """Compare the power, of this answer and the one before, with the energy."""
        before, self._load_x10 = self._load_x10, load_x10
        least, most = min(abs(before), abs(load_x10)), max(abs(before), abs(load_x10))
        if (before < 0) != (load_x10 < 0):
            least = 0
        more = -(most // 5 + _LEAK_W) * ms // 1000
        if self._late:
            self._late -= 1
        else:
            more += min(pulses, _MOST_PULSES) * self._per_pulse
        self._excess_ws = min(max(0, self._excess_ws + more), self._most_ws * 5 // 4)
        if pulses:
            self._due_ws = self._idle_ms = 0
        elif least >= _LOAD_X10:
            self._due_ws = min(self._due_ws + least // 10 * ms // 1000, _MOST)
            self._idle_ms = 0
        elif self._due_ws:
            self._idle_ms += ms
            if self._idle_ms >= _RETRY_MS:
                self._due_ws = self._idle_ms = 0
        if self._excess_ws > self._most_ws:
            return INVENTED
        return STUCK if self._due_ws > _STUCK_WS else OK

    def _still(self, found, ms):
        """Return STUCK for values that have been the same for too long under load."""
        mv, ma, w_x10 = found.mv, found.ma, found.w_x10
        if mv != self._mv or ma != self._a or w_x10 != self._w or not found.together:
            self._mv, self._a, self._w = mv, ma, w_x10
            self._same_ms = 0
        elif abs(w_x10 or 0) >= _LOAD_X10 or (self._fine and (mv or 0) >= _LIVE_MV):
            self._same_ms = min(self._same_ms + ms, _MOST)
        return STUCK if self._same_ms >= _SAME_MS else OK
