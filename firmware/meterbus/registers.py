"""The register map of the meter as one table, and how its values become registers and back.

The meter answers from this table, the collector and the bus trace decode by it, and
`tjugo bus map` prints it. A test compares docs/wire.md with it.
"""

import struct
from binascii import hexlify

from . import codes

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# In order of address. Access: i function 4, h function 3, w functions 6 and 16.
# Group: the bit of `known` that must be set for the register to be read, a KNOWN_ of codes.
# Unit and meaning of each are in descriptions.py.
# (name, address, kind, words, access, group)
ROWS = (
    ("sdm_voltage", 0x0000, "f32", 2, "i", codes.KNOWN_VOLTAGE),
    ("sdm_current", 0x0006, "f32", 2, "i", codes.KNOWN_CURRENT),
    ("sdm_power", 0x000C, "f32", 2, "i", codes.KNOWN_POWER),
    ("sdm_apparent", 0x0012, "f32", 2, "i", codes.KNOWN_ALWAYS),
    ("sdm_reactive", 0x0018, "f32", 2, "i", codes.KNOWN_ALWAYS),
    ("sdm_pf", 0x001E, "f32", 2, "i", codes.KNOWN_ALWAYS),
    ("sdm_sum_power", 0x0034, "f32", 2, "i", codes.KNOWN_POWER),
    ("sdm_frequency", 0x0046, "f32", 2, "i", codes.KNOWN_FREQUENCY),
    ("sdm_import", 0x0048, "f32", 2, "i", codes.KNOWN_LEDGER),
    ("sdm_total", 0x0156, "f32", 2, "i", codes.KNOWN_LEDGER),
    ("energy_wh", 0x1000, "u32", 2, "ih", codes.KNOWN_LEDGER),
    ("credit", 0x1002, "s32", 2, "ih", codes.KNOWN_LEDGER),
    ("control_state", 0x1004, "u16", 1, "ih", codes.KNOWN_ALWAYS),
    ("open_reasons", 0x1005, "u16", 1, "ih", codes.KNOWN_ALWAYS),
    ("token_result", 0x1006, "u16", 1, "ih", codes.KNOWN_LEDGER),
    ("sequence", 0x1007, "u32", 2, "ih", codes.KNOWN_LEDGER),
    ("power_fail_count", 0x1009, "u16", 1, "ih", codes.KNOWN_LEDGER),
    ("power_limit_w", 0x100A, "u32", 2, "ih", codes.KNOWN_ALWAYS),
    ("krn", 0x100C, "u16", 1, "ih", codes.KNOWN_KEY),
    ("ti", 0x100D, "u16", 1, "ih", codes.KNOWN_KEY),
    ("sgc", 0x100E, "u32", 2, "ih", codes.KNOWN_KEY),
    ("ken", 0x1010, "u16", 1, "ih", codes.KNOWN_KEY),
    ("kt", 0x1011, "u16", 1, "ih", codes.KNOWN_KEY),
    ("status", 0x1012, "u16", 1, "ih", codes.KNOWN_ALWAYS),
    ("power_w", 0x1013, "u32", 2, "ih", codes.KNOWN_POWER),
    ("drn", 0x1015, "ascii", 7, "ih", codes.KNOWN_ALWAYS),
    ("device_status", 0x101C, "u16", 1, "ih", codes.KNOWN_ALWAYS),
    ("device_reasons", 0x101D, "u16", 1, "ih", codes.KNOWN_ALWAYS),
    ("device_control_state", 0x101E, "u16", 1, "ih", codes.KNOWN_ALWAYS),
    ("known", 0x101F, "u16", 1, "ih", codes.KNOWN_ALWAYS),
    ("tamper", 0x1020, "u16", 1, "ih", codes.KNOWN_LEDGER),
    ("lockout_s", 0x1021, "u16", 1, "ih", codes.KNOWN_LEDGER),
    ("unix", 0x1022, "u32", 2, "ihw", codes.KNOWN_TIME),
    ("step_w", 0x1080, "u16", 1, "ih", codes.KNOWN_STEP),
    ("step_pf", 0x1081, "u16", 1, "ih", codes.KNOWN_STEP_PF),
    ("restorations_left", 0x1082, "u16", 1, "ih", codes.KNOWN_MALIGNANT),
    ("token_ref", 0x10FE, "u32", 2, "hw", codes.KNOWN_ALWAYS),
    ("token", 0x1100, "ascii", 10, "hw", codes.KNOWN_ALWAYS),
    ("token_command", 0x110A, "u16", 1, "hw", codes.KNOWN_ALWAYS),
    ("result", 0x110B, "u16", 1, "h", codes.KNOWN_LEDGER),
    ("result_ref", 0x110C, "u32", 2, "h", codes.KNOWN_LEDGER),
    ("result_credit", 0x110E, "s32", 2, "h", codes.KNOWN_ANSWER),
    ("result_sequence", 0x1110, "u32", 2, "h", codes.KNOWN_ANSWER),
    ("result_mac", 0x1112, "bytes", 4, "h", codes.KNOWN_ANSWER),
)

NAME = const(0)
ADDRESS = const(1)
KIND = const(2)
WORDS = const(3)
ACCESS = const(4)
GROUP = const(5)

BY_NAME = {row[NAME]: row for row in ROWS}


def block(first, last):
    """Return (start, count) of the registers from the row `first` up to and with `last`."""
    start = BY_NAME[first][ADDRESS]
    return start, BY_NAME[last][ADDRESS] + BY_NAME[last][WORDS] - start


# Eastron's map, of which this meter has a part; clients read across the rest of it. A number that
# is not known is NaN there: a phase that is not measured must not make a block unreadable.
_SDM_END = const(0x0180)
_NAN = const(0x7FC0)  # the high word of an f32, at even addresses; the low word is 0

# What a client reads or writes in one request.
STATE_START, STATE_COUNT = block("energy_wh", "drn")  # a poll
ACCOUNT_START, ACCOUNT_COUNT = block("energy_wh", "power_fail_count")  # needs the ledger only
DEVICE_START, DEVICE_COUNT = block("drn", "known")  # can always be read
TOKEN_START, TOKEN_COUNT = block("token_ref", "token_command")
RESULT_START, RESULT_COUNT = block("result", "result_ref")
ANSWER_START, ANSWER_COUNT = block("result", "result_mac")  # the result with its proof
PROOF_START, PROOF_COUNT = block("result_credit", "result_mac")  # of that, what is passed on
ENTER = const(1)  # token_command

FORMATS = {"u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i", "f32": ">f"}


def row(name):
    """Return the row of a register. Raise KeyError if there is none."""
    return BY_NAME[name]


def pack_into(found, buf, at, value):
    """Write a row's value into `buf[at:]`. A number out of range becomes the nearest in range.

    None, which is possible for an f32 only, becomes NaN.
    """
    form = FORMATS.get(found[KIND])
    if form is None:
        text = value.encode() if isinstance(value, str) else value
        size = min(len(text), 2 * found[WORDS])
        buf[at : at + size] = text[:size]
        for i in range(at + size, at + 2 * found[WORDS]):
            buf[i] = 0
        return
    if value is None:
        form = ">I"
        value = _NAN << 16
    elif form != ">f":
        value = nearest(found, value)
    struct.pack_into(form, buf, at, value)


def nearest(found, value):
    """Return the integer in the range of a row that is next to `value`."""
    bits = 16 * found[WORDS]
    low = 0
    if found[KIND][0] == "s":
        bits -= 1
        low = -1  # of value >> bits
    if low <= value >> bits <= 0:  # the limits may be objects of the heap
        return value
    return (1 << bits) - 1 if value > 0 else low << bits


def unpack(found, buf, at):
    """Return the value of a row whose registers begin at `buf[at]`. Bytes are hexadecimal text,
    and NaN is None."""
    if found[KIND] in FORMATS:
        value = struct.unpack_from(FORMATS[found[KIND]], buf, at)[0]
        return value if value == value else None
    raw = bytes(buf[at : at + 2 * found[WORDS]])
    return printable(raw) if found[KIND] == "ascii" else str(hexlify(raw), "ascii")


def printable(raw):
    """Return bytes from the line as text, without NUL; a byte that is not ASCII becomes `?`."""
    return "".join(chr(c) if 32 <= c < 127 else "?" for c in raw if c)


def encode(name, value):
    """Return a value as the bytes of its registers."""
    found = BY_NAME[name]
    out = bytearray(2 * found[WORDS])
    pack_into(found, out, 0, value)
    return bytes(out)


def decode(start, data):
    """Return {name: value} of the registers that lie wholly in `data`, read from `start`."""
    end = start + len(data) // 2
    return {
        found[NAME]: unpack(found, data, 2 * (found[ADDRESS] - start))
        for found in ROWS
        if start <= found[ADDRESS] and found[ADDRESS] + found[WORDS] <= end
    }


def milli(number, factor=1):
    """Return `factor` times an integer in 1/1000 as the number of an f32 register; or None."""
    return None if number is None else number * factor / 1000


def token_entry(digits, ref):
    """Return the registers from TOKEN_START that enter 20 `digits` with reference `ref`."""
    return encode("token_ref", ref) + encode("token", digits) + encode("token_command", ENTER)


def plan(start, count):
    """Return (rows, format for struct, groups) of a block of whole rows without gaps, None for
    another one. Its values, each in the range of its row, can be written in one go."""
    if start < _SDM_END:
        return None
    at = start
    rows = []
    form = ">"
    groups = 0
    for found in ROWS:
        if found[ADDRESS] < start:
            continue
        if at >= start + count:
            break
        if found[ADDRESS] != at:
            return None
        rows.append(found)
        code = FORMATS.get(found[KIND])
        form += code[1:] if code else "%ds" % (2 * found[WORDS])
        groups |= found[GROUP]
        at += found[WORDS]
    return (rows, form, groups) if at == start + count else None


def covered(start, count, access):
    """Return True if `access` (i, h or w) may reach each of `count` addresses from `start`."""
    at = start
    end = start + count
    for _, first, _, words, allowed, _ in ROWS:
        if at >= end:
            break
        last = first + words
        if last <= at:
            continue
        if at < first:
            if access != "i" or min(first, end) > _SDM_END:
                return False
            at = first
        if at < end and access not in allowed:
            return False
        at = last
    return at >= end or (access == "i" and end <= _SDM_END)


def readable(start, count, known):
    """Return False if a value in the `count` registers from `start` is unknown; in Eastron's map,
    where a block has NaN for it, if all of them are.

    known: the bits KNOWN_ of codes that are set.
    """
    end = start + count
    touched = unknown = 0
    for _, first, _, words, _, group in ROWS:
        if first >= end:
            break
        if first + words > start:
            touched += 1
            unknown += group & ~known != 0
    return unknown < touched if unknown and start < _SDM_END else not unknown


def fill(start, count, get, out):
    """Write the registers `start`..`start + count` into `out` (2 bytes each).

    `get(name)` returns a value, None if it is unknown, and is called only for rows that are
    touched. Check `covered` and `readable` first.
    """
    scratch = None
    end = start + count
    out[: 2 * count] = bytes(2 * count)
    for gap in range(start + start % 2, min(end, _SDM_END), 2):
        struct.pack_into(">H", out, 2 * (gap - start), _NAN)
    for found in ROWS:
        name, first, _, words, _, _ = found
        if first >= end:
            break
        last = first + words
        if last <= start:
            continue
        value = get(name)
        at = 2 * (first - start)
        if at >= 0 and last <= end:
            pack_into(found, out, at, value)
            continue
        scratch = scratch or bytearray(20)  # only a part of this row is read
        pack_into(found, scratch, 0, value)
        for i in range(max(0, -at), 2 * (min(last, end) - first)):
            out[at + i] = scratch[i]
