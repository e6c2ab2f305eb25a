"""Form 3 of a ledger slot: tagged, versioned records, as many bytes as they need.

    0    form, u16 big-endian
    2    slot number, u32: the greater one is the newer slot
    6    length of all, u16
    8    records: tag u8 (1..255), version u8, length u8, data
    -4   CRC-32 of all before it, u32

The first eight bytes and the kind and place of the CRC stay the same in all later forms, so that a
slot of a newer firmware can be told from a damaged one and is left alone. The places of forms 1
and 2 are in front: old.py.
"""

import struct
from binascii import crc32

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


SLOT_SIZE = const(512)
FORM = const(3)
_HEAD = const(8)
_RECORD_HEAD = const(3)
_CRC = const(4)
_EMPTY = const(_HEAD + _CRC)

OLD_SIZE = const(256)  # of the two slots of forms 1 and 2, at the start of the store
CLOSED = const(3)  # their form once the ledger is in the new places

# Answers of kind_of that are not a slot number.
BLANK = const(-1)
DAMAGED = const(-2)
NEWER = const(-3)  # whole, but this firmware cannot read it


def place(slot):
    """Return the offset of slot 0 or 1 in the store."""
    return SLOT_SIZE * (slot + 1)


def closed(store):
    """Return True if both slots of the earlier forms have the closing mark. Raise OSError."""
    buf = bytearray(2)
    for at in (0, OLD_SIZE):
        store.read(at, buf)
        if buf[0] << 8 | buf[1] != CLOSED:
            return False
    return True


def kind_of(buf, known):
    """Return the number of a slot that can be read, or BLANK, DAMAGED or NEWER.

    known: {tag: highest version that this firmware reads}.
    """
    form, number, length = struct.unpack_from(">HIH", buf, 0)
    if blank(buf):
        return BLANK
    if form < FORM or not _EMPTY <= length <= len(buf):
        return DAMAGED
    if struct.unpack_from(">I", buf, length - _CRC)[0] != _crc(buf, length):
        return DAMAGED
    if form > FORM:
        return NEWER
    for tag, version, _ in read(buf):
        if version > known.get(tag, 0):
            return NEWER
    return number


def blank(buf):
    """Return True if a memory was never written: all bytes are 0x00, or all are 0xFF."""
    return buf[0] in (0, 0xFF) and all(byte == buf[0] for byte in buf)


def read(buf):
    """Return the records of a slot: a list of (tag, version, data)."""
    return records(buf, _HEAD, struct.unpack_from(">H", buf, 6)[0] - _CRC)


def records(buf, at, end):
    """Return the records between two places of a buffer; a tag of 0 ends them."""
    view = memoryview(buf)
    found = []
    while at < end and buf[at]:
        data = at + _RECORD_HEAD
        at = data + buf[data - 1]
        found.append((buf[data - 3], buf[data - 2], bytes(view[data : min(at, end)])))
    return found


def write(buf, number, rows):
    """Fill `buf` with a slot; return its length.

    rows: (tag, version, pack, unpack); pack(buf, at) returns the length, 0 for no record.
    """
    at = _HEAD
    for tag, version, pack, _ in rows:
        length = pack(buf, at + _RECORD_HEAD)
        if length:
            buf[at], buf[at + 1], buf[at + 2] = tag, version, length
            at += _RECORD_HEAD + length
    end = at + _CRC
    if end > SLOT_SIZE:
        raise ValueError("the records need %d bytes of %d" % (end, SLOT_SIZE))
    struct.pack_into(">HIH", buf, 0, FORM, number, end)
    struct.pack_into(">I", buf, at, _crc(buf, end))
    return end


def unpack(form, data, default):
    """Return the values of a record, `default` if there is none. Raise ValueError if it is odd."""
    if data is None:
        return default
    if len(data) != struct.calcsize(form):
        raise ValueError("a record has %d bytes" % len(data))
    return struct.unpack(form, data)


def _crc(buf, length):
    return crc32(memoryview(buf)[: length - _CRC])
