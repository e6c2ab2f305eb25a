"""PZEM-004T v3 and v4, PZEM-014, PZEM-016: modules that answer Modbus RTU at 9600 baud 8N1.

Function 4 from address 0: voltage 0.1 V, current 0.001 A, power 0.1 W, energy 1 Wh (these three
with 32 bits, low word first), frequency 0.1 Hz, power factor 0.01, alarm. The opto-couplers of the
TTL side need 5 V. Versions 1 and 2 of the module use another protocol.

The energy register survives a power failure of the module. Only its differences count; the driver
never resets it. A register that goes back (function 0x42, another module, a wrap) or jumps is a
new start, once three answers agree: what flowed since the last answer before it is lost, and
nothing is invented. A missing or damaged answer loses nothing: the next one has the energy too.
The module measures no direction: there is no export, and whether energy that flows backwards is
counted as import depends on the module.
"""

from meterbus import crc

from .energy_register import EnergyRegister
from .inbox import Inbox
from .limits import per_s
from .part import GAINS, ONE, Part
from .ratio import Ratio
from .reading import DAMAGED, SILENT, WRONG

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


GENERAL_ADDRESS = const(0xF8)  # answered by every module: for one module on the line only
_PERIOD_MS = const(1000)
_ANSWER_MS = const(400)
_FUNCTION = const(4)
_ERROR = const(0x84)
_REGISTERS = const(10)
_ANSWER = const(25)
_ERROR_ANSWER = const(5)


class Pzem004t(Part):
    """A module. `uart` has any, readinto and write, and does not wait. gains: see part.py."""

    PULSES_PER_KWH = 1000

    def __init__(self, uart, gains=GAINS, address=GENERAL_ADDRESS):
        Part.__init__(self, "pzem004t", 1, 1, gains)
        self._uart = uart
        self._address = address
        self._mv = Ratio(100 * gains[0], ONE)
        self._ma = Ratio(gains[1], ONE)
        self._w_x10 = Ratio(gains[2], ONE)
        self._register = EnergyRegister(1 << 24, per_s("pzem004t", 1000), 0, False)
        self._inbox = Inbox(uart, 64)
        self._request = bytearray(8)
        self._request[0] = address
        self._request[1] = _FUNCTION
        self._request[5] = _REGISTERS
        crc.append(self._request, 6)
        self._asked = False
        self._ms = 0  # since the last request

    def elapsed(self, ms):
        """Ask once a second and take the answer. `ms` have elapsed since the last call."""
        self._limits.elapsed(ms)
        self._register.elapsed(ms)
        self._ms += ms
        if self._asked:
            self._inbox.receive()
            self._search()
            if self._asked and self._ms >= _ANSWER_MS:
                self._asked = False
                self._failed(DAMAGED if self._inbox.length else SILENT)
        elif self._ms >= _PERIOD_MS:
            self._inbox.clear()
            self._uart.write(self._request)
            self._asked = True
            self._ms = 0

    def _search(self):
        """Take the answer in what has been received; there may be an echo or noise before it."""
        buf = self._inbox.bytes
        end = self._inbox.length
        for at in range(end - _ERROR_ANSWER + 1):
            if not self._is_address(buf[at]):
                continue
            if buf[at + 1] == _ERROR and crc.good(buf, at, at + _ERROR_ANSWER):
                self._asked = False
                self._failed(WRONG)
                return
            if buf[at + 1] != _FUNCTION or buf[at + 2] != 2 * _REGISTERS:
                continue
            if at + _ANSWER <= end and crc.good(buf, at, at + _ANSWER):
                self._asked = False
                self._take(buf, at + 3)
                return

    def _is_address(self, byte):
        return byte == self._address or self._address == GENERAL_ADDRESS

    def _take(self, buf, at):
        # The high bytes of the high words of current, power and energy.
        if buf[at + 4] or buf[at + 8] or buf[at + 12]:
            self._failed(WRONG)
            return
        reading = self._found
        reading.mv = self._mv.of(_word(buf, at))
        reading.ma = self._ma.of(_long(buf, at + 2))
        reading.w_x10 = self._w_x10.of(_long(buf, at + 6))
        reading.hz_x100 = 10 * _word(buf, at + 14)
        reading.pf_x1000 = min(1000, 10 * _word(buf, at + 16))
        if self._good(reading.w_x10):
            self._count(self._register.take(_long(buf, at + 10)))
            self._measured()


def _word(buf, at):
    return buf[at] << 8 | buf[at + 1]


def _long(buf, at):
    return _word(buf, at) | _word(buf, at + 2) << 16
