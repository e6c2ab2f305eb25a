"""HLW8012 (also CSE7759) and BL0937: pulses of active energy at CF, of voltage or current at CF1.

A CF pulse is 10.34 J of an HLW8012 and 2.03 J of a BL0937, with the usual divider of 1:2351 and
shunt of 1 mOhm. SEL selects CF1: low for current, high for voltage. CF1 is not stable after SEL
has changed: the first second is discarded and the next one measured, so each value is renewed
every 4 s.

The pulses are counted by the board's hardware, so no pulse is lost while the program does other
things, and the energy is that of the CF pulses. The chip has no register, and a restart of the
board loses the pulses meanwhile. CF gives no direction: there is no export, and energy counts as
import whichever way it flows. Without pulses for the voltage the chip has no supply: it is silent.
"""

from .limits import per_s
from .part import GAINS, ONE, Part, power_factor
from .pulse_power import PulsePower
from .ratio import Ratio
from .reading import SILENT

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_WRAP = 1 << 32
_MOST_PULSES = const(1000000)
_ROOM_S = const(10)  # the counter is read within the timeout of the watchdog
_ROOM_MS = const(10000)
_IDLE_VA_X10 = const(3000)  # a capacitor may take so much and no power
_MOST_CF1 = const(10000)
_GATE_MS = const(1000)
_CURRENT, _VOLTAGE = const(0), const(1)

# Of one pulse: energy in J; of one Hz of CF1: mV, mA; each as a fraction. The formulas are those
# of the data sheets: HLW8012 with 2.43 V and 3.579 MHz, BL0937 with 1.218 V.
HLW8012 = (
    (243 * 243 * 2351 * 64 * 1000, 10000 * 24 * 3579000),
    (243 * 2351 * 256 * 1000, 100 * 3579000),
    (243 * 512 * 1000 * 1000, 100 * 24 * 3579000),
)
BL0937 = (
    (1218 * 1218 * 2351 * 1000, 1000000 * 1721506),
    (1218 * 2351, 15397),
    (1218 * 1000, 94638),
)
_J_PER_KWH = 3600000


class Hlw8012(Part):
    """A chip. `cf`, `cf1`: counters with value(), pulses modulo 2^32. `sel`: called with a level.

    chip: HLW8012 or BL0937. gains: see part.py.
    """

    def __init__(self, cf, cf1, sel, chip=HLW8012, gains=GAINS):
        energy, voltage, current = chip
        per_kwh = energy[1] * _J_PER_KWH
        Part.__init__(self, "hlw8012", energy[0] * self.PULSES_PER_KWH, per_kwh, gains)
        self._found.together = self.reading.together = False
        self._power = PulsePower(energy[0] * gains[2], energy[1] * _J_PER_KWH * ONE)
        self._rate = per_s("hlw8012", per_kwh, energy[0])
        self._room = 0  # pulses that may have come since the last ones
        self._cf = cf
        self._cf1 = cf1
        self._sel = sel
        self._mv = Ratio(voltage[0] * gains[0], voltage[1] * ONE)
        self._ma = Ratio(current[0] * gains[1], current[1] * ONE)
        self._hz = Ratio(1, 1)  # 1000 / the milliseconds of a measurement
        self._hz.numerator = 1000
        self._cf_seen = cf.value()
        self._cf1_seen = cf1.value()
        self._selected = _VOLTAGE
        self._stable = False
        self._ms = 0  # since the selection, or since the measurement began
        self._alive = False  # there were pulses for the voltage
        sel(self._selected)

    def elapsed(self, ms):
        """Count, and measure if it is time. `ms` have elapsed since the last call."""
        self._limits.elapsed(ms)
        self._room = min(self._room + self._rate * min(ms, _ROOM_MS) // 1000, self._rate * _ROOM_S)
        now = self._cf.value()
        if now != self._cf_seen:
            new = _since(self._cf_seen, now)
            self._cf_seen = now
            # More than a chip outputs: a disturbed counter or noise. The power shows them.
            if new <= self._room:
                self._count(new)
                self._room -= new
            self._power.add(min(new, _MOST_PULSES))
        measured = self._power.elapsed(ms)
        self._ms += ms
        if self._ms >= _GATE_MS and self._measure():
            measured = True
        if measured and self._alive:
            self._found.w_x10 = self._power.w_x10
            if self._good(self._derive()):
                self._measured()

    def _measure(self):
        """Begin or end a measurement of CF1; return True if there is a new value."""
        now = self._cf1.value()
        pulses = _since(self._cf1_seen, now)
        self._cf1_seen = now
        ms = self._ms
        self._ms = 0
        if not self._stable:
            self._stable = True
            return False
        self._stable = False
        selected = self._selected
        self._selected = _VOLTAGE if selected == _CURRENT else _CURRENT
        self._sel(self._selected)
        if pulses > _MOST_CF1:
            return False
        self._hz.denominator = ms
        if selected == _VOLTAGE:
            self._alive = pulses > 0
            if not self._alive:
                self._fail(SILENT)
                return False
            self._found.mv = _per_hz(self._mv, self._hz, pulses)
        elif self._alive:
            self._found.ma = _per_hz(self._ma, self._hz, pulses)
        return self._alive

    def _derive(self):
        """Compute the power factor; return the power that must move the energy, 0.1 W.

        It is of voltage and current, because the active power is that of the pulses of energy.
        """
        found = self._found
        if found.mv is None or found.ma is None:
            return None
        found.pf_x1000 = power_factor(found.w_x10, found.mv, found.ma)
        va_x10 = found.mv // 100 * (found.ma // 10) // 100
        return max(found.w_x10, va_x10 - _IDLE_VA_X10)


def _since(before, now):
    """Return the pulses between two values of a counter."""
    return now - before if now >= before else now - before + _WRAP


def _per_hz(ratio, hz, pulses):
    """Return the value of `pulses` in the measurement's time."""
    return ratio.of(hz.of(100 * pulses)) // 100
