"""The client's side of Modbus RTU: build a request, recognise its reply. No I/O."""

from . import crc
from .frame import (
    BROADCAST,
    ENCAPSULATED_INTERFACE,
    MAX_FRAME,
    MAX_READ,
    MAX_WRITE,
    READ_DEVICE_IDENTIFICATION,
    READ_FILE_RECORD,
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
    WRITE_MULTIPLE_REGISTERS,
    WRITE_SINGLE_REGISTER,
    put_u16,
    reply_length,
    u16,
)
from .registers import printable

_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not respond",
}
# function: bytes of a reply in front of its data
_SKIP = {
    READ_HOLDING_REGISTERS: 3,
    READ_INPUT_REGISTERS: 3,
    READ_FILE_RECORD: 5,
    ENCAPSULATED_INTERFACE: 8,
}
_GROUP = 7  # function 20: bytes of a group
_REFERENCE = 6  # its only reference type
_MAX_FILE_READ = 121  # registers in one group
ONE_OBJECT = 4  # of the device identification, asked for by its number


def exception_name(code):
    """Return the Modbus specification's name of an exception code, `exception N` without one."""
    return _EXCEPTIONS.get(code, "exception %d" % code)


class BusException(Exception):
    """A server refused a request. `code` is the Modbus exception code."""

    def __init__(self, code):
        super().__init__(exception_name(code))
        self.code = code


def _frame(address, function, payload):
    out = bytearray(4 + len(payload))
    out[0] = address
    out[1] = function
    out[2 : 2 + len(payload)] = payload
    crc.append(out, 2 + len(payload))
    return bytes(out)


def _check(address, start, count, limit, lowest):
    if not lowest <= address <= 247:
        raise ValueError("bus address %d is not %d..247" % (address, lowest))
    if not 1 <= count <= limit or not 0 <= start <= 0x10000 - count:
        raise ValueError("%d registers from 0x%04X cannot be asked for" % (count, start))


def read_request(address, function, start, count):
    """Return a request for `count` (1..125) registers by function 3 or 4. Raise ValueError."""
    if function not in (READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS):
        raise ValueError("function %d does not read registers" % function)
    _check(address, start, count, MAX_READ, 1)
    return _frame(address, function, bytes((start >> 8, start & 0xFF, count >> 8, count & 0xFF)))


def write_request(address, start, values):
    """Return a request to write registers from `start` (function 16).

    `values`: 1..123 integers 0..0xFFFF, or bytes (two a register). Address 0 is for all servers
    and is not answered. Raise ValueError if it cannot be sent.
    """
    if isinstance(values, (bytes, bytearray, memoryview)):
        data = bytes(values)
    else:
        data = bytearray(2 * len(values))
        for i, value in enumerate(values):
            put_u16(data, 2 * i, value)
    if len(data) % 2:
        raise ValueError("a register has two bytes")
    count = len(data) // 2
    _check(address, start, count, MAX_WRITE, BROADCAST)
    head = bytes((start >> 8, start & 0xFF, count >> 8, count & 0xFF, len(data)))
    return _frame(address, WRITE_MULTIPLE_REGISTERS, head + data)


def write_single_request(address, start, value):
    """Return a request to write one register (function 6). Raise ValueError."""
    _check(address, start, 1, 1, BROADCAST)
    return _frame(
        address, WRITE_SINGLE_REGISTER, bytes((start >> 8, start & 0xFF, value >> 8, value & 0xFF))
    )


def identify_request(address, code=1, object_id=0):
    """Return a request for device identification: code 1 basic, 2 regular, ONE_OBJECT."""
    _check(address, 0, 1, 1, 1)
    return _frame(
        address, ENCAPSULATED_INTERFACE, bytes((READ_DEVICE_IDENTIFICATION, code, object_id))
    )


def read_file_request(address, number, start, count):
    """Return a request for `count` (1..121) registers of a file, by function 20, as one group.
    Raise ValueError."""
    _check(address, start, count, _MAX_FILE_READ, 1)
    numbers = (_GROUP, _REFERENCE, number >> 8, number & 0xFF)
    where = (start >> 8, start & 0xFF, 0, count)
    return _frame(address, READ_FILE_RECORD, bytes(numbers + where))


def longest_reply(request):
    """Return how many bytes the reply to a request may have."""
    if request[1] in (READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS):
        return 5 + 2 * u16(request, 4)
    return MAX_FRAME if request[1] in (ENCAPSULATED_INTERFACE, READ_FILE_RECORD) else 8


class ReplyParser:
    """Finds the reply to one request in the bytes that arrive.

    Feed bytes to `receive` until it returns True; giving up after a time is left to the caller.
    Garbage before the reply (a glitch when the line turns round) is skipped: a reply must have the
    request's address and function, the right length, and a good CRC.
    """

    def __init__(self, request):
        self._request = request
        self._buf = bytearray(MAX_FRAME)
        self._length = 0
        self.refused = False  # the reply is an exception; valid once receive gave True
        self.exception = 0  # its Modbus exception code; a broken server may send any, 0 too
        self.data = b""  # read: the registers' bytes; identify: the objects; write: empty

    def receive(self, data):
        """Take bytes; return True when the reply is complete."""
        for byte in data:
            if self._length == MAX_FRAME:
                self._drop(1)
            self._buf[self._length] = byte
            self._length += 1
        return self._search()

    def check(self):
        """Raise BusException if the server answered with an exception."""
        if self.refused:
            raise BusException(self.exception)

    def values(self):
        """Return the registers that were read, a list of integers. Raise BusException."""
        self.check()
        return [u16(self.data, i) for i in range(0, len(self.data), 2)]

    def objects(self):
        """Return the device identification as {object id: text}. Raise BusException."""
        self.check()
        found = {}
        at = 0
        while at < len(self.data):
            size = self.data[at + 1]
            found[self.data[at]] = printable(self.data[at + 2 : at + 2 + size])
            at += 2 + size
        return found

    def _drop(self, count):
        buf = self._buf
        for i in range(count, self._length):
            buf[i - count] = buf[i]
        self._length -= count

    def _search(self):
        request = self._request
        buf = self._buf
        for start in range(self._length - 4):
            if buf[start] != request[0] or buf[start + 1] & 0x7F != request[1]:
                continue
            size = reply_length(buf, start, self._length)
            if size <= 0 or start + size > self._length:
                continue
            if crc.good(buf, start, start + size) and self._belongs(start, size):
                self._take(start, size)
                return True
        return False

    def _belongs(self, start, size):
        """Return True if a well-formed frame answers this request and not another one."""
        request = self._request
        buf = self._buf
        function = buf[start + 1]
        if function & 0x80:
            return True
        if function in (READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS):
            return size == 5 + 2 * u16(request, 4)
        if function == READ_FILE_RECORD:
            size = 2 * u16(request, 8)
            return bytes(buf[start + 2 : start + 5]) == bytes((size + 2, size + 1, _REFERENCE))
        if function == ENCAPSULATED_INTERFACE:
            return buf[start + 2] == READ_DEVICE_IDENTIFICATION and buf[start + 3] == request[3]
        return bytes(buf[start : start + 6]) == bytes(request[0:6])

    def _take(self, start, size):
        function = self._buf[start + 1]
        if function & 0x80:
            self.refused = True
            self.exception = self._buf[start + 2]
            return
        skip = _SKIP.get(function)
        if skip is not None:
            self.data = bytes(self._buf[start + skip : start + size - 2])
