"""Form 1 of a ledger slot, written by firmware 0.1: read, and converted into records."""

import struct
from binascii import crc32

# form, slot number, energy_wh, remainder, credit_wh, sequence, power_fail_count,
# last result, last amount in 0.1 kWh, bus reference, hash of its token,
# key from token, ea, kt, krn, ti, ken, sgc, key length, key; then 150 bytes of TIDs and the CRC
_HEAD = ">HIIIiIHBIIIBBBBBBIB16s"
_HEAD_SIZE = struct.calcsize(_HEAD)
_TIDS = 150
_RECORD = _HEAD_SIZE + _TIDS + 4


def good(buf):
    """Return True if a slot of this form is whole."""
    crc = struct.unpack_from(">I", buf, _RECORD - 4)[0]
    return crc == crc32(memoryview(buf)[: _RECORD - 4])


def records(buf):
    """Return the slot's records: a list of (tag, version, data)."""
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
