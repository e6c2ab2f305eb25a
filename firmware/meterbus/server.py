"""The server's side of Modbus RTU on a line shared with other servers. No I/O, no clock.

The server receives the requests to all servers and the replies of all others. A frame that begins
with its own address or with 0 can only be a request, so it is taken as soon as its length, derived
from the function, is there and its CRC is good. Frames of others are stepped over in the same way,
a request and then its reply. When nothing fits, the server is out of step and obeys nothing until
the line was silent: a request that stands inside another frame's data is not obeyed.

A line that turns round may add a stray byte, 0x00 or 0xF8 to 0xFF, in front of a frame: none of
them is a server's address. What follows stray bytes is obeyed after the silence, if up to there it
is one whole request to this server with a good CRC.
"""

from . import crc, identification
from .frame import (
    BROADCAST,
    ENCAPSULATED_INTERFACE,
    ILLEGAL_DATA_ADDRESS,
    ILLEGAL_DATA_VALUE,
    ILLEGAL_FUNCTION,
    MAX_FRAME,
    MAX_READ,
    MAX_WRITE,
    READ_FILE_RECORD,
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
    SERVER_DEVICE_FAILURE,
    UNKNOWN,
    WRITE_MULTIPLE_REGISTERS,
    WRITE_SINGLE_REGISTER,
    reply_length,
    request_length,
    u16,
)

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_MAX_STRAY = const(4)  # stray bytes in front of a frame
_LAST_ADDRESS = const(247)
# Function 20: bytes of a group in a request, of all groups in a request or reply, and the only
# reference type.
_GROUP = const(7)
_MAX_GROUPS = const(245)
_REFERENCE = const(6)


class Server:
    """One server. `address` 1..247.

    `handler` has
    `read(function, start, count, out) -> code`: fill `out`, a memoryview of 2 * count bytes;
    `write(start, count, data) -> code`: take the registers in `data`;
    `read_file(number, start, count, out) -> code`: fill `out` with registers of a file;
    `identify(object_id) -> text`, or None if there is no such object.
    `code` is 0 or a Modbus exception code. Its attribute `to_all` is set before: True for a
    broadcast.
    """

    def __init__(self, address, handler):
        self.address = address
        self._handler = handler
        self._buf = bytearray(MAX_FRAME)
        self._length = 0
        self._needed = 0  # bytes that the frame in the buffer has at least
        self._lost = True  # until the first silence: a frame may have begun before the start
        self._stray = False  # the buffer begins with stray bytes; wait for the silence
        self._expected = 0  # the server whose reply comes next, 0 if none was asked
        self._reply = bytearray(MAX_FRAME)
        self._view = memoryview(self._reply)
        self.good = 0  # frames to this server with a good CRC
        self.bad = 0  # times the line was out of step

    def receive(self, data, count=-1):
        """Take `count` bytes from the line, -1: all of `data`. Return the reply to send (a
        memoryview), or None. Nothing is allocated unless there is a request to this server."""
        reply = None
        for at in range(len(data) if count < 0 else count):
            if self._lost:
                break
            if self._length == MAX_FRAME:
                self._lose()
                break
            self._buf[self._length] = data[at]
            self._length += 1
            if self._length >= self._needed:
                self._needed = 0
                reply = self._step() or reply
        return reply

    def gap(self):
        """Note that the line was silent for 3.5 characters. Return the reply to send, or None.

        A frame whose length does not follow from its function, and one behind stray bytes, still
        wait for this.
        """
        reply = None
        if self._length:
            if self._waits_for_silence():
                reply = self._answer()
            elif self._drop_stray():
                reply = self._answer()
        self._length = self._needed = 0
        self._expected = 0
        self._lost = False
        self._stray = False
        return reply

    def _waits_for_silence(self):
        """Return True if the buffer is a frame to this server with an unknown function."""
        buf, length = self._buf, self._length
        return (
            (buf[0] == self.address or buf[0] == BROADCAST)
            and request_length(buf, 0, length) == UNKNOWN
            and crc.good(buf, 0, length)
        )

    def _drop_stray(self):
        """Move a request behind stray bytes to the front; False if there is none."""
        buf, length = self._buf, self._length
        start = 0
        while start < min(_MAX_STRAY, length) and not 0 < buf[start] <= _LAST_ADDRESS:
            start += 1
        size = length - start
        if not start or size < 2 or buf[start] != self.address:
            return False
        if request_length(buf, start, length) != size or not crc.good(buf, start, length):
            return False
        for i in range(size):
            buf[i] = buf[start + i]
        self._length = size
        return True

    def _lose(self):
        """Carry out nothing until the silence; keep what follows a stray byte until then."""
        self.bad += 1
        if self._length < MAX_FRAME and not self._expected and not self._buf[0]:
            self._stray = True
            return
        self._lost = True
        self._length = 0
        self._expected = 0

    def _step(self):
        """Check the frame that begins at the start of the buffer; None or a reply."""
        first = self._buf[0]
        if self._stray:
            return None
        if self._expected and first != self._expected:
            self._lose()  # after a request only the server that was asked may follow at once
        elif first > _LAST_ADDRESS:
            self._stray = True
        elif first != self.address and first != BROADCAST:  # a tuple would be allocated
            self._step_over()
        else:
            size = request_length(self._buf, 0, self._length)
            if size > MAX_FRAME:
                self._lose()
            elif size > self._length:
                self._needed = size
            elif size == self._length:
                if crc.good(self._buf, 0, size):
                    self._length = 0
                    return self._answer()
                self._lose()
        return None

    def _step_over(self):
        """Skip a frame between the client and another server."""
        buf = self._buf
        length = self._length
        if not self._expected and length == request_length(buf, 0, length):
            if crc.good(buf, 0, length):
                self._expected = buf[0]
                self._length = 0
                return
        if length == reply_length(buf, 0, length) and crc.good(buf, 0, length):
            self._expected = 0
            self._length = 0

    def _answer(self):
        """Carry out the request in the buffer; return the reply, or None after a broadcast."""
        self.good += 1
        buf = self._buf
        function = buf[1]
        self._handler.to_all = buf[0] == BROADCAST
        serve = _SERVE.get(function)
        if serve is None:
            code, length = ILLEGAL_FUNCTION, 0
        else:
            try:
                code, length = serve(self)
            except OSError:
                code, length = SERVER_DEVICE_FAILURE, 0
        if buf[0] == BROADCAST:
            return None
        self._reply[0] = self.address
        self._reply[1] = function
        if code:
            self._reply[1] = function | 0x80
            self._reply[2] = code
            length = 3
        return self._view[: crc.append(self._reply, length)]

    def _read(self):
        start = u16(self._buf, 2)
        count = u16(self._buf, 4)
        if self._buf[0] == BROADCAST:
            return 0, 0
        if not 1 <= count <= MAX_READ:
            return ILLEGAL_DATA_VALUE, 0
        if start + count > 0x10000:
            return ILLEGAL_DATA_ADDRESS, 0
        self._reply[2] = 2 * count
        out = self._view[3 : 3 + 2 * count]
        return self._handler.read(self._buf[1], start, count, out), 3 + 2 * count

    def _write_single(self):
        code = self._handler.write(u16(self._buf, 2), 1, memoryview(self._buf)[4:6])
        self._reply[2:6] = self._buf[2:6]
        return code, 6

    def _write_multiple(self):
        start = u16(self._buf, 2)
        count = u16(self._buf, 4)
        if not 1 <= count <= MAX_WRITE or self._buf[6] != 2 * count:
            return ILLEGAL_DATA_VALUE, 0
        if start + count > 0x10000:
            return ILLEGAL_DATA_ADDRESS, 0
        code = self._handler.write(start, count, memoryview(self._buf)[7 : 7 + 2 * count])
        self._reply[2:6] = self._buf[2:6]
        return code, 6

    def _read_file(self):
        """Read groups of file records: application protocol, 6.14."""
        buf = self._buf
        size = buf[2]
        if buf[0] == BROADCAST:
            return 0, 0
        if size < _GROUP or size > _MAX_GROUPS or size % _GROUP:
            return ILLEGAL_DATA_VALUE, 0
        at = 3
        for group in range(3, 3 + size, _GROUP):
            count = u16(buf, group + 5)
            end = at + 2 + 2 * count
            if not count or end > 3 + _MAX_GROUPS:
                return ILLEGAL_DATA_VALUE, 0
            if buf[group] != _REFERENCE:
                return ILLEGAL_DATA_ADDRESS, 0
            number, start = u16(buf, group + 1), u16(buf, group + 3)
            code = self._handler.read_file(number, start, count, self._view[at + 2 : end])
            if code:
                return code, 0
            self._reply[at] = 1 + 2 * count
            self._reply[at + 1] = _REFERENCE
            at = end
        self._reply[2] = at - 3
        return 0, at

    def _identify(self):
        return identification.answer(self._buf, self._handler.identify, self._reply)


_SERVE = {
    READ_HOLDING_REGISTERS: Server._read,
    READ_INPUT_REGISTERS: Server._read,
    WRITE_SINGLE_REGISTER: Server._write_single,
    WRITE_MULTIPLE_REGISTERS: Server._write_multiple,
    READ_FILE_RECORD: Server._read_file,
    ENCAPSULATED_INTERFACE: Server._identify,
}
