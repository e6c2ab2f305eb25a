"""EA09: the Data Encryption Algorithm (FIPS 46-3), one block at a time, written for clarity.

A block is a bytearray of bits, bit 1 of the standard first, so that each table appears as it is
printed in the standard. The parity bits of a key are not used.
"""

_IP = (
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6,
    64, 56, 48, 40, 32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
    61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
)  # fmt: skip
_E = (
    32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17, 16, 17,
    18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
)  # fmt: skip
_P = (
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19,
    13, 30, 6, 22, 11, 4, 25,
)  # fmt: skip
_PC1 = (
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3,
    60, 52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37,
    29, 21, 13, 5, 28, 20, 12, 4,
)  # fmt: skip
_PC2 = (
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41,
    52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
)  # fmt: skip
_SHIFTS = b"\x01\x01\x02\x02\x02\x02\x02\x02\x01\x02\x02\x02\x02\x02\x02\x01"
# S1..S8 in the standard's order of rows and columns, two entries a byte.
_S = (
    b"\xe4\xd1\x2f\xb8\x3a\x6c\x59\x07\x0f\x74\xe2\xd1\xa6\xcb\x95\x38"
    b"\x41\xe8\xd6\x2b\xfc\x97\x3a\x50\xfc\x82\x49\x17\x5b\x3e\xa0\x6d"
    b"\xf1\x8e\x6b\x34\x97\x2d\xc0\x5a\x3d\x47\xf2\x8e\xc0\x1a\x69\xb5"
    b"\x0e\x7b\xa4\xd1\x58\xc6\x93\x2f\xd8\xa1\x3f\x42\xb6\x7c\x05\xe9"
    b"\xa0\x9e\x63\xf5\x1d\xc7\xb4\x28\xd7\x09\x34\x6a\x28\x5e\xcb\xf1"
    b"\xd6\x49\x8f\x30\xb1\x2c\x5a\xe7\x1a\xd0\x69\x87\x4f\xe3\xb5\x2c"
    b"\x7d\xe3\x06\x9a\x12\x85\xbc\x4f\xd8\xb5\x6f\x03\x47\x2c\x1a\xe9"
    b"\xa6\x90\xcb\x7d\xf1\x3e\x52\x84\x3f\x06\xa1\xd8\x94\x5b\xc7\x2e"
    b"\x2c\x41\x7a\xb6\x85\x3f\xd0\xe9\xeb\x2c\x47\xd1\x50\xfa\x39\x86"
    b"\x42\x1b\xad\x78\xf9\xc5\x63\x0e\xb8\xc7\x1e\x2d\x6f\x09\xa4\x53"
    b"\xc1\xaf\x92\x68\x0d\x34\xe7\x5b\xaf\x42\x7c\x95\x61\xde\x0b\x38"
    b"\x9e\xf5\x28\xc3\x70\x4a\x1d\xb6\x43\x2c\x95\xfa\xbe\x17\x60\x8d"
    b"\x4b\x2e\xf0\x8d\x3c\x97\x5a\x61\xd0\xb7\x49\x1a\xe3\x5c\x2f\x86"
    b"\x14\xbd\xc3\x7e\xaf\x68\x05\x92\x6b\xd8\x14\xa7\x95\x0f\xe2\x3c"
    b"\xd2\x84\x6f\xb1\xa9\x3e\x50\xc7\x1f\xd8\xa3\x74\xc5\x6b\x0e\x92"
    b"\x7b\x41\x9c\xe2\x06\xad\xf3\x58\x21\xe7\x4a\x8d\xfc\x90\x35\x6b"
)


def _bits(data):
    return bytearray(byte >> n & 1 for byte in data for n in (7, 6, 5, 4, 3, 2, 1, 0))


def _bytes(bits):
    out = bytearray(8)
    for i in range(64):
        out[i >> 3] = out[i >> 3] << 1 & 0xFF | bits[i]
    return bytes(out)


def _pick(bits, table):
    return bytearray(bits[place - 1] for place in table)


def _subkeys(key):
    chosen = _pick(_bits(key), _PC1)
    c, d = chosen[:28], chosen[28:]
    keys = []
    for shift in _SHIFTS:
        c = c[shift:] + c[:shift]
        d = d[shift:] + d[:shift]
        keys.append(_pick(c + d, _PC2))
    return keys


def _mix(half, subkey):
    wide = _pick(half, _E)
    out = bytearray(32)
    for box in range(8):
        index = 0
        for place in (0, 5, 1, 2, 3, 4):  # the outer bits are the row, the inner the column
            i = box * 6 + place
            index = index << 1 | wide[i] ^ subkey[i]
        pair = _S[box * 32 + (index >> 1)]
        value = pair & 15 if index & 1 else pair >> 4
        for place in range(4):
            out[box * 4 + place] = value >> (3 - place) & 1
    return _pick(out, _P)


def _run(block, subkeys):
    bits = _pick(_bits(block), _IP)
    left, right = bits[:32], bits[32:]
    for subkey in subkeys:
        mixed = _mix(right, subkey)
        left, right = right, bytearray(left[i] ^ mixed[i] for i in range(32))
    joined = right + left
    out = bytearray(64)
    for i in range(64):  # the final permutation is the inverse of IP
        out[_IP[i] - 1] = joined[i]
    return _bytes(out)


def encrypt(key: bytes, block: "bytes | bytearray") -> bytes:
    """Encrypt 8 bytes with an 8-byte key, both most significant byte first."""
    return _run(block, _subkeys(key))


def decrypt(key: bytes, block: "bytes | bytearray") -> bytes:
    """Decrypt 8 bytes with an 8-byte key: the inverse of encrypt()."""
    return _run(block, reversed(_subkeys(key)))
