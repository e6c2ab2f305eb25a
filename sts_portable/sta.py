"""EA07: the Standard Transfer Algorithm, with the published sample tables.

The algorithm has sixteen rounds of a key-dependent nibble substitution and a 64-bit permutation.
A round takes one look-up per nibble: the state is kept as three lanes of six, six and four slots
of 5 bits (30 bits: the largest integer that a 32-bit board holds without the heap). A slot is the
nibble with the round's key bit above it, and is the index into a table of substituted and already
permuted bits. The rounds are in sta_rounds.py.
"""

import struct

from .sta_rounds import first, gather, rounds, spread

# sta_rounds.py reads its tables as lists, or as words packed in bytes if it is machine code.
_PACKED = first(b"\1\1\1\1") > 1
_NIBBLES = bytes(range(16)) * 3
_SAMPLE = (
    b"\x0c\x0a\x08\x04\x03\x0f\x00\x02\x0e\x01\x05\x0d\x06\x09\x07\x0b"
    b"\x06\x09\x07\x04\x03\x0a\x0c\x0e\x02\x0d\x01\x0f\x00\x0b\x08\x05"
    b"\x1d\x1b\x22\x09\x10\x3e\x37\x02\x28\x31\x26\x19\x21\x3d\x1e\x17"
    b"\x01\x29\x15\x39\x2a\x0f\x05\x3a\x13\x35\x16\x11\x30\x1c\x18\x27"
    b"\x03\x3c\x24\x0e\x0b\x34\x36\x0c\x1f\x33\x0a\x1a\x00\x2d\x25\x2b"
    b"\x2c\x06\x3b\x04\x07\x23\x38\x32\x0d\x12\x20\x2f\x2e\x3f\x14\x08"
)
_source = _SAMPLE
_built = {}


def set_tables(data: bytes = _SAMPLE) -> None:
    """Use other tables: 96 bytes, S1 (16) S2 (16) P (64), as in a licensee's file.

    Without an argument the sample tables are restored. Raise ValueError, and keep the tables in
    use, unless S1 and S2 are permutations of 0..15 and P is one of 0..63.
    """
    global _source
    data = bytes(data)
    parts = (("S1", data[:16], 16), ("S2", data[16:32], 16), ("P", data[32:], 64))
    for label, part, size in parts:
        if sorted(part) != list(range(size)):
            raise ValueError("STA table %s is not a permutation of 0..%d" % (label, size - 1))
    _source = data
    _built.clear()


def tables() -> bytes:
    """Return the 96 bytes in use, in the form of set_tables(). A licensee's tables are secret."""
    return _source


def _inverse(table):
    out = bytearray(len(table))
    for i in range(len(table)):
        out[table[i]] = i
    return bytes(out)


def _tables(decrypting):
    """Return (lane tables A, B, C; ends) for sta_rounds.py.

    ends: 16 bytes that substitute each nibble of the input, then 32 bytes that substitute each
    5-bit slot of the result.
    """
    found = _built.get(decrypting)
    if found:
        return found
    zero, one, moves = _source[16:32], _source[:16], _source[32:]
    ends = _NIBBLES
    if decrypting:
        zero, one, moves = _inverse(zero), _inverse(one), _inverse(moves)
        ends = _inverse(zero) + zero + one
    lanes = [_lane(number, zero, one, moves) for number in range(3)]
    found = _built[decrypting] = (lanes[0], lanes[1], lanes[2], ends)
    return found


def _lane(number, zero, one, moves):
    """Return one of the lane tables; one at a time, they need the least heap."""
    lane = [0] * 512
    for bit in range(64):
        slot = moves[bit] >> 2
        if slot // 6 != number:
            continue
        place = 1 << 5 * (slot % 6) + (moves[bit] & 3)
        for i in range(32):
            nibble = one[i & 15] if i & 16 else zero[i]
            if nibble >> (bit & 3) & 1:
                lane[(bit >> 2) * 32 + i] |= place
    return struct.pack("512I", *lane) if _PACKED else lane


def _run(key, block, up):
    a, b, c, ends = _tables(up)
    lanes = bytearray(24) if _PACKED else [0] * 6
    spread(block, key, ends, lanes)
    rounds(a, b, c, lanes, up)
    out = bytearray(8)
    gather(lanes, ends, out)
    return bytes(out)


def encrypt(key: bytes, block: "bytes | bytearray") -> bytes:
    """Encrypt 8 bytes with an 8-byte key, both most significant byte first."""
    number = int.from_bytes(key, "big")
    turned = (number >> 12 | (number & 0xFFF) << 52).to_bytes(8, "big")
    return _run(turned, block, 0)


def decrypt(key: bytes, block: "bytes | bytearray") -> bytes:
    """Decrypt 8 bytes with an 8-byte key: the inverse of encrypt().

    A decryption round permutes first and substitutes second; a look-up substitutes first. The
    conversion of the input therefore compensates for the first substitution, and the conversion
    of the result makes the last one.
    """
    return _run(key, block, 1)
