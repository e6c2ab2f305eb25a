"""The sixteen rounds of EA07, in the subset that mpy-cross -X emit=viper accepts.

Viper is MicroPython's compiler for typed integer code, here twenty times as fast as bytecode. The
annotations are its types. Without Viper they have no effect, and the module is plain Python.
"""

ptr8 = ptr32 = object  # for interpreters; viper has its own


def first(table: ptr32) -> int:
    """Return the first item of a table. Machine code reads four bytes as one word."""
    return table[0]


def spread(block: ptr8, key: ptr8, table: ptr8, lanes: ptr32):
    """Store the nibbles of a block, substituted by `table`, in the slots of lanes[0..2].

    The nibbles of the key are stored in lanes[3..5] unchanged.
    """
    a = b = c = ka = kb = kc = 0
    i = 0
    while i < 8:
        pair = table[block[i] >> 4] << 5 | table[block[i] & 15]
        k = key[i] >> 4 << 5 | key[i] & 15
        if i > 4:
            a = a << 10 | pair
            ka = ka << 10 | k
        elif i > 1:
            b = b << 10 | pair
            kb = kb << 10 | k
        else:
            c = c << 10 | pair
            kc = kc << 10 | k
        i += 1
    lanes[0] = a
    lanes[1] = b
    lanes[2] = c
    lanes[3] = ka
    lanes[4] = kb
    lanes[5] = kc


def gather(lanes: ptr32, table: ptr8, block: ptr8):
    """Store the slots of lanes[0..2], each substituted by table[16..47], in the 8-byte block."""
    a = lanes[0]
    b = lanes[1]
    c = lanes[2]
    i = 8
    while i:
        i -= 1
        if i > 4:
            pair = a
            a >>= 10
        elif i > 1:
            pair = b
            b >>= 10
        else:
            pair = c
            c >>= 10
        block[i] = table[16 + (pair >> 5 & 31)] << 4 | table[16 + (pair & 31)]


def rounds(A: ptr32, B: ptr32, C: ptr32, lanes: ptr32, up: int):
    """Look up all slots of lanes[0..2] and set the key bits of the next round, sixteen times.

    lanes[3..5] contain the key. If `up`, the rounds use its bits 4i, 4i + 1, 4i + 2 .. in
    ascending order (decryption); else in descending order from 4i + 3, which is set before the
    first round (encryption). The slots are written out: in bytecode a loop takes a fifth more
    time.
    """
    a = lanes[0]
    b = lanes[1]
    c = lanes[2]
    ka = lanes[3]
    kb = lanes[4]
    kc = lanes[5]
    ones = 0x2108421  # bit 0 of each of six slots
    bit = 0
    if not up:
        a |= (ka >> 3 & ones) << 4
        b |= (kb >> 3 & ones) << 4
        c |= (kc >> 3 & ones) << 4
        bit = 2
    n = 16
    while n:
        x0 = a & 31
        x1 = a >> 5 & 31 | 32
        x2 = a >> 10 & 31 | 64
        x3 = a >> 15 & 31 | 96
        x4 = a >> 20 & 31 | 128
        x5 = a >> 25 | 160
        x6 = b & 31 | 192
        x7 = b >> 5 & 31 | 224
        x8 = b >> 10 & 31 | 256
        x9 = b >> 15 & 31 | 288
        x10 = b >> 20 & 31 | 320
        x11 = b >> 25 | 352
        x12 = c & 31 | 384
        x13 = c >> 5 & 31 | 416
        x14 = c >> 10 & 31 | 448
        x15 = c >> 15 | 480
        # fmt: off
        a = (
            (ka >> bit & ones) << 4
            | A[x0] | A[x1] | A[x2] | A[x3] | A[x4] | A[x5] | A[x6] | A[x7]
            | A[x8] | A[x9] | A[x10] | A[x11] | A[x12] | A[x13] | A[x14] | A[x15]
        )
        b = (
            (kb >> bit & ones) << 4
            | B[x0] | B[x1] | B[x2] | B[x3] | B[x4] | B[x5] | B[x6] | B[x7]
            | B[x8] | B[x9] | B[x10] | B[x11] | B[x12] | B[x13] | B[x14] | B[x15]
        )
        c = (
            (kc >> bit & ones) << 4
            | C[x0] | C[x1] | C[x2] | C[x3] | C[x4] | C[x5] | C[x6] | C[x7]
            | C[x8] | C[x9] | C[x10] | C[x11] | C[x12] | C[x13] | C[x14] | C[x15]
        )
        # fmt: on
        n -= 1
        if up:
            bit += 1
            if bit > 3:  # rotate the key by one slot
                bit = 0
                low = ka & 31
                ka = ka >> 5 | (kb & 31) << 25
                kb = kb >> 5 | (kc & 31) << 25
                kc = kc >> 5 | low << 15
        else:
            bit -= 1
            if bit < 0:
                bit = 3
                top = kc >> 15
                kc = (kc & 0x7FFF) << 5 | kb >> 25
                kb = (kb & 0x1FFFFFF) << 5 | ka >> 25
                ka = (ka & 0x1FFFFFF) << 5 | top
    lanes[0] = a
    lanes[1] = b
    lanes[2] = c
