"""Field values <-> clear 64-bit block, from the one table in layouts.py. A meter only reads."""

from . import crc, layouts
from .errors import FormatError, RangeError
from .layouts import TOKENS  # noqa: F401  the table, for those who encode


def _row(cls, subclass, key_bytes):
    found = layouts.row(cls, subclass, key_bytes)
    if found is None:
        raise FormatError("class %d subclass %d is reserved" % (cls, subclass))
    return found


def decode(cls, subclass, block, key_bytes=16):
    """Every field of a clear block as a dict; FormatError for a reserved subclass."""
    return {f[0]: layouts.get(f, block) for f in _row(cls, subclass, key_bytes)[1]}


def encode(cls, subclass, **values):
    """The clear 8-byte block of a token, CRC field included.

    Values are the raw field contents by name (an amount is its field code: amount.encode);
    fields left out are 0. Class 2 subclass 8 takes `sgc` (64-bit keys) or `sgclo` and `nk`.
    Raises FormatError for a reserved subclass or an unknown name, RangeError for a value that
    does not fit.
    """
    found = _row(cls, subclass, 8 if "sgc" in values else 16)
    number = subclass << 60
    used = 0
    for field in found[1]:
        if field[0] in values:
            number |= _placed(field, values[field[0]])
            used += 1
    if used != len(values):
        known = [field[0] for field in found[1]]
        unknown = sorted(name for name in values if name not in known)
        raise FormatError("a %s token has no field %s" % (found[0], unknown[0]))
    block = bytearray(number.to_bytes(8, "big"))
    check = crc.field(cls, block)
    block[6] = check >> 8
    block[7] = check & 0xFF
    return bytes(block)


def _placed(field, value):
    if field is layouts.NK:
        if len(value) != 4:
            raise RangeError("a key section has 4 bytes, not %d" % len(value))
        return int.from_bytes(value, "big") << field[1]
    width = field[2] + (field[4] if len(field) > 3 else 0)
    if not 0 <= value < 1 << width:
        raise RangeError("%s %d does not fit %d bits" % (field[0], value, width))
    if len(field) > 3:
        return (value & (1 << field[2]) - 1) << field[1] | value >> field[2] << field[3]
    return value << field[1]


def is_currency(cls, block):
    """Whether the block carries CRC_C instead of CRC: class 0, subclass 4 to 7."""
    return cls == 0 and block[0] >> 6 == 1


def crc_message(cls, block):
    """The bytes the CRC runs over: Class, SubClass and body right-aligned in 7 bytes.

    CRC_C (provisional: one public source, no compliance vector) adds one byte 0x01.
    """
    text = bytes([cls]) + bytes(block[:6])
    return text + b"\x01" if is_currency(cls, block) else text
