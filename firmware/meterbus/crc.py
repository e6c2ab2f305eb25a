"""CRC-16/MODBUS: polynomial 0xA001 reflected, initial value 0xFFFF, sent low byte first."""

from array import array


def _row(value):
    for _ in range(8):
        value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


_TABLE = array("H", [_row(_value) for _value in range(256)])


def crc16(buf, start, end):
    """Return the CRC of `buf[start:end]`, 0..0xFFFF."""
    crc = 0xFFFF
    table = _TABLE
    for i in range(start, end):
        crc = (crc >> 8) ^ table[(crc ^ buf[i]) & 0xFF]
    return crc


def append(buf, length):
    """Put the CRC behind the first `length` bytes of `buf`; returns the new length."""
    crc = crc16(buf, 0, length)
    buf[length] = crc & 0xFF
    buf[length + 1] = crc >> 8
    return length + 2


def good(buf, start, end):
    """Return True if `buf[start:end]` ends with its own CRC."""
    if end - start < 4:
        return False
    crc = crc16(buf, start, end - 2)
    return buf[end - 2] == crc & 0xFF and buf[end - 1] == crc >> 8
