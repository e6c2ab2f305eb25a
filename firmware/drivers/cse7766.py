"""CSE7766: sends 24 bytes every 55 ms at 4800 baud 8E1 without being asked.

0x55, 0x5A; coefficient and period in us, u24 high byte first, of voltage, current and power;
flags of the periods that are complete (0x40 voltage, 0x20 current, 0x10 power); CF, u16; the sum
of bytes 2 to 22. A value is coefficient / period, in V, A and W. A first byte of 0xAA: the chip is
not calibrated; 0xFx: bit 3 voltage, bit 2 current or bit 1 power out of range, bit 0 coefficients
damaged. Power out of range is no power. Current below 50 mA is not measured.

One CF pulse is coefficient(power) * 1 uJ, some 5 J: CF wraps at 2^16 after 97 Wh, in 95 s at 16 A.
Missing or damaged frames lose nothing if the next good one comes within 300 ms. After that the
difference counts if CF is higher than before; if not, the chip may have been restarted, and CF
itself counts, which is too little if it was a wrap. So a longer silence loses whole multiples of
2^16 pulses, and up to the rest of the wrap; a restart loses what flowed from the last frame but
one until the chip counts again. Nothing is invented. The chip gives no direction: there is no
export, and energy counts as import whichever way it flows.

The checksum is weak. Therefore a frame counts only directly after another whole one, and a change
of the coefficients, which a chip never makes, only when several frames in a row have it.
"""

from .energy_register import EnergyRegister
from .inbox import Inbox
from .part import GAINS, ONE, Part, power_factor
from .ratio import Ratio
from .reading import DAMAGED, SILENT, WRONG

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_FRAME = const(24)
_GOOD = const(0x55)
_SECOND = const(0x5A)
_NOT_CALIBRATED = const(0xAA)
_FAULTS = const(0x0D)
_NO_POWER = const(0x02)
_VOLTAGE, _CURRENT, _POWER = const(0x40), const(0x20), const(0x10)
_COEFFICIENTS = (2, 3, 4, 8, 9, 10, 14, 15, 16)  # their bytes in a frame
_FRAMES_TO_ACCEPT = const(3)
_PARTIAL_MS = const(500)  # a partial frame older than this is dropped
_SILENT_MS = const(1000)
_QUIET_MS = const(10000)  # a period longer than this is no power: 0.5 W
_WRAP_MS = const(300)
_MOST_PER_S = const(3000)
_LEAST_MA = const(50)
_UJ_PER_PULSE = const(360000000)  # of 10000 per kWh
_MOST = const(10000000)  # in the units of the reading, beyond all limits with the least gain


class Cse7766(Part):
    """A chip. `uart` has any and readinto, and does not wait. gains: see part.py."""

    def __init__(self, uart, gains=GAINS):
        Part.__init__(self, "cse7766", 1, 1, gains)
        self._gains = (Ratio(gains[0], ONE), Ratio(gains[1], ONE), Ratio(gains[2], ONE))
        self._energy_gain = Ratio(gains[2], ONE)
        self._import.numerator = 0  # the coefficient, from the first frames
        self._import.denominator = _UJ_PER_PULSE
        self._quotient = Ratio(1, 1)
        self._accepted = bytearray(len(_COEFFICIENTS))
        self._offered = bytearray(len(_COEFFICIENTS))
        self._strange = 0  # frames in a row with the coefficients offered, not those accepted
        self._register = EnergyRegister(1 << 16, _MOST_PER_S, _WRAP_MS, True)
        self._inbox = Inbox(uart, 4 * _FRAME)
        self._byte_ms = 0  # since the last byte
        self._frame_ms = 0  # since the last good frame
        self._current_ms = self._power_ms = 0  # since a complete period
        self._any = False  # a byte has come since the last good frame
        self._clean = False  # the bytes before are a frame

    def elapsed(self, ms):
        """Take the frames that have arrived. `ms` have elapsed since the last call."""
        self._limits.elapsed(ms)
        self._register.elapsed(ms)
        self._byte_ms += ms
        self._frame_ms = min(self._frame_ms + ms, _SILENT_MS)
        self._current_ms = min(self._current_ms + ms, _QUIET_MS)
        self._power_ms = min(self._power_ms + ms, _QUIET_MS)
        if self._inbox.receive():
            self._byte_ms = 0
            self._any = True
            self._search()
        elif self._byte_ms >= _PARTIAL_MS:
            self._byte_ms = 0
            self._inbox.length = 0
            self._clean = False
        if self._frame_ms >= _SILENT_MS:
            self._fail(DAMAGED if self._any else SILENT)
            self._any = False
            self._frame_ms = self._current_ms = self._power_ms = 0

    def _search(self):
        """Take all frames in the inbox; skip what is none."""
        buf = self._inbox.bytes
        at = 0
        while at + _FRAME <= self._inbox.length:
            if _is_frame(buf, at):
                if self._clean:
                    self._take(buf, at)
                self._clean = True
                at += _FRAME
            else:
                self._clean = False
                at += 1
        self._inbox.drop(at)

    def _take(self, buf, at):
        header = buf[at]
        if header == _NOT_CALIBRATED or (header != _GOOD and header & _FAULTS):
            self._frame_ms = 0
            self._fail(WRONG)
            return
        if not self._known(buf, at):
            return
        self._frame_ms = 0
        self._any = False
        flags = buf[at + 20]
        reading = self._found
        reading.mv = self._value(buf, at + 2, 1000, 0) if flags & _VOLTAGE else None
        if flags & _CURRENT:
            ma = self._value(buf, at + 8, 1000, 1)
            reading.ma = None if ma < _LEAST_MA else ma
            self._current_ms = 0
        elif self._current_ms >= _QUIET_MS:
            reading.ma = None
        if header != _GOOD and header & _NO_POWER:
            reading.w_x10 = 0
        elif flags & _POWER:
            reading.w_x10 = self._value(buf, at + 14, 10, 2)
            self._power_ms = 0
        elif self._power_ms >= _QUIET_MS:
            reading.w_x10 = 0
        self._derive(reading)
        # Without a complete period the value may be seconds old.
        if self._good(reading.w_x10 if flags & _POWER else 0):
            cf = self._register.take(buf[at + 21] << 8 | buf[at + 22])
            self._count(self._energy_gain.add(cf))
            self._measured()

    def _derive(self, reading):
        """Compute the power factor."""
        reading.pf_x1000 = None
        if reading.mv is not None and reading.ma is not None and reading.w_x10 is not None:
            reading.pf_x1000 = power_factor(reading.w_x10, reading.mv, reading.ma)

    def _known(self, buf, at):
        """Return whether the frame has the coefficients of this chip."""
        if self._import.numerator and _same(buf, at, self._accepted):
            self._strange = 0
            return True
        if self._strange and _same(buf, at, self._offered):
            self._strange += 1
        else:
            _keep(buf, at, self._offered)
            self._strange = 1
        if self._strange < _FRAMES_TO_ACCEPT:
            return False
        _keep(buf, at, self._accepted)
        self._import.numerator = _u24(buf, at + 14)
        return True

    def _value(self, buf, at, unit, gain):
        """Return coefficient / period * `unit` with its gain, _MOST for what cannot be."""
        quotient = self._quotient
        quotient.numerator = _u24(buf, at)
        quotient.denominator = _u24(buf, at + 3)
        if not quotient.denominator:
            return _MOST
        return self._gains[gain].of(min(quotient.of(unit), _MOST))


def _is_frame(buf, at):
    header = buf[at]
    if buf[at + 1] != _SECOND:
        return False
    if header != _GOOD and header != _NOT_CALIBRATED and header & 0xF0 != 0xF0:
        return False
    total = 0
    for i in range(at + 2, at + _FRAME - 1):
        total += buf[i]
    return total & 0xFF == buf[at + _FRAME - 1]


def _same(buf, at, coefficients):
    for i in range(len(coefficients)):
        if buf[at + _COEFFICIENTS[i]] != coefficients[i]:
            return False
    return True


def _keep(buf, at, coefficients):
    for i in range(len(coefficients)):
        coefficients[i] = buf[at + _COEFFICIENTS[i]]


def _u24(buf, at):
    return buf[at] << 16 | buf[at + 1] << 8 | buf[at + 2]
