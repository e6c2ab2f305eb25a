"""ATM90E26 (M90E26) on SPI, mode 3, 200 kHz or less: one chip select, 16-bit registers.

Read: address | 0x80, then two bytes; write: address, two bytes; high byte first. Voltage 0.01 V,
currents 0.001 A, power 1 W, frequency 0.01 Hz, power factor 0.001, energy 0.1 of a pulse.

A read of an energy register clears it. The value is taken from LastData (0x06), which repeats the
last access as often as it is read, only when three reads of it agree: a damaged transfer loses
nothing. A marked register is read just before, so that an access that has not reached the chip is
recognised. What is lost: with MISO low during four transfers, or without an answer for 10 s right
after the read, the energy since the last read; with an interruption of more than 65535 counts,
2 kWh, whole multiples of that; when the chip is restarted, the energy since the last read and
until it is set up again (it measures nothing before), up to 3 s. A value that is not possible in
the time counts nothing.

The chip keeps its settings in RAM. CalStart and AdjStart are 0x8765 only while it measures with
settings whose checksums are right, else all are written again. Gains are applied by the driver:
the chip has those of the constants below.
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


_SYS_STATUS, _LAST_DATA = const(0x01), const(0x06)
_FUNC_EN, _SAG_TH = const(0x02), const(0x03)
_CAL_START, _CS1 = const(0x20), const(0x2C)
_ADJ_START, _CS2 = const(0x30), const(0x3B)
_IMPORTED, _EXPORTED = const(0x40), const(0x41)
_WRITE_SETTINGS, _RUN = const(0x5678), const(0x8765)
_BAD_CHECKSUMS = const(0xF000)
_NOTHING, _FLOATING = const(0x0000), const(0xFFFF)

# Registers 0x21 to 0x2B: energy constant, gains and angles, thresholds, mode. 0x31 to 0x3A: gains
# and offsets of the effective values. With these 3200 pulses are 1 kWh.
_CALIBRATION = (0x0015, 0xD174, 7481, 0, 0, 0, 0x08BD, 0, 0x0AEC, 0, 0x9422)
_ADJUSTMENT = (26400, 31251, 0x7530, 0, 0, 0, 0, 0, 0, 0)
_COUNTS_PER_KWH = const(32000)
# Phase current, voltage, active and reactive power, frequency, power factor, neutral current.
_MEASURED = (0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x68)

_PERIOD_MS = const(1000)
_LONGEST_MS = const(1 << 28)
_TRIES = const(500)  # 10 s
_IDLE, _CHECK, _IMPORT, _EXPORT, _MEASURE = const(0), const(1), const(2), const(3), const(4)


class Atm90e26(Part):
    """A chip. `spi` has write_readinto, `select` is called with a level (a Pin is suitable).

    gains: see part.py. Each call of elapsed has at most 25 transfers of 3 bytes.
    """

    EXPORTS = True

    def __init__(self, spi, select, gains=GAINS):
        Part.__init__(self, "atm90e26", self.PULSES_PER_KWH, _COUNTS_PER_KWH, gains)
        self._spi = spi
        self._select = select
        self._per_s = per_s("atm90e26", _COUNTS_PER_KWH)
        self._mv = Ratio(10 * gains[0], ONE)
        self._ma = Ratio(gains[1], ONE)
        self._w_x10 = Ratio(10 * gains[2], ONE)
        self._sent = bytearray(3)
        self._received = bytearray(3)
        self._values = array("H", _MEASURED)
        self._ms = _PERIOD_MS
        # ms since the chip began the energy that it counts, and since the last read of one.
        self._since = array("I", (_LONGEST_MS, _LONGEST_MS))
        self._clear_ms = 0
        self._state = _IDLE
        self._cleared = False  # the energy register was read, its value is in LastData
        self._tries = 0  # reads of LastData that failed
        self._strange = False  # the last check found the chip without its settings
        select(1)

    def elapsed(self, ms):
        """Do the next step of a measurement each second. `ms` have elapsed since the last call."""
        self._limits.elapsed(ms)
        since = self._since
        since[0] = min(since[0] + ms, _LONGEST_MS)
        since[1] = min(since[1] + ms, _LONGEST_MS)
        self._clear_ms = min(self._clear_ms + ms, _LONGEST_MS)
        self._ms = min(self._ms + ms, _PERIOD_MS)
        state = self._state
        if state == _IDLE:
            if self._ms >= _PERIOD_MS:
                self._ms = 0
                self._state = _CHECK
        elif state == _CHECK:
            self._check()
        elif state == _IMPORT:
            self._read_energy(_IMPORTED, _EXPORT)
        elif state == _EXPORT:
            self._read_energy(_EXPORTED, _MEASURE)
        else:
            self._state = _IDLE
            self._measure()

    def _check(self):
        """Write the settings, when a second check shows that the chip has lost them."""
        running = self._read(_CAL_START)
        adjusted = self._read(_ADJ_START)
        status = self._read(_SYS_STATUS)
        self._state = _IDLE
        if running == _FLOATING or (running == _NOTHING and adjusted == _NOTHING):
            self._failed(SILENT)
        elif running == _RUN and adjusted == _RUN and not status & _BAD_CHECKSUMS:
            self._strange = False
            self._state = _IMPORT
        elif self._strange:
            self._strange = False
            self._fail(WRONG)
            self._set_up()
        else:
            self._strange = True
            self._failed(DAMAGED)

    def _set_up(self):
        self._write(_FUNC_EN, 0x0030)
        self._write(_SAG_TH, 0x17DD)
        self._write_block(_CAL_START, _CALIBRATION, _CS1)
        self._write_block(_ADJ_START, _ADJUSTMENT, _CS2)
        self._write(_CAL_START, _RUN)
        self._write(_ADJ_START, _RUN)

    def _write_block(self, start, values, checksum):
        """Write settings and their checksum: the sum of all bytes, and above it their XOR."""
        self._write(start, _WRITE_SETTINGS)
        total = xor = 0
        for i in range(len(values)):
            value = values[i]
            self._write(start + 1 + i, value)
            total += (value >> 8) + (value & 0xFF)
            xor ^= value >> 8 ^ value & 0xFF
        self._write(checksum, xor << 8 | total & 0xFF)

    def _read_energy(self, register, after):
        """Read and count an energy register, then go on with the state `after`."""
        if not self._cleared:
            if self._read(_CAL_START) != _RUN:
                self._state = _IDLE
                self._failed(DAMAGED)
                return
            self._read(register)
            self._cleared = True
            self._clear_ms = 0
            self._tries = 0
        value = self._read(_LAST_DATA)
        again = self._read(_LAST_DATA)
        if value != again or value != self._read(_LAST_DATA) or value == _FLOATING:
            self._failed(SILENT if value == _FLOATING else DAMAGED)
            self._tries += 1
            if self._tries < _TRIES:
                return  # the value stays in the chip
            value = _RUN
        self._cleared = False
        self._state = after
        exported = register == _EXPORTED
        since = self._since
        if value != _RUN and value <= self._per_s * (since[exported] // 1000 + 2):
            self._count(value, exported)
            since[exported] = self._clear_ms

    def _measure(self):
        values = self._values
        for i in range(len(_MEASURED)):
            value = self._read(_MEASURED[i])
            if value != self._read(_LAST_DATA):
                self._failed(DAMAGED)
                return
            values[i] = value
        if self._read(_CAL_START) != _RUN:
            self._failed(DAMAGED)
            return
        reading = self._found
        reading.ma = self._ma.of(values[0])
        reading.mv = self._mv.of(values[1])
        reading.w_x10 = signed(self._w_x10, _s16(values[2]))
        reading.var_x10 = signed(self._w_x10, _s16(values[3]))
        reading.hz_x100 = values[4]
        reading.pf_x1000 = min(1000, values[5] & 0x7FFF)
        reading.neutral_ma = self._ma.of(values[6])
        if self._good(reading.w_x10):
            self._measured()

    def _read(self, register):
        self._sent[0] = register | 0x80
        self._sent[1] = self._sent[2] = 0
        self._transfer()
        return self._received[1] << 8 | self._received[2]

    def _write(self, register, value):
        self._sent[0] = register
        self._sent[1] = value >> 8
        self._sent[2] = value & 0xFF
        self._transfer()

    def _transfer(self):
        self._select(0)
        self._spi.write_readinto(self._sent, self._received)
        self._select(1)


def _s16(value):
    return value - 0x10000 if value & 0x8000 else value
