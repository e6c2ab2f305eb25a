"""Orders of the station to a meter: what is signed, the bytes on the wire, and the answer.

    order   sequence u32, expires u32 (UTC seconds, 0 never), kind u8, body, mac of 8 bytes
    mac     the first 8 bytes of HMAC(HMAC(K, LABEL), drn "/" order without mac)
    proof   the first 8 bytes of HMAC(HMAC(K, ANSWER_LABEL), drn "/" order without mac, result u16)

with HMAC-SHA-256, integers big-endian; K is the meter's decoder key. A meter carries out an order
with a sequence that is higher than that of the one before, and answers that one again. The body of
SETTINGS and PRICES is of pairs: number u8, length u8, value. Meters load this for a moment only.
"""

import struct

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


LABEL = b"tjugo order 1"
ANSWER_LABEL = b"tjugo order answer 1"
MAC_BYTES = const(8)
HEAD_BYTES = const(9)
MIN_BYTES = const(17)  # of an order without a body
MAX_BYTES = const(178)
_HEAD = ">IIB"
_LONGEST = const(8)  # bytes of a value

# Function 16 writes an order: its length in bytes, and the order, padded to whole registers.
START = const(0x1140)
# Function 3 reads the answer: result u16, sequence u32, proof of 8 bytes.
ANSWER_START = const(0x11A0)
ANSWER_COUNT = const(7)
ANSWER = ">HI8s"

# Kinds
OPEN = const(1)
CLOSE = const(2)
RESTORE = const(3)
SETTINGS = const(4)
PRICES = const(5)
# Pairs of PRICES: DAILY, and the rates by their number, 1e-5 of the currency unit.
DAILY = const(0)
RATES = const(4)

# Results
DONE = const(1)
RANGE = const(2)
FUNCTION = const(3)
OLD = const(4)
EXPIRED = const(5)
FORMAT = const(6)
MODE = const(7)
WRONG_MAC = const(8)


def head(data):
    """Return (sequence, expires, kind) of an order."""
    return struct.unpack_from(_HEAD, data, 0)


def build(sequence, expires, kind, body=b""):
    """Return an order without its MAC."""
    return struct.pack(_HEAD, sequence, expires, kind) + body


def message(drn, data):
    """Return the bytes that the station signs; data: an order without its MAC."""
    return drn.encode() + b"/" + data


def answer(drn, data, result):
    """Return the bytes that the meter signs; data: the order without its MAC."""
    return message(drn, data) + struct.pack(">H", result)


def registers(data):
    """Return an order as the bytes of the registers from START."""
    return struct.pack(">H", len(data)) + data + bytes(len(data) % 2)


def body(pairs):
    """Return the body of SETTINGS or PRICES; pairs: [(number, value)], values from 0."""
    out = bytearray()
    for number, value in pairs:
        raw = value.to_bytes(_LONGEST, "big")
        size = _LONGEST
        while size > 1 and not raw[_LONGEST - size]:
            size -= 1
        out += bytes((number, size)) + raw[_LONGEST - size :]
    return bytes(out)


def pairs(data):
    """Return {number: value} of a body. Raise ValueError if it is none."""
    found = {}
    at = 0
    while at < len(data):
        end = at + 2 + data[at + 1] if at + 1 < len(data) else 0
        if not at + 2 < end <= len(data) or end > at + 2 + _LONGEST or data[at] in found:
            raise ValueError("body")
        found[data[at]] = int.from_bytes(data[at + 2 : end], "big")
        at = end
    if not found:
        raise ValueError("body")
    return found
