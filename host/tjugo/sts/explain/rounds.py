"""The ciphers round by round in the form of the standards, for display.

They are not used to make or check tokens; tests compare them with the ciphers of sts_portable.
"""

from collections.abc import Iterator

from sts_portable import dea, misty1
from tjugo.sta_tables import in_use
from tjugo.sts.explain.model import Table

_MASK = (1 << 64) - 1


def trace(code: int, key: bytes, block: bytes, decrypting: bool) -> Table:
    """Return every round of encryption algorithm 7, 9 or 11 on one block.

    The last cells of the last row together are the result.
    """
    return _TRACES[code](key, block, decrypting)


def _rotate(value: int, left: int) -> int:
    left %= 64
    return (value << left | value >> 64 - left) & _MASK


def _hex(value: int, digits: int = 16) -> str:
    return f"{value:0{digits}x}"


def _substitute(value: int, key: int, one: bytes, zero: bytes) -> int:
    """Substitute each nibble by the table that the highest bit of the key's nibble selects."""
    out = 0
    for i in range(16):
        table = one if key >> (4 * i + 3) & 1 else zero
        out |= table[value >> 4 * i & 15] << 4 * i
    return out


def _permute(value: int, moves: bytes) -> int:
    return sum((value >> i & 1) << moves[i] for i in range(64))


def _inverse(table: bytes) -> bytes:
    return bytes(table.index(i) for i in range(len(table)))


def _sta(key: bytes, block: bytes, decrypting: bool) -> Table:
    tables = in_use()
    s1, s2, moves = tables[:16], tables[16:32], tables[32:]
    value, number = int.from_bytes(block, "big"), int.from_bytes(key, "big")
    k = _rotate(number, 3) if decrypting else _rotate(number ^ _MASK, -12)
    rows = []
    for turn in range(1, 17):
        if decrypting:
            first = _permute(value, _inverse(moves))
            value = _substitute(first, k, _inverse(s1), _inverse(s2))
        else:
            first = _substitute(value, k, s2, s1)
            value = _permute(first, moves)
        rows.append((f"{turn}", _hex(k), _hex(first), _hex(value)))
        k = _rotate(k, -1 if decrypting else 1)
    order = ("permuted back", "substituted back") if decrypting else ("substituted", "permuted")
    return Table(("round", "key register", *order), tuple(rows))


def _des(key: bytes, block: bytes, decrypting: bool) -> Table:
    subkeys = dea._subkeys(key)
    bits = dea._pick(dea._bits(block), dea._IP)
    left, right = bits[:32], bits[32:]
    rows = [("IP", "", _of_bits(left), _of_bits(right))]
    for turn, subkey in enumerate(reversed(subkeys) if decrypting else subkeys, 1):
        mixed = dea._mix(right, subkey)
        left, right = right, bytes(a ^ b for a, b in zip(left, mixed, strict=True))
        rows.append((f"{turn}", _of_bits(subkey), _of_bits(left), _of_bits(right)))
    swapped = bytes(right) + bytes(left)
    final = bytearray(64)
    for i, place in enumerate(dea._IP):
        final[place - 1] = swapped[i]
    rows.append(("swap, FP", "", _of_bits(final[:32]), _of_bits(final[32:])))
    return Table(("round", "round key", "L", "R"), tuple(rows))


def _of_bits(bits: bytes | bytearray) -> str:
    return _hex(int("".join(map(str, bits)), 2), len(bits) // 4)


class _Misty1:
    """RFC 2994 with its names: K and K' (here d) are the key words, FI, FO, FL its functions."""

    def __init__(self, key: bytes) -> None:
        self.k = [key[i] << 8 | key[i + 1] for i in range(0, 16, 2)]
        self.d = [self.fi(self.k[i], self.k[(i + 1) % 8]) for i in range(8)]

    @staticmethod
    def fi(x: int, k: int) -> int:
        d9, d7 = x >> 7, x & 127
        d9 = misty1._S9[d9] ^ d7
        d7 = misty1._S7[d7] ^ d9 & 127
        d7 ^= k >> 9
        d9 ^= k & 511
        return d7 << 9 | misty1._S9[d9] ^ d7

    def fo(self, x: int, i: int) -> int:
        k, d = self.k, self.d
        left, right = x >> 16, x & 0xFFFF
        left = self.fi(left ^ k[i], d[(i + 5) % 8]) ^ right
        right = self.fi(right ^ k[(i + 2) % 8], d[(i + 1) % 8]) ^ left
        left = self.fi(left ^ k[(i + 7) % 8], d[(i + 3) % 8]) ^ right
        return (right ^ k[(i + 4) % 8]) << 16 | left

    def _fl_keys(self, i: int) -> tuple[int, int]:
        j = i // 2
        if i % 2:
            return self.d[(j + 2) % 8], self.k[(j + 4) % 8]
        return self.k[j % 8], self.d[(j + 6) % 8]

    def fl(self, x: int, i: int) -> int:
        with_and, with_or = self._fl_keys(i)
        left, right = x >> 16, x & 0xFFFF
        right ^= left & with_and
        return (left ^ (right | with_or)) << 16 | right

    def fl_inverse(self, x: int, i: int) -> int:
        with_and, with_or = self._fl_keys(i)
        left, right = x >> 16, x & 0xFFFF
        left ^= right | with_or
        return left << 16 | right ^ left & with_and


def _misty1(key: bytes, block: bytes, decrypting: bool) -> Table:
    walk = _misty1_backwards if decrypting else _misty1_forwards
    high, low = int.from_bytes(block[:4], "big"), int.from_bytes(block[4:], "big")
    rows = ((name, _hex(left, 8), _hex(right, 8)) for name, left, right in walk(key, high, low))
    return Table(("operation", "L", "R"), tuple(rows))


def _misty1_forwards(key: bytes, left: int, right: int) -> Iterator[tuple[str, int, int]]:
    m = _Misty1(key)
    for i in (0, 2, 4, 6):
        left, right = m.fl(left, i), m.fl(right, i + 1)
        yield "FL", left, right
        right ^= m.fo(left, i)
        yield f"FO, round {i + 1}", left, right
        left ^= m.fo(right, i + 1)
        yield f"FO, round {i + 2}", left, right
    left, right = m.fl(left, 8), m.fl(right, 9)
    yield "FL", left, right
    yield "swap", right, left


def _misty1_backwards(key: bytes, right: int, left: int) -> Iterator[tuple[str, int, int]]:
    m = _Misty1(key)
    yield "swap", left, right
    left, right = m.fl_inverse(left, 8), m.fl_inverse(right, 9)
    yield "FL undone", left, right
    for i in (6, 4, 2, 0):
        left ^= m.fo(right, i + 1)
        yield f"FO, round {i + 2}", left, right
        right ^= m.fo(left, i)
        yield f"FO, round {i + 1}", left, right
        left, right = m.fl_inverse(left, i), m.fl_inverse(right, i + 1)
        yield "FL undone", left, right


_TRACES = {7: _sta, 9: _des, 11: _misty1}
