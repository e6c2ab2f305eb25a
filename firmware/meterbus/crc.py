"""CRC-16/MODBUS: polynomial 0xA001 reflected, initial value 0xFFFF, sent low byte first.

The module may be compiled with mpy-cross -X emit=viper, which needs the annotations.
"""

ptr8 = object  # for interpreters; viper has its own


def crc16(buf: ptr8, start: int, end: int) -> int:
    """Return the CRC of `buf[start:end]`, 0..0xFFFF.

    The contribution of a byte is the byte at two adjacent bit positions, and 0xC001 if the byte
    has odd parity. Bit n of 0x6996 is the parity of the nibble n.
    """
    crc = 0xFFFF
    for i in range(start, end):
        byte = (crc ^ buf[i]) & 0xFF  # type: ignore[index]
        crc = crc >> 8 ^ byte << 6 ^ byte << 7
        byte ^= byte >> 4
        if 0x6996 >> (byte & 15) & 1:
            crc ^= 0xC001
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
