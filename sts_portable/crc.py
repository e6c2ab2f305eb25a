"""The token's check fields (CRC-16/MODBUS, register stored low byte first).

Like sta_rounds.py the module may be compiled with mpy-cross -X emit=viper, which needs the
annotations.
"""

ptr8 = object  # for interpreters; viper has its own


def field(cls: int, block: ptr8) -> int:
    """Return the 16-bit CRC field of an 8-byte block of class `cls`; bits 15..0 are ignored.

    The polynomial is x16 + x15 + x2 + 1 (0xA001 reflected). The contribution of a byte is the byte
    at two adjacent bit positions, and 0xC001 if the byte has odd parity. Bit n of 0x6996 is the
    parity of the nibble n.
    """
    last = 6
    if cls == 0 and block[0] >> 6 == 1:
        last = 7
    crc = 0xFFFF
    byte = cls
    i = 0
    while True:
        byte = (crc ^ byte) & 0xFF
        crc = crc >> 8 ^ byte << 6 ^ byte << 7
        byte ^= byte >> 4
        if 0x6996 >> (byte & 15) & 1:
            crc ^= 0xC001
        if i == last:
            return (crc & 0xFF) << 8 | crc >> 8
        byte = block[i]
        if i == 6:
            byte = 1
        i += 1


def matches(cls: int, block: object) -> bool:
    """Return whether the block's last two bytes are its CRC field."""
    return int(field(cls, block)) == int(block[6]) << 8 | int(block[7])
