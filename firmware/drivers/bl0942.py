"""BL0942 on a UART: 4800 baud 8N1 with the SEL pin low; the chip sends only when it is asked.

Read: 0x58 | address, 0xAA. Answer, 23 bytes, low byte first: 0x55, current u24, voltage u24, fast
current u24, power s24, CF_CNT u24, period of the mains u16 in us, 0, status, 0, 0, checksum.
The checksum is the inverted sum of the first byte sent and all bytes before it.

CF_CNT counts 3304.6 pulses per kWh and wraps at 2^24. The driver sets the mode register so that
CF_CNT adds absolute values (bit 7) and is not cleared by reading (bit 6): the sign of the power
tells the direction. Pulses are counted for the direction of the answer that has them, so at a
change of direction the pulses between two answers (0.4 s if none is missing), and the fraction of
a pulse in the chip, may be counted for the other direction; both together are exact.

The mark of a running chip is the number of cycles of the fast current, which nothing else uses: 1
after a start of the chip, 2 here. It is read after every answer: CF_CNT counts only if the chip
has run since the answer before. If not, CF_CNT is energy since the chip's start, counted from 0.
What the restart loses is the energy since the last answer but one. A missing or damaged answer
loses nothing. Effective values are new every 400 ms (bit 3 of the mode 0), and read as often.
"""

from .energy_register import EnergyRegister
from .inbox import Inbox
from .limits import per_s
from .part import GAINS, ONE, Part, power_factor, signed
from .ratio import Ratio
from .reading import DAMAGED, SILENT

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_READ = const(0x58)
_WRITE = const(0xA8)
_ALL = const(0xAA)
_HEADER = const(0x55)
_PACKET = const(23)
_REGISTER = const(4)
_FAST_CYCLES = const(0x16)
_MODE = const(0x19)
_WRITE_PROTECTION = const(0x1D)
_UNLOCK = const(0x55)
_OUR_MODE = const(0x87)
_OUR_MARK = const(2)
_MOST_MARK = const(7)
_PERIOD_MS = const(400)
_ANSWER_MS = const(200)
_WRAP_MS = const(1 << 28)  # at any time: a restart is detected otherwise

_IDLE = const(0)
_WAIT_PACKET = const(1)
_WAIT_MARK = const(2)

# Values of the registers for 1 V, 1 A and 1 W, and CF_CNT for 1 kWh, with the divider and the
# shunt of 1 mOhm of the data sheet's circuit.
_PER_V_X100 = const(1587336)
_PER_A_X10 = const(2512135)
_PER_W = const(596)
_PER_KWH_X100000 = const(330461127)


class Bl0942(Part):
    """A chip. `uart` has any, readinto and write, and does not wait. gains: see part.py.

    address: 0 to 3, by the chip's pins.
    """

    EXPORTS = True

    def __init__(self, uart, gains=GAINS, address=0):
        Part.__init__(self, "bl0942", 100000 * self.PULSES_PER_KWH, _PER_KWH_X100000, gains)
        self._uart = uart
        self._read = _READ | address
        self._mv = Ratio(100000 * gains[0], _PER_V_X100 * ONE)
        self._ma = Ratio(10000 * gains[1], _PER_A_X10 * ONE)
        self._w_x10 = Ratio(10 * gains[2], _PER_W * ONE)
        most = per_s("bl0942", _PER_KWH_X100000, 100000)
        self._register = EnergyRegister(1 << 24, most, _WRAP_MS, False)
        self._inbox = Inbox(uart, 64)
        self._packet = bytearray(_PACKET)
        self._ask_all = bytes((self._read, _ALL))
        self._ask_mark = bytes((self._read, _FAST_CYCLES))
        self._unlock = _write(_WRITE | address, _WRITE_PROTECTION, _UNLOCK)
        self._set_mode = _write(_WRITE | address, _MODE, _OUR_MODE)
        self._set_mark = _write(_WRITE | address, _FAST_CYCLES, _OUR_MARK)
        self._lock = _write(_WRITE | address, _WRITE_PROTECTION, 0)
        self._state = _IDLE
        self._ms = 0  # since the last request of a packet, or of the mark
        self._exporting = False  # according to the answer before
        self._strange = False  # the last answer had the mark of a start
        self._begun = False  # the chip has had our mark

    def elapsed(self, ms):
        """Ask every 400 ms and take the answers. `ms` have elapsed since the last call."""
        self._limits.elapsed(ms)
        self._register.elapsed(ms)
        self._ms += ms
        if self._state == _IDLE:
            if self._ms >= _PERIOD_MS:
                self._ask(_WAIT_PACKET, self._ask_all)
            return
        inbox = self._inbox
        if not inbox.receive():
            # The answer is at the end of what has come; there may be an echo or noise before it.
            if self._state == _WAIT_PACKET and self._ends_with(_PACKET, 0):
                at = inbox.length - _PACKET
                for i in range(_PACKET):
                    self._packet[i] = inbox.bytes[at + i]
                self._ask(_WAIT_MARK, self._ask_mark)
                return
            if self._state == _WAIT_MARK and self._ends_with(_REGISTER, _FAST_CYCLES):
                self._state = _IDLE
                self._take(inbox.bytes[inbox.length - _REGISTER])
                return
        if self._ms >= _ANSWER_MS:
            if self._state == _WAIT_MARK and not self._begun:
                self._set_up()  # the chip may have quite another mark from before
            self._state = _IDLE
            self._failed(DAMAGED if inbox.length else SILENT)

    def _ask(self, state, request):
        self._inbox.clear()
        self._uart.write(request)
        self._state = state
        self._ms = 0

    def _ends_with(self, length, register):
        """Return whether the last bytes are an answer of this length."""
        buf = self._inbox.bytes
        end = self._inbox.length - 1
        at = end - length + 1
        if at < 0:
            return False
        if length == _PACKET:
            if buf[at] != _HEADER:
                return False
        elif buf[at] > _MOST_MARK or buf[at + 1] or buf[at + 2]:
            return False  # four bytes and their checksum are soon found in noise
        total = self._read + register
        for i in range(at, end):
            total += buf[i]
        return total & 0xFF ^ 0xFF == buf[end]

    def _take(self, mark):
        if mark != _OUR_MARK:
            self._restarted()
            return
        self._strange = False
        self._begun = True
        packet = self._packet
        watts = _u24(packet, 10)
        if watts & 0x800000:
            watts -= 0x1000000
        reading = self._found
        reading.ma = self._ma.of(_u24(packet, 1))
        reading.mv = self._mv.of(_u24(packet, 4))
        reading.w_x10 = signed(self._w_x10, watts)
        period = packet[16] | packet[17] << 8
        reading.hz_x100 = 100000000 // period if period else None
        reading.pf_x1000 = power_factor(reading.w_x10, reading.mv, reading.ma)
        if self._good(reading.w_x10):
            self._count(self._register.take(_u24(packet, 13)), self._exporting)
            self._exporting = watts < 0
            self._measured()

    def _restarted(self):
        """Begin anew, when a second answer shows the mark of a chip that has just started."""
        if not self._strange:
            self._strange = True
            self._ask(_WAIT_MARK, self._ask_mark)
            return
        self._strange = False
        # The packet may be from before the restart or from after it: it does not count.
        self._register.restarted()
        self._set_up()

    def _set_up(self):
        self._uart.write(self._unlock)
        self._uart.write(self._set_mode)
        self._uart.write(self._set_mark)
        self._uart.write(self._lock)


def _u24(buf, at):
    return buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16


def _write(command, register, value):
    """Return the bytes that write a register."""
    data = bytearray((command, register, value, 0, 0, 0))
    data[5] = sum(data) & 0xFF ^ 0xFF
    return data
