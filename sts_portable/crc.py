"""The token's check fields (sts.md: CRC-16/MODBUS, register stored low byte first)."""

# CRC-16, polynomial x16 + x15 + x2 + 1 reflected (0xA001), four bits at a time.
_TABLE = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


def is_currency(cls, block):
    """Whether the block carries CRC_C instead of CRC: class 0, subclass 4 to 7."""
    return cls == 0 and 4 <= block[0] >> 4 <= 7


def message(cls, block):
    """The bytes the CRC runs over: Class, SubClass and body right-aligned in 7 bytes.

    CRC_C (provisional: one public source, no compliance vector) adds one byte 0x01.
    """
    text = bytes((cls,)) + bytes(block[:6])
    return text + b"\x01" if is_currency(cls, block) else text


def field(cls, block):
    """The 16-bit CRC field of an 8-byte block of class `cls`; bits 15..0 are ignored."""
    table = _TABLE
    crc = 0xFFFF
    for byte in message(cls, block):
        crc ^= byte
        crc = crc >> 4 ^ table[crc & 15]
        crc = crc >> 4 ^ table[crc & 15]
    return (crc & 0xFF) << 8 | crc >> 8


def matches(cls, block):
    """Whether the block's last two bytes are its CRC field."""
    return field(cls, block) == block[6] << 8 | block[7]
