"""How an MQTT packet is put together (MQTT 3.1.1, chapter 2). "clause" is one of that standard."""

import struct


def field(value):
    """Return a UTF-8 string or bytes with its length in front (clause 1.5.3)."""
    raw = value.encode() if isinstance(value, str) else value
    if len(raw) > 0xFFFF:
        raise ValueError("longer than an MQTT string can be")
    return struct.pack(">H", len(raw)) + raw


def packet(head, *parts):
    """Return the fixed header with the remaining length (clause 2.2), then the parts."""
    size = sum(len(part) for part in parts)
    if size > 0x0FFFFFFF:
        raise ValueError("longer than an MQTT packet can be")
    header = bytearray((head,))
    while True:
        low = size & 0x7F
        size >>= 7
        header.append(low | 0x80 if size else low)
        if not size:
            return b"".join((header,) + parts)
