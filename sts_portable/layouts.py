"""The layout of every STS token as a table: the fields of its 64-bit block and their places.

LINES maps class << 4 | subclass to a line: the name, and the fields, name:lowest bit:width; for a
field in two parts two more numbers (lowest bit, width) give the place of its upper bits. "=" is
behind the field that Token.value returns, and "." ends the line. A second form of a token has
0x100 added to its code. The same lines are used to read a block (here), to encode one (fields.py)
and to document it (document.py). Bits 63..60 of every block are the SubClass and bits 15..0 the
CRC field.

Lines of text take less heap than tuples, and where MicroPython executes in place, almost none.
"""

from .packed import bits as _bits

_NK_BITS = 32  # of the only field that is not an integer: a section of a new key
_ZERO = 0x30
_COLON = 0x3A
FLAG_INDEX = 63  # index of the extended tokens 1/2 and 2/10 that selects a flag, not a register

LINES = {
    0x00: b"Electricity rnd:56:4 tid:32:24 amount:16:16=.",
    0x01: b"Water rnd:56:4 tid:32:24 amount:16:16=.",
    0x02: b"Gas rnd:56:4 tid:32:24 amount:16:16=.",
    0x03: b"Time rnd:56:4 tid:32:24 amount:16:16=.",
    0x04: b"ElectricityCurrency tid:32:24 amount:16:16:56:4=.",
    0x05: b"WaterCurrency tid:32:24 amount:16:16:56:4=.",
    0x06: b"GasCurrency tid:32:24 amount:16:16:56:4=.",
    0x07: b"TimeCurrency tid:32:24 amount:16:16:56:4=.",
    0x10: b"InitiateMeterTest/Display1 control:24:36= mfr:16:8.",
    0x11: b"InitiateMeterTest/Display2 control:32:28= mfr:16:16.",
    0x12: b"ExtendedRead index:54:6= data:24:30 mfr:16:8.",
    0x20: b"SetMaximumPowerLimit rnd:56:4 tid:32:24 mpl:16:16=.",
    0x21: b"ClearCredit rnd:56:4 tid:32:24 register:16:16=.",
    0x22: b"SetTariffRate rnd:56:4 tid:32:24 rate:16:16=.",
    0x23: b"Set1stSectionDecoderKey kenho:56:4 krn:52:4 ro:51:1 kct3:50:1 kt:48:2 nk:16:32.",
    0x24: b"Set2ndSectionDecoderKey kenlo:56:4 ti:48:8 nk:16:32.",
    0x25: b"ClearTamperCondition rnd:56:4 tid:32:24 pad:16:16=.",
    0x26: b"SetMaximumPhasePowerUnbalanceLimit rnd:56:4 tid:32:24 mppul:16:16=.",
    0x27: b"SetWaterMeterFactor rnd:56:4 tid:32:24 factor:16:16=.",
    0x28: b"Set3rdSectionDecoderKey sgclo:48:12 nk:16:32.",
    0x29: b"Set4thSectionDecoderKey sgcho:48:12 nk:16:32.",
    0x2A: b"SetExtended rnd:56:4 tid:32:24 index:26:6 flag:17:9 state:16:1=.",
    0x2B: b"Manufacturer rnd:56:4 tid:32:24 value:16:16=.",
    0x2C: b"Manufacturer rnd:56:4 tid:32:24 value:16:16=.",
    0x2D: b"Manufacturer rnd:56:4 tid:32:24 value:16:16=.",
    0x2E: b"Manufacturer rnd:56:4 tid:32:24 value:16:16=.",
    0x2F: b"Manufacturer rnd:56:4 tid:32:24 value:16:16=.",
    # With a register index instead of FLAG_INDEX.
    0x12A: b"SetExtended rnd:56:4 tid:32:24 index:26:6 data:16:10=.",
    # Under a 64-bit key it carries the whole SGC and no key bytes.
    0x128: b"Set3rdSectionDecoderKey sgc:36:24 pad:16:20.",
}


def line(cls: int, subclass: int, key_bytes: int = 16, index: int = FLAG_INDEX) -> "bytes | None":
    """Return the line of a token, or None for a reserved subclass.

    With an 8-byte key the third section has a form of its own. index, bits 31..26 of the block,
    selects between the two forms of class 2 subclass 10.
    """
    code = cls << 4 | subclass
    if (code == 0x28 and key_bytes == 8) or (code == 0x2A and index != FLAG_INDEX):
        code |= 0x100
    return LINES.get(code)


def tid(found: bytes, block: "bytes | bytearray") -> "int | None":
    """Return the TID of a block, which has one place; None if the line has no TID."""
    return _bits(block, 32, 24) if found.find(b" tid:") > 0 else None


def field(found: bytes, name: str, block: "bytes | bytearray") -> "int | bytes | None":
    """Return the content of a field of a block by name, None if the line has no such field."""
    mark = (" " + name + ":").encode()
    at = found.find(mark)
    return None if at < 0 else _read(found, at + len(mark), block)


def value(found: bytes, block: "bytes | bytearray") -> "int | None":
    """Return the content of the field that Token.value returns, None if the line has none."""
    if found.endswith(b":16:16=."):  # most of them
        return _bits(block, 16, 16)
    end = found.find(b"=")
    if end < 0:
        return None
    return _read(found, found.find(b":", found.rfind(b" ", 0, end)) + 1, block)


def _read(found, at, block):
    """Return the content of the field whose numbers are at a place: an integer, or 4 bytes of a
    new key."""
    low, at = _number(found, at)
    width, at = _number(found, at)
    if width == _NK_BITS:
        return bytes(block[2:6])
    number = bits(block, low, width)
    if found[at - 1] == _COLON:
        low, at = _number(found, at)
        number |= bits(block, low, _number(found, at)[0]) << width
    return number


def _number(found, at):
    """Return the number at a place, and the place behind the character that ends it."""
    number = found[at] - _ZERO
    at += 1
    if _ZERO <= found[at] < _COLON:
        number = 10 * number + found[at] - _ZERO
        at += 1
    return number, at + 1


def bits(block: "bytes | bytearray", low: int, width: int) -> int:
    """Return bits low + width - 1 .. low of an 8-byte block (bit 0 is the last byte's lowest)."""
    if width > 24:
        return bits(block, low + 24, width - 24) << 24 | _bits(block, low, 24)
    return _bits(block, low, width)
