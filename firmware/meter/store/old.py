"""Forms 1 and 2 of a ledger slot, of earlier firmware: read, and converted into records.

Their two slots of 256 bytes are at 0 and 256. Once the ledger has form 3, both hold a closing
mark: an older firmware takes it for a slot of a newer one and does not begin a new ledger. Form 2
is a head, form and slot number, then records, and CRC-32 in the last four bytes.
"""

import struct
from binascii import crc32

from .slots import BLANK, CLOSED, DAMAGED, NEWER, OLD_SIZE, blank, records

_END = OLD_SIZE - 4
_FORM_1, _FORM_2 = 1, 2
_HEAD_2 = 6

# Form 1, of firmware 0.1:
# form, slot number, energy_wh, remainder, credit_wh, sequence, power_fail_count,
# last result, last amount in 0.1 kWh, bus reference, hash of its token,
# key from token, ea, kt, krn, ti, ken, sgc, key length, key; then 150 bytes of TIDs and the CRC
_HEAD = ">HIIIiIHBIIIBBBBBBIB16s"
_HEAD_SIZE = struct.calcsize(_HEAD)
_TIDS = 150
_RECORD = _HEAD_SIZE + _TIDS + 4


def find(store, known):
    """Return (kind, records) of the newest old slot: its number, or BLANK if both are blank,
    DAMAGED or NEWER.

    known: {tag: highest version that this firmware reads}. Raise OSError.
    """
    buf = bytearray(OLD_SIZE)
    newest, blanks, number = None, 0, DAMAGED
    for at in (0, OLD_SIZE):
        store.read(at, buf)
        kind = _kind_of(buf, known)
        if kind == NEWER:
            return NEWER, None
        if kind == BLANK:
            blanks += 1
        elif kind > number:
            number, newest = kind, _records(buf)
    if newest is not None:
        return number, newest
    # Both were written before the first token: with one of them blank nothing was ever promised.
    return BLANK if blanks else DAMAGED, None


def close(store):
    """Write the closing mark into both slots. Raise OSError."""
    buf = bytearray(OLD_SIZE)
    struct.pack_into(">H", buf, 0, CLOSED)
    struct.pack_into(">I", buf, _END, _crc(buf, _END))
    store.write(0, buf)
    store.write(OLD_SIZE, buf)


def _kind_of(buf, known):
    form, number = struct.unpack_from(">HI", buf, 0)
    if blank(buf):
        return BLANK
    if form == _FORM_1:
        good = struct.unpack_from(">I", buf, _RECORD - 4)[0] == _crc(buf, _RECORD - 4)
        return number if good else DAMAGED
    if form < _FORM_1 or struct.unpack_from(">I", buf, _END)[0] != _crc(buf, _END):
        return DAMAGED
    if form > CLOSED:
        return NEWER
    if form == CLOSED:
        return DAMAGED  # what was here is in form 3 since, and would have been found there
    for tag, version, _ in _records(buf):
        if version > known.get(tag, 0):
            return NEWER
    return number


def _records(buf):
    if buf[1] == _FORM_2:
        return records(buf, _HEAD_2, _END)
    (_, _, energy_wh, remainder, credit_wh, sequence, failures,
     result, amount, ref, token_hash,
     _, ea, kt, krn, ti, ken, sgc, size, key,
    ) = struct.unpack_from(_HEAD, buf, 0)  # fmt: skip
    found = [
        (1, 1, struct.pack(">IIiI", energy_wh, remainder, credit_wh, amount)),
        (2, 1, struct.pack(">IH", sequence, failures)),
        (3, 1, struct.pack(">BII", result, ref, token_hash)),
        (5, 1, bytes(buf[_HEAD_SIZE : _HEAD_SIZE + _TIDS])),
    ]
    if size:  # written only if a token brought the key
        head = struct.pack(">BBBBBI", ea, kt, krn, ti, ken, sgc)
        found.append((4, 1, head + key[:size]))
    return found


def _crc(buf, end):
    return crc32(memoryview(buf)[:end])
