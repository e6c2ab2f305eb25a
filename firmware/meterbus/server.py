"""The slave's side of Modbus RTU on a line shared with other slaves. No I/O, no clock.

The slave hears the requests to all slaves and the replies of all others. A frame that begins with
its own address or with 0 can only be a request, so it is taken as soon as its length, known from
the function, is there and its CRC is good. Frames of others are stepped over in the same way, a
request and then its reply. When nothing fits, the slave is lost and believes nothing until the
line was silent: a request that stands inside somebody's data is not obeyed.
"""

from . import crc
from .frame import (
    BROADCAST,
    DEVICE_FAILURE,
    ENCAPSULATED,
    IDENTIFY,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    MAX_FRAME,
    MAX_READ,
    MAX_WRITE,
    READ_HOLDING,
    READ_INPUT,
    UNKNOWN,
    WRITE_MANY,
    WRITE_ONE,
    reply_length,
    request_length,
    u16,
)

# Read device ID code -> object ids, first and last + 1 (application protocol, 6.21).
_LEVELS = {1: (0, 3), 2: (0, 7), 3: (0, 0x81)}
_CONFORMITY = 0x83  # extended identification, stream and single access


class Server:
    """One slave. `address` 1..247.

    `handler` has
    `read(function, start, count, out) -> code`: fill `out`, a memoryview of 2 * count bytes;
    `write(start, count, data) -> code`: take the registers in `data`;
    `identify(object_id) -> text`, or None if there is no such object.
    `code` is 0 or a Modbus exception code.
    """

    def __init__(self, address, handler):
        self.address = address
        self._handler = handler
        self._buf = bytearray(MAX_FRAME)
        self._length = 0
        self._lost = True  # until the first silence: a frame may have begun before we listened
        self._expected = 0  # the slave whose reply comes next, 0 if nobody was asked
        self._reply = bytearray(MAX_FRAME)
        self._view = memoryview(self._reply)
        self.good = 0  # frames to this slave with a good CRC
        self.bad = 0  # times the line was out of step

    def receive(self, data):
        """Take bytes from the line. The reply to send (a memoryview), or None."""
        reply = None
        for byte in data:
            if self._lost:
                break
            if self._length == MAX_FRAME:
                self._lose()
                break
            self._buf[self._length] = byte
            self._length += 1
            reply = self._step() or reply
        return reply

    def gap(self):
        """The line has been silent for 3.5 characters. The reply to send, or None.

        Only a frame whose length its function does not tell still waits here.
        """
        buf = self._buf
        length = self._length
        reply = None
        if length and buf[0] in (self.address, BROADCAST) and crc.good(buf, 0, length):
            if request_length(buf, 0, length) == UNKNOWN:
                reply = self._answer()
        self._length = 0
        self._expected = 0
        self._lost = False
        return reply

    def _lose(self):
        self._lost = True
        self._length = 0
        self._expected = 0
        self.bad += 1

    def _step(self):
        """Look at the frame that begins at the start of the buffer; None or a reply."""
        first = self._buf[0]
        if self._expected and first != self._expected:
            self._lose()  # after a request nobody but the slave that was asked may follow at once
        elif first not in (self.address, BROADCAST):
            self._step_over()
        else:
            size = request_length(self._buf, 0, self._length)
            if size > MAX_FRAME:
                self._lose()
            elif size == self._length:
                if crc.good(self._buf, 0, size):
                    self._length = 0
                    return self._answer()
                self._lose()
        return None

    def _step_over(self):
        """Skip a frame between the master and another slave."""
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
        """Obey the request in the buffer; the reply, or None after a broadcast."""
        self.good += 1
        buf = self._buf
        function = buf[1]
        serve = _SERVE.get(function)
        if serve is None:
            code, length = ILLEGAL_FUNCTION, 0
        else:
            try:
                code, length = serve(self)
            except OSError:
                code, length = DEVICE_FAILURE, 0
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
            return ILLEGAL_VALUE, 0
        if start + count > 0x10000:
            return ILLEGAL_ADDRESS, 0
        self._reply[2] = 2 * count
        out = self._view[3 : 3 + 2 * count]
        return self._handler.read(self._buf[1], start, count, out), 3 + 2 * count

    def _write_one(self):
        code = self._handler.write(u16(self._buf, 2), 1, memoryview(self._buf)[4:6])
        self._reply[2:6] = self._buf[2:6]
        return code, 6

    def _write_many(self):
        start = u16(self._buf, 2)
        count = u16(self._buf, 4)
        if not 1 <= count <= MAX_WRITE or self._buf[6] != 2 * count:
            return ILLEGAL_VALUE, 0
        if start + count > 0x10000:
            return ILLEGAL_ADDRESS, 0
        code = self._handler.write(start, count, memoryview(self._buf)[7 : 7 + 2 * count])
        self._reply[2:6] = self._buf[2:6]
        return code, 6

    def _identify(self):
        """43/14. A stream starts again at object 0 when the first one asked for is not there."""
        kind, code, first = self._buf[2], self._buf[3], self._buf[4]
        if kind != IDENTIFY:
            return ILLEGAL_FUNCTION, 0
        if code != 4 and code not in _LEVELS:
            return ILLEGAL_VALUE, 0
        known = self._handler.identify
        if code == 4:
            if known(first) is None:
                return ILLEGAL_ADDRESS, 0
            low, high = first, first + 1
        else:
            low, high = _LEVELS[code]
            low = first if low <= first < high else low
        return 0, self._put_objects(code, low, high)

    def _put_objects(self, code, low, high):
        out = self._reply
        out[2] = IDENTIFY
        out[3] = code
        out[4] = _CONFORMITY
        out[5] = out[6] = out[7] = 0
        at = 8
        for number in range(low, high):
            text = self._handler.identify(number)
            if text is None:
                continue
            raw = text.encode()
            if at + 2 + len(raw) > MAX_FRAME - 2:
                out[5] = 0xFF  # more follows, from this object
                out[6] = number
                break
            out[at] = number
            out[at + 1] = len(raw)
            out[at + 2 : at + 2 + len(raw)] = raw
            at += 2 + len(raw)
            out[7] += 1
        return at


_SERVE = {
    READ_HOLDING: Server._read,
    READ_INPUT: Server._read,
    WRITE_ONE: Server._write_one,
    WRITE_MANY: Server._write_many,
    ENCAPSULATED: Server._identify,
}
