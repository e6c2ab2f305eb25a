"""The layout of every STS token as data: the fields of its 64-bit block and their places.

TOKENS maps class << 4 | subclass to (name, fields, value). A field is (name, lowest bit, width);
for a field in two parts two more numbers (lowest bit, width) give the place of its upper bits.
A second form of a token has 0x100 added to its code.
`value` is the field that Token.value returns, or None. The same rows are used to read a block
(here), to encode one (fields.py) and to document it (document.py). Bits 63..60 of every block are
the SubClass and bits 15..0 the CRC field.
"""

from .packed import bits as _bits

RND = ("rnd", 56, 4)
TID = ("tid", 32, 24)
NK = ("nk", 16, 32)  # a section of a new key: 4 bytes, the only field that is not an integer


def _with_tid(name, value):
    value = (value, 16, 16)
    return name, (RND, TID, value), value


def _currency(name):
    amount = ("amount", 16, 16, 56, 4)
    return name, (TID, amount), amount


def _test(name, width, mfr_width):
    control = ("control", 60 - width, width)
    return name, (control, ("mfr", 16, mfr_width)), control


_KCT3_64 = 0x128  # subclass 8 under a 64-bit key carries the whole SGC and no key bytes
_EXTENDED_DATA = 0x12A  # subclass 10 with a register index instead of FLAG_INDEX
FLAG_INDEX = 63  # index of the extended tokens 1/2 and 2/10 that selects a flag, not a register
_DATA = ("data", 16, 10)
_FLAG = ("state", 16, 1)
_MANUFACTURER = _with_tid("Manufacturer", "value")

TOKENS = {
    0x00: _with_tid("Electricity", "amount"),
    0x01: _with_tid("Water", "amount"),
    0x02: _with_tid("Gas", "amount"),
    0x03: _with_tid("Time", "amount"),
    0x04: _currency("ElectricityCurrency"),
    0x05: _currency("WaterCurrency"),
    0x06: _currency("GasCurrency"),
    0x07: _currency("TimeCurrency"),
    0x10: _test("InitiateMeterTest/Display1", 36, 8),
    0x11: _test("InitiateMeterTest/Display2", 28, 16),
    0x12: (
        "ExtendedRead",
        (("index", 54, 6), ("data", 24, 30), ("mfr", 16, 8)),
        ("index", 54, 6),
    ),
    0x20: _with_tid("SetMaximumPowerLimit", "mpl"),
    0x21: _with_tid("ClearCredit", "register"),
    0x22: _with_tid("SetTariffRate", "rate"),
    0x23: (
        "Set1stSectionDecoderKey",
        (("kenho", 56, 4), ("krn", 52, 4), ("ro", 51, 1), ("kct3", 50, 1), ("kt", 48, 2), NK),
        None,
    ),
    0x24: ("Set2ndSectionDecoderKey", (("kenlo", 56, 4), ("ti", 48, 8), NK), None),
    0x25: _with_tid("ClearTamperCondition", "pad"),
    0x26: _with_tid("SetMaximumPhasePowerUnbalanceLimit", "mppul"),
    0x27: _with_tid("SetWaterMeterFactor", "factor"),
    0x28: ("Set3rdSectionDecoderKey", (("sgclo", 48, 12), NK), None),
    0x29: ("Set4thSectionDecoderKey", (("sgcho", 48, 12), NK), None),
    0x2A: ("SetExtended", (RND, TID, ("index", 26, 6), ("flag", 17, 9), _FLAG), _FLAG),
    0x2B: _MANUFACTURER,
    0x2C: _MANUFACTURER,
    0x2D: _MANUFACTURER,
    0x2E: _MANUFACTURER,
    0x2F: _MANUFACTURER,
    _EXTENDED_DATA: ("SetExtended", (RND, TID, ("index", 26, 6), _DATA), _DATA),
    _KCT3_64: ("Set3rdSectionDecoderKey", (("sgc", 36, 24), ("pad", 16, 20)), None),
}


def row(
    cls: int, subclass: int, key_bytes: int = 16, index: int = FLAG_INDEX
) -> "tuple[str, tuple, tuple | None] | None":
    """Return the TOKENS row, or None for a reserved subclass.

    With an 8-byte key the third section has a form of its own. index, bits 31..26 of the block,
    selects between the two forms of class 2 subclass 10.
    """
    code = cls << 4 | subclass
    if (code == 0x28 and key_bytes == 8) or (code == 0x2A and index != FLAG_INDEX):
        code |= 0x100
    return TOKENS.get(code)


def bits(block: "bytes | bytearray", low: int, width: int) -> int:
    """Return bits low + width - 1 .. low of an 8-byte block (bit 0 is the last byte's lowest)."""
    if width > 24:
        return bits(block, low + 24, width - 24) << 24 | _bits(block, low, 24)
    return _bits(block, low, width)


def get(field: tuple, block: "bytes | bytearray") -> "int | bytes":
    """Return the content of one field of a block: an integer, or 4 bytes of a new key."""
    if field is NK:
        return bytes(block[2:6])
    width = field[2]
    if width > 24:
        return bits(block, field[1], width)
    value = _bits(block, field[1], width)
    return value | _bits(block, field[3], field[4]) << width if len(field) > 3 else value
