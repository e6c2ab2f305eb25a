"""EA07 for a computer: one wide integer instead of three lanes, one look-up per byte.

The method and the tables are those of sta.py, for interpreters on which an 80-bit integer is as
fast as a small one. It is not for boards: its tables are 16,384 integers. It is used only after
ea.register(7, sta_wide.encrypt, sta_wide.decrypt).
"""

from . import sta

_MASK = (1 << 80) - 1
_ONES = sum(1 << 5 * i for i in range(16))  # bit 0 of each of the sixteen 5-bit slots
_SPREAD = [(byte >> 4) << 5 | byte & 15 for byte in range(256)]
_cache = {}


def _tables(decrypting):
    """Return (source tables, eight look-up tables of 1024, input table, output table)."""
    narrow = sta._tables(decrypting)
    found = _cache.get(decrypting)
    if found and found[0] is narrow:
        return found
    slots = [narrow[0][i] | narrow[1][i] << 30 | narrow[2][i] << 60 for i in range(512)]
    pairs = [
        [slots[64 * n + 32 + (x >> 5)] | slots[64 * n + (x & 31)] for x in range(1024)]
        for n in range(8)
    ]
    undone, sub = narrow[3][:16], narrow[3][16:]
    start = [undone[byte >> 4] << 5 | undone[byte & 15] for byte in range(256)]
    end = [sub[x >> 5] << 4 | sub[x & 31] for x in range(1024)]
    found = _cache[decrypting] = (narrow, pairs, start, end)
    return found


def _wide(block, spread):
    value = 0
    for byte in block:
        value = value << 10 | spread[byte]
    return value


def _rows(key):
    """Return the key bits of sixteen decryption rounds, each bit 4 of its slot."""
    k = _wide(key, _SPREAD)
    planes = [(k >> bit & _ONES) << 4 for bit in range(4)]
    rows = []
    for turn in (0, 5, 10, 15):
        rows += [(plane >> turn | plane << 80 - turn) & _MASK for plane in planes]
    return rows


def _rounds(x, pairs, rows):
    t0, t1, t2, t3, t4, t5, t6, t7 = pairs
    for row in rows:
        x |= row
        x = (
            t0[x & 1023]
            | t1[x >> 10 & 1023]
            | t2[x >> 20 & 1023]
            | t3[x >> 30 & 1023]
            | t4[x >> 40 & 1023]
            | t5[x >> 50 & 1023]
            | t6[x >> 60 & 1023]
            | t7[x >> 70]
        )
    return x


def _block(x, end):
    return bytes([end[x >> shift & 1023] for shift in (70, 60, 50, 40, 30, 20, 10, 0)])


def encrypt(key: bytes, block: "bytes | bytearray") -> bytes:
    """Encrypt 8 bytes with an 8-byte key, both most significant byte first."""
    _, pairs, start, end = _tables(False)
    rows = _rows(key)
    rows.reverse()
    return _block(_rounds(_wide(block, start), pairs, rows), end)


def decrypt(key: bytes, block: "bytes | bytearray") -> bytes:
    """Decrypt 8 bytes with an 8-byte key: the inverse of encrypt()."""
    _, pairs, start, end = _tables(True)
    rows = _rows(key)
    x = _rounds(_wide(block, start), pairs, [0] + rows[:15])
    return _block(x | rows[15], end)
