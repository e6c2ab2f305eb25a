"""Integers packed in bytes: the fields of a block, the TIDs of a store.

Like sta_rounds.py the module may be compiled with mpy-cross -X emit=viper, which needs the
annotations.
"""

ptr8 = object  # for interpreters; viper has its own


def bits(block: ptr8, low: int, width: int) -> int:
    """Return bits low + width - 1 .. low of an 8-byte block, at most 24 of them."""
    high = low + width - 1 >> 3
    i = 7 - high
    value = block[i]
    while i < 7 - (low >> 3):
        i += 1
        value = value << 8 | block[i]
    return value >> (low & 7) & (1 << width) - 1


def place(tids: ptr8, tid: int) -> int:
    """Return the offset of the last entry <= `tid` in the 150 bytes of a TidStore, or -3."""
    i = 147
    while i >= 0 and (tids[i] << 16 | tids[i + 1] << 8 | tids[i + 2]) > tid:
        i -= 3
    return i
