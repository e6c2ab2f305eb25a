"""A frame as a sentence, for the bus trace.

For example `-> 12 read 0x1000..0x101B` and `<- 12 energy_wh=4711, credit=2000`.
"""

from . import crc, registers
from .client import exception_name
from .frame import (
    BROADCAST,
    ENCAPSULATED_INTERFACE,
    READ_FILE_RECORD,
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
    WRITE_MULTIPLE_REGISTERS,
    WRITE_SINGLE_REGISTER,
    reply_length,
    request_length,
    u16,
)

_GROUP = 7  # function 20: bytes of a group
_READS = (READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS)


class Trace:
    """Distinguishes requests from replies by the last request."""

    def __init__(self):
        self._request = b""

    def describe(self, frame, outgoing=None):
        """Return one sentence about a whole frame.

        `outgoing`: True for a request, False for a reply, None if it is not known.
        """
        size = len(frame)
        if not crc.good(frame, 0, size):
            return "?? %d bytes that are no frame" % size
        if outgoing is None:
            outgoing = not self._answers(frame)
        if outgoing:
            self._request = bytes(frame)
            return "-> %s %s" % (_who(frame[0]), _request(frame))
        return "<- %s %s" % (_who(frame[0]), _reply(frame, self._request))

    def _answers(self, frame):
        asked = self._request
        if not asked or asked[0] != frame[0] or asked[1] != frame[1] & 0x7F:
            return False
        size = len(frame)
        if reply_length(frame, 0, size) != size:
            return False
        # Functions 6 and 43 look alike both ways: after a request comes its reply.
        self._request = asked if request_length(frame, 0, size) != size else b""
        return True


def _who(address):
    return "all" if address == BROADCAST else str(address)


def _span(start, count):
    if count == 1:
        return "0x%04X" % start
    return "0x%04X..0x%04X" % (start, start + count - 1)


def _pairs(start, data):
    """Return name=value of every whole register, or the numbers if the map has none there."""
    known = registers.decode(start, data)
    if not known:
        return " ".join(str(u16(data, i)) for i in range(0, len(data) - 1, 2))
    parts = []
    for row in registers.ROWS:
        name = row[registers.NAME]
        if name in known:
            parts.append("%s=%s" % (name, known[name]))
    return ", ".join(parts)


def _request(frame):
    function = frame[1]
    size = len(frame)
    if request_length(frame, 0, size) != size:
        return "function %d, %d bytes" % (function, size)
    if function in _READS:
        return "read " + _span(u16(frame, 2), u16(frame, 4))
    if function == WRITE_SINGLE_REGISTER:
        return "write " + _pairs(u16(frame, 2), frame[4:6])
    if function == WRITE_MULTIPLE_REGISTERS:
        return "write " + _pairs(u16(frame, 2), frame[7:-2])
    if function == READ_FILE_RECORD:
        return "read " + _groups(frame)
    return "read device identification"


def _reply(frame, asked):
    function = frame[1]
    size = len(frame)
    if reply_length(frame, 0, size) != size:
        return "function %d, %d bytes" % (function, size)
    if function & 0x80:
        code = frame[2]
        return "exception: %s" % exception_name(code)
    if function in _READS:
        data = frame[3:-2]
        if len(asked) == 8 and asked[1] == function and 2 * u16(asked, 4) == len(data):
            return _pairs(u16(asked, 2), data)
        return "%d registers" % (len(data) // 2)
    if function == ENCAPSULATED_INTERFACE:
        return "identification " + _objects(frame)
    if function == READ_FILE_RECORD:
        return "%d bytes of files" % frame[2]
    return "written"


def _groups(frame):
    texts = []
    for at in range(3, 3 + frame[2] - _GROUP + 1, _GROUP):
        start, count = u16(frame, at + 3), u16(frame, at + 5)
        texts.append("file %d record %d, %d registers" % (u16(frame, at + 1), start, count))
    return "; ".join(texts)


def _objects(frame):
    at = 8
    texts = []
    for _ in range(frame[7]):
        texts.append(registers.printable(frame[at + 2 : at + 2 + frame[at + 1]]))
        at += 2 + frame[at + 1]
    return ", ".join(texts)
