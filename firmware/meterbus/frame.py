"""Modbus RTU frames: functions, limits and the length of a frame.

MODBUS Application Protocol V1.1b3, chapters 6 and 7; MODBUS over Serial Line V1.02, 2.5.1.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


READ_HOLDING_REGISTERS = const(3)
READ_INPUT_REGISTERS = const(4)
WRITE_SINGLE_REGISTER = const(6)
WRITE_MULTIPLE_REGISTERS = const(16)
READ_FILE_RECORD = const(20)
ENCAPSULATED_INTERFACE = const(0x2B)
READ_DEVICE_IDENTIFICATION = const(0x0E)  # MEI type 14, read device identification

ILLEGAL_FUNCTION = const(1)
ILLEGAL_DATA_ADDRESS = const(2)
ILLEGAL_DATA_VALUE = const(3)
SERVER_DEVICE_FAILURE = const(4)
SERVER_DEVICE_BUSY = const(6)

MAX_FRAME = const(256)
MAX_READ = const(125)
MAX_WRITE = const(123)
BROADCAST = const(0)

# Answers of request_length and reply_length that are not a length.
MORE = const(0)  # too few bytes to tell
UNKNOWN = const(-1)  # not a function of this table

# function -> (length of the request, position of the byte count that is added to it or None,
#              length of the reply, position of the byte count that is added to it or None)
_LENGTHS = {
    READ_HOLDING_REGISTERS: (8, None, 5, 2),
    READ_INPUT_REGISTERS: (8, None, 5, 2),
    WRITE_SINGLE_REGISTER: (8, None, 8, None),
    WRITE_MULTIPLE_REGISTERS: (9, 6, 8, None),
    READ_FILE_RECORD: (5, 2, 5, 2),
    ENCAPSULATED_INTERFACE: (7, None, None, None),
}


def _length(buf, start, end, fixed, count_at):
    if count_at is None:
        return fixed
    if end - start <= count_at:
        return MORE
    return fixed + buf[start + count_at]


def request_length(buf, start, end):
    """Return the length in bytes, with CRC, of the request at `buf[start]`; MORE or UNKNOWN."""
    if end - start < 2:
        return MORE
    row = _LENGTHS.get(buf[start + 1])
    if row is None:
        return UNKNOWN
    return _length(buf, start, end, row[0], row[1])


def reply_length(buf, start, end):
    """Return the length in bytes, with CRC, of the reply at `buf[start]`; MORE or UNKNOWN."""
    if end - start < 2:
        return MORE
    function = buf[start + 1]
    if function & 0x80:
        return 5
    row = _LENGTHS.get(function)
    if row is None:
        return UNKNOWN
    if function == ENCAPSULATED_INTERFACE:
        return _identification_length(buf, start, end)
    return _length(buf, start, end, row[2], row[3])


def _identification_length(buf, start, end):
    """Return the length of an identification, MORE if its objects are not complete."""
    at = start + 8
    if end < at:
        return MORE
    for _ in range(buf[start + 7]):
        if end < at + 2:
            return MORE
        at += 2 + buf[at + 1]
    return at + 2 - start


def u16(buf, at):
    """Return the register at `buf[at]`, high byte first."""
    return buf[at] << 8 | buf[at + 1]


def put_u16(buf, at, value):
    """Write a register at `buf[at]`, high byte first."""
    buf[at] = value >> 8 & 0xFF
    buf[at + 1] = value & 0xFF
