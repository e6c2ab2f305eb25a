"""Form 2 of a ledger slot: tagged, versioned records.

    0    form, u16 big-endian
    2    slot number, u32: the greater one is the newer slot
    6    records: tag u8 (1..255), version u8, length u8, data; a tag of 0 ends them
    252  CRC-32 of all before it, u32

The first six bytes and the place and kind of the CRC stay the same in all later forms, so that a
slot of a newer firmware can be told from a damaged one and is left alone.
"""

import struct
from binascii import crc32

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


SLOT_SIZE = const(256)
FORM = const(2)
FORM_1 = const(1)
_HEAD = const(6)
_RECORD_HEAD = const(3)
_END = const(SLOT_SIZE - 4)

# Answers of kind_of that are not a slot number.
BLANK = const(-1)
DAMAGED = const(-2)
NEWER = const(-3)  # whole, but this firmware cannot read it


def kind_of(buf, known):
    """Return the number of a slot that can be read, or BLANK, DAMAGED or NEWER.

    known: {tag: highest version that this firmware reads}.
    """
    form, number = struct.unpack_from(">HI", buf, 0)
    if buf[0] in (0, 0xFF) and all(byte == buf[0] for byte in buf):
        return BLANK
    if form == FORM_1 and _version1().good(buf):
        return number
    if form <= FORM_1 or struct.unpack_from(">I", buf, _END)[0] != _crc(buf):
        return DAMAGED
    if form > FORM:
        return NEWER
    for tag, version, _ in _records(buf):
        if version > known.get(tag, 0):
            return NEWER
    return number


def read(buf):
    """Return the records of a slot of any form: a list of (tag, version, data)."""
    if struct.unpack_from(">H", buf, 0)[0] == FORM_1:
        return _version1().records(buf)
    return _records(buf)


def write(buf, number, records):
    """Fill `buf` with a slot.

    records: rows (tag, version, pack, unpack); pack(buf, at) returns the length, 0 for no record.
    """
    struct.pack_into(">HI", buf, 0, FORM, number)
    at = _HEAD
    for tag, version, pack, _ in records:
        length = pack(buf, at + _RECORD_HEAD)
        if length:
            buf[at], buf[at + 1], buf[at + 2] = tag, version, length
            at += _RECORD_HEAD + length
    if at > _END:
        raise ValueError("the records need %d bytes of %d" % (at, _END))
    for i in range(at, _END):
        buf[i] = 0
    struct.pack_into(">I", buf, _END, _crc(buf))


def unpack(form, data, default):
    """Return the values of a record, `default` if there is none. Raise ValueError if it is odd."""
    if data is None:
        return default
    if len(data) != struct.calcsize(form):
        raise ValueError("a record has %d bytes" % len(data))
    return struct.unpack(form, data)


def _version1():
    """Return the module for form 1, which takes heap only on a meter that has an old ledger."""
    from . import version1

    return version1


def _crc(buf):
    return crc32(memoryview(buf)[:_END])


def _records(buf):
    view = memoryview(buf)
    found = []
    at = _HEAD
    while at < _END and buf[at]:
        data = at + _RECORD_HEAD
        at = data + buf[data - 1]
        found.append((buf[data - 3], buf[data - 2], bytes(view[data : min(at, _END)])))
    return found
