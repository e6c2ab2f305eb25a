"""Conversion between field values and the clear 64-bit block, by the table in layouts.py.

A meter does not need this module.
"""

from . import crc, layouts
from .errors import FormatError, RangeError

NK = ("nk", 16, 32)  # a section of a new key: 4 bytes, the only field that is not an integer


def row(
    cls: int, subclass: int, key_bytes: int = 16, index: int = layouts.FLAG_INDEX
) -> "tuple[str, tuple, tuple | None] | None":
    """Return (name, fields, value) of a token, or None for a reserved subclass.

    A field is a tuple of its name and numbers, see layouts.LINES; `value` is the field that
    Token.value returns, or None. key_bytes, index: see layouts.line().
    """
    return row_of(layouts.line(cls, subclass, key_bytes, index))


def row_of(line: "bytes | None") -> "tuple[str, tuple, tuple | None] | None":
    """Return the row() of a line of layouts.LINES, None for None."""
    if line is None:
        return None
    words = str(line, "ascii").split()
    value = None
    found = []
    for word in words[1:]:
        parts = word.rstrip("=.").split(":")
        found.append(tuple([parts[0]] + [int(part) for part in parts[1:]]))
        if "=" in word:
            value = found[-1]
    return words[0], tuple(found), value


def tokens() -> "dict[int, tuple]":
    """Return every row() by class << 4 | subclass, with 0x100 added for a second form."""
    return {code: row_of(line) for code, line in layouts.LINES.items()}


def get(field: tuple, block: "bytes | bytearray") -> "int | bytes":
    """Return the content of one field of a block: an integer, or 4 bytes of a new key."""
    if field == NK:
        return bytes(block[2:6])
    value = layouts.bits(block, field[1], field[2])
    return value | layouts.bits(block, field[3], field[4]) << field[2] if len(field) > 3 else value


def _row(cls, subclass, key_bytes, index):
    found = row(cls, subclass, key_bytes, index)
    if found is None:
        raise FormatError("class %d subclass %d is reserved" % (cls, subclass))
    return found


def decode(
    cls: int, subclass: int, block: "bytes | bytearray", key_bytes: int = 16
) -> "dict[str, int | bytes]":
    """Return every field of a clear block by name. Raise FormatError for a reserved subclass."""
    found = _row(cls, subclass, key_bytes, block[4] >> 2)
    return {f[0]: get(f, block) for f in found[1]}


def encode(cls: int, subclass: int, **values: "int | bytes") -> bytes:
    """Return the clear 8-byte block of a token, CRC field included.

    Values are the raw field contents by name (an amount is its field code: amount.encode);
    fields left out are 0. Class 2 subclass 8 takes `sgc` (64-bit keys) or `sgclo` and `nk`;
    subclass 10 takes `flag` and `state` with `index` 63, and `data` with another.
    Raise FormatError for a reserved subclass or an unknown name, RangeError for a value that
    does not fit its field.
    """
    found = _row(cls, subclass, 8 if "sgc" in values else 16, values.get("index", 0))
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
    if field == NK:
        if isinstance(value, int) or len(value) != 4:
            size = "%d" % len(value) if not isinstance(value, int) else "a number"
            raise RangeError("a key section has 4 bytes, not " + size)
        return int.from_bytes(value, "big") << field[1]
    width = field[2] + (field[4] if len(field) > 3 else 0)
    if not isinstance(value, int) or not 0 <= value < 1 << width:
        raise RangeError("%s %s does not fit %d bits" % (field[0], value, width))
    if len(field) > 3:
        return (value & (1 << field[2]) - 1) << field[1] | value >> field[2] << field[3]
    return value << field[1]


def is_currency(cls: int, block: "bytes | bytearray") -> bool:
    """Return whether the block carries CRC_C instead of CRC: class 0, subclass 4 to 7."""
    return cls == 0 and block[0] >> 6 == 1


def crc_message(cls: int, block: "bytes | bytearray") -> bytes:
    """Return the input of the CRC: Class, SubClass and body right-aligned in 7 bytes.

    For CRC_C a byte 0x01 follows.
    """
    text = bytes([cls]) + bytes(block[:6])
    return text + b"\x01" if is_currency(cls, block) else text
