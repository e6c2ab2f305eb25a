"""EA07: the Standard Transfer Algorithm, with the published sample tables.

Sixteen rounds of key-chosen nibble substitution and a 64-bit permutation. A round is one look-up
per nibble: the state is kept as three lanes of six, six and four slots of 5 bits (30 bits: the
largest integer a 32-bit board holds without the heap). A slot is the nibble with the round's key
bit above it, so that a slot is an index into a table of substituted and already permuted bits.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_NIBBLES = bytes(range(16)) * 2
_ONES = const(0x2108421)  # bit 0 of each of the six slots
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


def set_tables(data=_SAMPLE):
    """Use other tables: 96 bytes, S1 (16) S2 (16) P (64), as a licensee's file holds them.

    Without an argument the sample tables come back. Raises ValueError, and keeps the tables in
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


def _inverse(table):
    out = bytearray(len(table))
    for i in range(len(table)):
        out[table[i]] = i
    return bytes(out)


def _tables(decrypting):
    """(lane tables A, B, C; substitution by 5-bit slot; substitution undone for key bit 0)."""
    found = _built.get(decrypting)
    if found:
        return found
    zero, one, moves = _source[16:32], _source[:16], _source[32:]
    if decrypting:
        zero, one, moves = _inverse(zero), _inverse(one), _inverse(moves)
    lanes = ([0] * 512, [0] * 512, [0] * 512)
    for bit in range(64):
        slot = moves[bit] >> 2
        lane = lanes[slot // 6]
        place = 1 << 5 * (slot % 6) + (moves[bit] & 3)
        for i in range(32):
            nibble = one[i & 15] if i & 16 else zero[i]
            if nibble >> (bit & 3) & 1:
                lane[(bit >> 2) * 32 + i] |= place
    found = _built[decrypting] = lanes + (zero + one, _inverse(zero))
    return found


def _lane(block, start, stop, sub):
    value = 0
    for i in range(start, stop):
        byte = block[i]
        value = value << 10 | sub[byte >> 4] << 5 | sub[byte & 15]
    return value


def _lanes(block, sub):
    return [_lane(block, 5, 8, sub), _lane(block, 2, 5, sub), _lane(block, 0, 2, sub)]


def _block(state, sub):
    a, b, c = state
    out = bytearray(8)
    for i in range(7, 4, -1):
        out[i] = sub[a & 31] | sub[a >> 5 & 31] << 4
        out[i - 3] = sub[b & 31] | sub[b >> 5 & 31] << 4
        a >>= 10
        b >>= 10
    out[1] = sub[c & 31] | sub[c >> 5 & 31] << 4
    out[0] = sub[c >> 10 & 31] | sub[c >> 15] << 4
    return bytes(out)


def _schedule(key):
    """The key bits of sixteen rounds as lanes (bit 4 of each slot), after one round of zeros.

    Decryption round r tests key bits 4i + r; encryption takes the same rows from the end.
    """
    a, b, c = _lanes(key, _NIBBLES)
    rows = [0] * 51
    j = 3
    for _ in range(4):
        for bit in range(4):
            rows[j] = (a >> bit & _ONES) << 4
            rows[j + 1] = (b >> bit & _ONES) << 4
            rows[j + 2] = (c >> bit & _ONES) << 4
            j += 3
        low = a & 31
        a = a >> 5 | (b & 31) << 25
        b = b >> 5 | (c & 31) << 25
        c = c >> 5 | low << 15
    return rows


def _rounds(state, A, B, C, rows, j, step):
    """Sixteen times: put in the key bits from rows[j..j+2], then look up every slot."""
    a = state[0]
    b = state[1]
    c = state[2]
    n = 16
    while n:
        a |= rows[j]
        b |= rows[j + 1]
        c |= rows[j + 2]
        j += step
        n -= 1
        x = a & 31
        p = A[x]
        q = B[x]
        r = C[x]
        x = a >> 5 & 31 | 32
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = a >> 10 & 31 | 64
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = a >> 15 & 31 | 96
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = a >> 20 & 31 | 128
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = a >> 25 | 160
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = b & 31 | 192
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = b >> 5 & 31 | 224
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = b >> 10 & 31 | 256
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = b >> 15 & 31 | 288
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = b >> 20 & 31 | 320
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = b >> 25 | 352
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = c & 31 | 384
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = c >> 5 & 31 | 416
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = c >> 10 & 31 | 448
        p |= A[x]
        q |= B[x]
        r |= C[x]
        x = c >> 15 | 480
        a = p | A[x]
        b = q | B[x]
        c = r | C[x]
    state[0] = a
    state[1] = b
    state[2] = c


def encrypt(key, block):
    """Encrypt 8 bytes with an 8-byte key, both most significant byte first."""
    tables = _tables(False)
    state = _lanes(block, _NIBBLES)
    _rounds(state, tables[0], tables[1], tables[2], _schedule(key), 48, -3)
    return _block(state, _NIBBLES)


def decrypt(key, block):
    """Undo encrypt().

    A decryption round permutes first and substitutes second, a look-up does it the other way
    round. So the first pass substitutes what was undone before it, and the last substitution
    is left to the unpacking.
    """
    tables = _tables(True)
    rows = _schedule(key)
    state = _lanes(block, tables[4])
    _rounds(state, tables[0], tables[1], tables[2], rows, 0, 3)
    for i in range(3):
        state[i] |= rows[48 + i]
    return _block(state, tables[3])
