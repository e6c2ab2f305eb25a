"""ADE7953 on I2C: address 0x38, register addresses of 16 bits, values high byte first.

Channel A is the phase, channel B the neutral wire. With the usual circuit 26000 is 1 V, 100000 is
1 A, 154 is 1 W, and the energy register counts 23716 in 1 Wh; the period register is
223750 / Hz - 1.

The energy register is signed and cleared by reading. Its value is taken from LAST_RWDATA (0x3FF),
which repeats the last successful access as often as it is read, when LAST_ADD (0x1FE) is the
energy register and three reads agree: a read that fails or is damaged loses nothing. CONFIG is
read before, so that an earlier access is not taken for this one. Energy counts as import or export
by its sum between two reads (0.5 s if none fails). What is lost: when the chip is restarted, the
energy since the last read; when nobody has read it for more than 2^29 counts, 22 kWh, all of it. A
value that is not possible in the time counts nothing.

The chip forgets its settings at a restart. Bit 15 of CONFIG is 1 after one and 0 here, which also
fixes the chip on I2C; the unlock sequence and the recommended setting of 0x120 follow.
"""

from array import array

from .limits import per_s
from .part import GAINS, ONE, Part, signed
from .ratio import Ratio
from .reading import DAMAGED, SILENT, WRONG

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


ADDRESS = const(0x38)
_ADDRESS_BITS = const(16)
_CONFIG = const(0x102)
_OUR_CONFIG = const(0x0004)
_UNLOCK, _UNLOCK_VALUE = const(0x0FE), const(0xAD)
_RECOMMENDED, _RECOMMENDED_VALUE = const(0x120), const(0x0030)
_ENERGY = const(0x31E)
_LAST_ADD = const(0x1FE)
_LAST_DATA = const(0x3FF)
# Currents, voltage, active and reactive power; then power factor and period.
_MEASURED = (0x31A, 0x31B, 0x31C, 0x312, 0x314, 0x10A, 0x10E)

_PERIOD_MS = const(500)
_LONGEST_S = const(1780)  # so that the limit is below 2^29

_IDLE, _CHECK, _CLEAR, _WHICH = const(0), const(1), const(2), const(3)
_VALUE, _AGAIN, _THIRD, _FIRST = const(4), const(5), const(6), const(7)
_TRIES = const(20)


class Ade7953(Part):
    """A chip. `i2c` has readfrom_mem_into and writeto_mem. gains: see part.py.

    The current's gain is that of both channels. Each call of elapsed reads one register.
    """

    EXPORTS = True

    def __init__(self, i2c, gains=GAINS, address=ADDRESS):
        Part.__init__(self, "ade7953", 10 * self.PULSES_PER_KWH, 237160000, gains)
        self._i2c = i2c
        self._address = address
        self._per_s = per_s("ade7953", 23716000)
        self._mv = Ratio(gains[0], 26 * ONE)
        self._ma = Ratio(gains[1], 100 * ONE)
        self._w_x10 = Ratio(10 * gains[2], 154 * ONE)
        self._byte = bytearray(1)
        self._word = bytearray(2)
        self._long = bytearray(4)
        self._energy = bytearray(4)
        self._values = array("i", _MEASURED)
        self._state = _IDLE
        self._ms = _PERIOD_MS
        self._since_ms = 0
        self._since_s = _LONGEST_S  # since the chip began the energy that it counts
        self._clear_s = 0  # since the last access that may have cleared it
        self._strange = False  # the last check found the chip without its settings
        self._tries = 0  # reads of LAST_ADD

    def elapsed(self, ms):
        """Do the next step of a measurement. `ms` have elapsed since the last call."""
        self._limits.elapsed(ms)
        self._ms = min(self._ms + ms, _PERIOD_MS)
        self._since_ms += ms
        if self._since_ms >= 1000:
            self._since_s = min(self._since_s + self._since_ms // 1000, _LONGEST_S)
            self._clear_s = min(self._clear_s + self._since_ms // 1000, _LONGEST_S)
            self._since_ms %= 1000
        if self._state == _IDLE:
            if self._ms < _PERIOD_MS:
                return
            self._ms = 0
            self._state = _CHECK
        try:
            self._step(self._state)
        except OSError:
            self._failed(SILENT)
            if self._state == _CLEAR:
                self._state = _WHICH  # the chip may have cleared the register all the same
            elif self._state == _CHECK or self._state >= _FIRST:
                self._state = _IDLE

    def _step(self, state):
        if state == _CHECK:
            self._check()
        elif state == _CLEAR:
            self._tries = 0
            self._clear_s = 0
            self._read(_ENERGY, self._energy)
            self._state = _WHICH
        elif state == _WHICH:
            self._read(_LAST_ADD, self._word)
            last = self._word[0] << 8 | self._word[1]
            self._tries += 1
            if last == _ENERGY:
                self._state = _VALUE
            elif last == _CONFIG or self._tries >= _TRIES:
                self._state = _FIRST  # not cleared, or restarted meanwhile
        elif state == _VALUE:
            self._read(_LAST_DATA, self._energy)
            self._state = _AGAIN
        elif state == _AGAIN or state == _THIRD:
            self._read(_LAST_DATA, self._long)
            if not self._same():
                self._state = _VALUE
            elif state == _AGAIN:
                self._state = _THIRD
            else:
                self._state = _FIRST
                self._take()
        else:
            self._measure(state - _FIRST)

    def _check(self):
        """Write the settings, when a second check shows that the chip has lost them."""
        self._read(_CONFIG, self._word)
        if self._word[0] << 8 | self._word[1] == _OUR_CONFIG:
            self._strange = False
            self._state = _CLEAR
            return
        self._state = _IDLE
        if not self._strange:
            self._strange = True
            return
        self._strange = False
        self._fail(WRONG)
        self._byte[0] = _UNLOCK_VALUE
        self._write(_UNLOCK, self._byte)
        self._word[0] = _RECOMMENDED_VALUE >> 8
        self._word[1] = _RECOMMENDED_VALUE & 0xFF
        self._write(_RECOMMENDED, self._word)
        self._word[0] = _OUR_CONFIG >> 8
        self._word[1] = _OUR_CONFIG & 0xFF
        self._write(_CONFIG, self._word)  # last: it is the sign that all is written

    def _same(self):
        for i in range(4):
            if self._energy[i] != self._long[i]:
                self._failed(DAMAGED)
                return False
        return True

    def _take(self):
        counts = _s32(self._energy)
        if abs(counts) > self._per_s * (self._since_s + 2):
            return
        self._since_s = self._clear_s
        if counts < 0:
            self._count(-counts, True)
        else:
            self._count(counts)

    def _measure(self, number):
        register = _MEASURED[number]
        if register < 0x300:
            self._read(register, self._word)
            self._values[number] = self._word[0] << 8 | self._word[1]
        else:
            self._read(register, self._long)
            self._values[number] = _s32(self._long)
        self._state += 1
        if number == len(_MEASURED) - 1:
            self._state = _IDLE
            self._publish()

    def _publish(self):
        values = self._values
        for i in range(3):
            if not 0 <= values[i] < 0x1000000:
                self._failed(DAMAGED)
                return
        reading = self._found
        reading.ma = self._ma.of(values[0])
        reading.neutral_ma = self._ma.of(values[1])
        reading.mv = self._mv.of(values[2])
        reading.w_x10 = signed(self._w_x10, values[3])
        reading.var_x10 = signed(self._w_x10, values[4])
        factor = values[5] - 0x10000 if values[5] & 0x8000 else values[5]
        reading.pf_x1000 = min(1000, abs(factor) * 1000 // 0x7FFF)
        reading.hz_x100 = 22375000 // (values[6] + 1)
        if self._good(reading.w_x10):
            self._measured()

    def _read(self, register, buf):
        self._i2c.readfrom_mem_into(self._address, register, buf, addrsize=_ADDRESS_BITS)

    def _write(self, register, buf):
        self._i2c.writeto_mem(self._address, register, buf, addrsize=_ADDRESS_BITS)


def _s32(buf):
    """Return a signed value, below 2^29 without its sign: greater ones are cut to this."""
    high = buf[0] - 0x100 if buf[0] & 0x80 else buf[0]
    if high <= -0x20:
        return -0x1FFFFFFF
    if high >= 0x20:
        return 0x1FFFFFFF
    return (high << 24) + (buf[1] << 16 | buf[2] << 8 | buf[3])
