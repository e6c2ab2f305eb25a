"""Campaigns: many credit tokens with EA07 at once with numpy, equal to those of sts_portable.

Every array has one entry per token; 64-bit blocks and keys are stored in int64. Only the functions
for campaigns are implemented: DKGA02 and DKGA04 with KT 0 to 2, credit in units. numpy is
optional: available() returns whether it is installed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sts_portable import amount, dkga, pan, tid
from sts_portable.errors import FormatError, RangeError, StsError
from tjugo.sta_tables import in_use

if TYPE_CHECKING:
    import numpy as np
else:
    try:
        import numpy as np
    except ImportError:
        np = None

Array = Any  # numpy.ndarray, if numpy is installed

_CHUNK = 4096  # so that the arrays of a chunk stay in the processor's cache
_SAMPLE_PAN = "600727000000000009"
_EVEN = 0x00FF00FF00FF00FF


def available() -> bool:
    """Return whether numpy is installed."""
    return np is not None


@dataclass(frozen=True)
class Campaign:
    """The common parameters of all tokens of a campaign.

    dkga "02" or "04"; kt 0 to 2; subclass 0 to 3; the others as for dkga.decoder_key().
    """

    dkga: str
    vk: bytes = field(repr=False)
    kt: int
    sgc: int
    ti: int
    krn: int
    bdt: str
    subclass: int = 0


def make_credit(
    campaign: Campaign,
    pans: Sequence[str],
    tids: Sequence[int],
    rnds: Sequence[int],
    tenths: Sequence[int],
) -> list[str]:
    """Derive each meter's decoder key, make one credit token for it, and return the digits.

    tenths: units of 0.1, rounded up. Raise StsError, without any token, if an argument is invalid.
    """
    if not len(pans) == len(tids) == len(rnds) == len(tenths):
        raise FormatError("the numbers of MeterPANs, TIDs, random numbers and amounts differ")
    if campaign.dkga not in _DERIVE or campaign.kt == 3 or not 0 <= campaign.subclass <= 3:
        raise StsError("campaigns are for DKGA02 and DKGA04, unique keys, subclass 0 to 3")
    made: list[str] = []
    for start in range(0, len(pans), _CHUNK):
        part = slice(start, start + _CHUNK)
        blocks = clear_blocks(campaign.subclass, tids[part], rnds[part], tenths[part])
        keys = decoder_keys(campaign, pans[part])
        made += credit_digits(sta_encrypt(keys, blocks))
    return made


def decoder_keys(campaign: Campaign, pans: Sequence[str]) -> Array:
    """Return the 64-bit decoder keys. Raise StsError for a wrong MeterPAN or parameter."""
    c = campaign
    # The portable derivation of one key checks all parameters that do not depend on the meter.
    dkga.decoder_key(c.dkga, c.vk, _SAMPLE_PAN, c.kt, c.sgc, c.ti, c.krn, c.bdt, 7)
    digits = _checked(pans)
    return _DERIVE[c.dkga](c, pans, digits)


def _checked(pans: Sequence[str]) -> Array:
    """Return the digits of the MeterPANs, 18 columns. Raise PanError for the first wrong one."""
    text = "".join(pans).encode("utf-8", "replace")
    if len(text) == 18 * len(pans) and all(len(one) == 18 for one in pans):
        digits = np.frombuffer(text, np.uint8).reshape(-1, 18) - 48
        two = (digits[:, :6] == (6, 0, 0, 7, 2, 7)).all(1)
        four = (digits[:, :4] == 0).all(1)
        good = (digits < 10).all(1) & (_luhn(digits) == 0)
        good &= (two & (_luhn(digits[:, 6:17]) == 0)) | (four & (_luhn(digits[:, 4:17]) == 0))
        if good.all():
            return digits
    # The portable check raises the error with its reason.
    for one in pans:
        pan.drn_from_pan(one)
    raise pan.PanError("the MeterPANs of a campaign are 18 digits each, nothing between")


def _luhn(digits: Array) -> Array:
    """Return 0 for each row whose last digit is the check digit of the others."""
    plain, doubled = digits[:, ::-1][:, ::2], digits[:, ::-1][:, 1::2] * 2
    return (plain.sum(1) + (doubled - 9 * (doubled > 9)).sum(1)) % 10


def _derive_04(c: Campaign, pans: Sequence[str], _digits: Array) -> Array:
    """Derive keys by HMAC-SHA-256; the common prefix of all messages is hashed once."""
    text = dkga.message(_SAMPLE_PAN, c.kt, c.sgc, c.ti, c.krn, c.bdt, 7, 8)
    head, _, tail = text.partition(_SAMPLE_PAN.encode())
    padded = c.vk + bytes(64 - len(c.vk))
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + head)
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
    keys = bytearray()
    for number in pans:
        one, two = inner.copy(), outer.copy()
        one.update(number.encode() + tail)
        two.update(one.digest())
        keys += two.digest()[:8]
    return np.frombuffer(bytes(keys), ">i8").astype(np.int64)


def _derive_02(c: Campaign, _pans: Sequence[str], digits: Array) -> Array:
    """Derive keys by DES of all blocks in one call: the key is the vending key."""
    from Crypto.Cipher import DES

    blocks = digits[:, 1:17:2] << 4 | digits[:, 2:17:2]
    control = dkga.control_block(c.kt, c.sgc, c.ti, c.krn)
    data = blocks ^ np.frombuffer(control, np.uint8)
    out = DES.new(c.vk, DES.MODE_ECB).encrypt(data.tobytes())
    mixed = np.frombuffer(out, np.uint8).reshape(-1, 8) ^ data ^ np.frombuffer(c.vk, np.uint8)
    return np.frombuffer(mixed.tobytes(), ">i8").astype(np.int64)


_DERIVE = {"02": _derive_02, "04": _derive_04}


def clear_blocks(
    subclass: int, tids: Sequence[int], rnds: Sequence[int], tenths: Sequence[int]
) -> Array:
    """Return the 64-bit blocks of credit tokens, check field included. Raise RangeError."""
    codes = amount_codes(tenths)
    number = _within("TID", tids, tid.MAX_TID, 1)
    body = _within("random number", rnds, 15) << 24 | number
    blocks = body << 32 | codes << 16 | subclass << 60
    return blocks | _crc(blocks)


def _within(what: str, values: Sequence[int], most: int, least: int = 0) -> Array:
    if values and not (least <= min(values) and max(values) <= most):
        raise RangeError(f"a {what} is outside {least} to {most}")
    return np.array(values, np.int64)


def amount_codes(tenths: Sequence[int]) -> Array:
    """Return amount.encode() of each amount. Raise RangeError."""
    left = _within("amount", tenths, amount.MAX_TENTHS)
    codes = np.full(len(tenths), -1, np.int64)
    for exponent in range(4):
        step = 10**exponent
        mantissa = (left - amount.decode(exponent << 14) + step - 1) // step
        fits = (codes < 0) & (mantissa < 1 << 14)
        codes[fits] = exponent << 14 | mantissa[fits]
    return codes


def _crc(blocks: Array) -> Array:
    """Return crc.field() of class 0 blocks, whose last 16 bits are ignored."""
    table = _crc_table()
    register = np.full(len(blocks), int(table[0xFF]) ^ 0xFF, np.int64)  # after the class byte, 0
    for shift in range(56, 8, -8):
        register = register >> 8 ^ table[(register ^ blocks >> shift) & 0xFF]
    return (register & 0xFF) << 8 | register >> 8


@lru_cache
def _crc_table() -> Array:
    table = np.arange(256, dtype=np.int64)
    for _ in range(8):
        table = table >> 1 ^ 0xA001 * (table & 1)
    return table


def sta_encrypt(keys: Array, blocks: Array) -> Array:
    """Encrypt blocks by EA07 with the tables in use.

    A round takes one look-up per byte: the index is eight bits of the block and the two key bits
    that select the substitutions of its nibbles, the entry the permuted bits of the byte.
    """
    tables = _sta_tables(in_use())
    k = _rotated(~keys, 52)
    x = blocks
    for _ in range(16):
        chosen = k >> 3 & 0x1111111111111111
        chosen = (chosen | chosen >> 3) & 0x0303030303030303
        even = x & _EVEN | (chosen & _EVEN) << 8
        odd = x >> 8 & _EVEN | chosen & ~_EVEN
        x = tables[0][even & 0x3FF]
        for byte in range(1, 8):
            lanes = odd if byte & 1 else even
            x = x | tables[byte][lanes >> 16 * (byte >> 1) & 0x3FF]
        k = _rotated(k, 1)
    return x


def _rotated(x: Array, left: int) -> Array:
    return x << left | x >> 64 - left & (1 << left) - 1


@lru_cache(maxsize=2)
def _sta_tables(source: bytes) -> list[Array]:
    """Return the 1024 entries of each byte of the block for sta_encrypt(), lowest byte first."""
    s1, s2, moves = source[:16], source[16:32], source[32:]
    tables = []
    for byte in range(8):
        entries = []
        for index in range(1024):
            low = (s2 if index >> 8 & 1 else s1)[index & 15]
            high = (s2 if index >> 9 & 1 else s1)[index >> 4 & 15]
            bits = high << 4 | low
            entries.append(sum((bits >> i & 1) << moves[8 * byte + i] for i in range(8)))
        tables.append(np.array(entries, np.uint64).astype(np.int64))
    return tables


def credit_digits(encrypted: Array) -> list[str]:
    """Return the 20 digits of encrypted class 0 blocks."""
    moved = (encrypted >> 27 & 3).tolist()
    rest = (encrypted & ~(3 << 27)).astype(np.uint64).tolist()
    return [f"{high << 64 | low:020d}" for high, low in zip(moved, rest, strict=True)]
