"""The register map of the meter as one table, and how its values become registers and back.

The meter answers from this table, the collector and the bus trace read by it, and
`tjugo bus map` prints it. docs/wire.md says the same in words.
"""

import struct

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# In order of address. Access: i function 4, h function 3, w functions 6 and 16.
# (name, address, kind, words, access, unit, meaning)
ROWS = (
    ("sdm_voltage", 0x0000, "f32", 2, "i", "V", "voltage"),
    ("sdm_current", 0x0006, "f32", 2, "i", "A", "current"),
    ("sdm_power", 0x000C, "f32", 2, "i", "W", "active power"),
    ("sdm_frequency", 0x0046, "f32", 2, "i", "Hz", "frequency"),
    ("sdm_import", 0x0048, "f32", 2, "i", "kWh", "imported energy"),
    ("sdm_total", 0x0156, "f32", 2, "i", "kWh", "total energy, here the imported energy"),
    ("energy_wh", 0x1000, "u32", 2, "ih", "Wh", "total imported energy"),
    ("credit", 0x1002, "s32", 2, "ih", "10 Wh", "electricity credit"),
    ("control_state", 0x1004, "u16", 1, "ih", "", "0 disconnected, 1 connected, 2 ready"),
    ("open_reasons", 0x1005, "u16", 1, "ih", "bits", "why the relay is open"),
    ("token_result", 0x1006, "u16", 1, "ih", "", "the last TokenResult, from anywhere"),
    ("sequence", 0x1007, "u32", 2, "ih", "", "grows with everything that happens"),
    ("power_fail_count", 0x1009, "u16", 1, "ih", "", "power failures"),
    ("power_limit_w", 0x100A, "u32", 2, "ih", "W", "maximum power limit, 0 none"),
    ("krn", 0x100C, "u16", 1, "ih", "", "key revision number"),
    ("ti", 0x100D, "u16", 1, "ih", "", "tariff index"),
    ("sgc", 0x100E, "u32", 2, "ih", "", "supply group code"),
    ("ken", 0x1010, "u16", 1, "ih", "", "key expiry number"),
    ("kt", 0x1011, "u16", 1, "ih", "", "key type"),
    ("status", 0x1012, "u16", 1, "ih", "bits", "what the device says of itself"),
    ("power_w", 0x1013, "u32", 2, "ih", "W", "active power"),
    ("drn", 0x1015, "ascii", 7, "ih", "", "decoder reference number"),
    ("token_ref", 0x10FE, "u32", 2, "hw", "", "the sender's reference of the token, 0 none"),
    ("token", 0x1100, "ascii", 10, "hw", "", "20 digits"),
    ("token_command", 0x110A, "u16", 1, "hw", "", "1 enters the token"),
    ("result", 0x110B, "u16", 1, "h", "", "TokenResult of the entry"),
    ("result_ref", 0x110C, "u32", 2, "h", "", "the reference that result belongs to"),
)

NAME = const(0)
ADDRESS = const(1)
KIND = const(2)
WORDS = const(3)
ACCESS = const(4)
UNIT = const(5)
MEANING = const(6)

# Eastron's map has gaps; clients read across them, so they read as 0.
_ZERO_END = const(0x0180)

STATE_START = const(0x1000)  # what a poll reads in one request ...
STATE_COUNT = const(28)  # ... up to and with the DRN
TOKEN_START = const(0x10FE)  # token_ref, token and token_command in one request
TOKEN_COUNT = const(13)
RESULT_START = const(0x110B)
RESULT_COUNT = const(3)
ENTER = const(1)  # token_command

# Bits of `status`.
STATUS_COVER_OPEN = const(1)
STATUS_RELAY_CLOSED = const(2)
STATUS_NOT_CONFIGURED = const(4)
STATUS_LEDGER_FAULT = const(8)
STATUS_RELAY_FAULT = const(16)
STATUS_SAFE = const(32)  # the safe application runs: only status and drn can be read
STATUS_CRASHED = const(64)  # there is a crash report, the object below

CRASH_OBJECT = const(0x80)  # of the device identification (43/14): the last crash in words

_FORMATS = {"u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i", "f32": ">f"}
_BY_NAME = {row[NAME]: row for row in ROWS}


def row(name):
    """The row of a register. KeyError if there is none."""
    return _BY_NAME[name]


def pack_into(found, buf, at, value):
    """Write a row's value into `buf[at:]`. Numbers that do not fit are cut to the nearest end."""
    kind = found[KIND]
    if kind == "ascii":
        size = 2 * found[WORDS]
        text = value.encode() if isinstance(value, str) else value
        for i in range(size):
            buf[at + i] = text[i] if i < len(text) else 0
        return
    if kind != "f32":
        bits = 16 * found[WORDS]
        low = -(1 << bits - 1) if kind[0] == "s" else 0
        value = min(max(value, low), low + (1 << bits) - 1)
    struct.pack_into(_FORMATS[kind], buf, at, value)


def unpack(found, buf, at):
    """The value of a row whose registers begin at `buf[at]`."""
    if found[KIND] != "ascii":
        return struct.unpack_from(_FORMATS[found[KIND]], buf, at)[0]
    return printable(buf[at : at + 2 * found[WORDS]])


def printable(raw):
    """Bytes from the line as text: NUL left out, what is not ASCII as a question mark."""
    return "".join(chr(c) if 32 <= c < 127 else "?" for c in raw if c)


def encode(name, value):
    """A value as the bytes of its registers."""
    found = _BY_NAME[name]
    out = bytearray(2 * found[WORDS])
    pack_into(found, out, 0, value)
    return bytes(out)


def decode(start, data):
    """Every register that lies wholly in `data`, read from address `start`: {name: value}."""
    end = start + len(data) // 2
    return {
        found[NAME]: unpack(found, data, 2 * (found[ADDRESS] - start))
        for found in ROWS
        if start <= found[ADDRESS] and found[ADDRESS] + found[WORDS] <= end
    }


def milli(thousandths):
    """An integer in 1/1000 as the number a f32 register shows."""
    return thousandths / 1000


def token_entry(digits, ref):
    """The registers from TOKEN_START that enter `digits` (20 of them) with reference `ref`."""
    return encode("token_ref", ref) + encode("token", digits) + encode("token_command", ENTER)


def covered(start, count, access):
    """True if each of `count` addresses from `start` may be reached by `access` (i, h or w)."""
    at = start
    end = start + count
    for found in ROWS:
        first = found[ADDRESS]
        if at >= end:
            break
        if first + found[WORDS] <= at:
            continue
        if at < first:
            if access != "i" or min(first, end) > _ZERO_END:
                return False
            at = first
        if at < end and access not in found[ACCESS]:
            return False
        at = max(at, first + found[WORDS])
    return at >= end or (access == "i" and end <= _ZERO_END)


def fill(start, count, get, out):
    """Write the registers `start`..`start + count` into `out` (2 bytes each).

    `get(name)` gives a value; only rows that are touched are asked for. Check `covered` first.
    """
    scratch = bytearray(20)
    for i in range(2 * count):
        out[i] = 0
    for found in ROWS:
        first = found[ADDRESS]
        low = max(first, start)
        high = min(first + found[WORDS], start + count)
        if low >= high:
            continue
        pack_into(found, scratch, 0, get(found[NAME]))
        for i in range(2 * (low - first), 2 * (high - first)):
            out[2 * (first - start) + i] = scratch[i]
