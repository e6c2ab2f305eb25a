"""CRC-16/MODBUS: polynomial 0xA001 reflected, initial value 0xFFFF, sent low byte first.

The module may be compiled with mpy-cross -X emit=viper, which needs the annotations.
"""

from array import array

ptr8 = object  # for interpreters; viper has its own


def ptr16(values: object) -> object:
    """Return the values. For interpreters; viper has its own."""
    return values


def _made() -> object:
    table = array("H", bytes(512))
    rows = ptr16(table)
    for number in range(256):
        value = number
        for _ in range(8):
            low = value & 1
            value = value >> 1
            if low:
                value = value ^ 0xA001
        rows[number] = value  # type: ignore[index]
    return table


_TABLE = _made()


def crc16(buf: ptr8, start: int, end: int) -> int:
    """Return the CRC of `buf[start:end]`, 0..0xFFFF."""
    crc = 0xFFFF
    table = ptr16(_TABLE)
    for i in range(start, end):
        crc = (crc >> 8) ^ table[(crc ^ buf[i]) & 0xFF]  # type: ignore[index]
    return crc


def append(buf: object, length: int) -> int:
    """Put the CRC behind the first `length` bytes of `buf`; returns the new length."""
    crc = int(crc16(buf, 0, length))
    buf[length] = crc & 0xFF  # type: ignore[index]
    buf[length + 1] = crc >> 8  # type: ignore[index]
    return length + 2


def good(buf: object, start: int, end: int) -> bool:
    """Return True if `buf[start:end]` ends with its own CRC."""
    if end - start < 4:
        return False
    crc = int(crc16(buf, start, end - 2))
    return int(buf[end - 2]) == crc & 0xFF and int(buf[end - 1]) == crc >> 8  # type: ignore[index]
