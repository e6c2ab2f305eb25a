"""Rings of entries in the store, each entry in the place that its number gives.

An entry is its number, u32 big-endian, data, and the CRC-32 of both. A write that is cut off at
any byte leaves no entry in its place: never another one, and all other places as they were.

A ring is (offset in the store, number of places).
"""

import struct
from binascii import crc32

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_CRC = const(4)


def at(store, ring, place, buf):
    """Read what is in a place, into `buf` of an entry's length; return its number, None if it is
    no entry. Raise OSError."""
    store.read(ring[0] + place * len(buf), buf)
    end = len(buf) - _CRC
    number = struct.unpack_from(">I", buf)[0]
    good = struct.unpack_from(">I", buf, end)[0] == crc32(memoryview(buf)[:end])
    return number if good and number % ring[1] == place else None


def load(store, ring, number, buf):
    """Read the entry `number` into `buf`; False if it is not there. Raise OSError."""
    return at(store, ring, number % ring[1], buf) == number


def save(store, ring, buf):
    """Write an entry in its place; `buf` has its number and data. Raise OSError."""
    end = len(buf) - _CRC
    struct.pack_into(">I", buf, end, crc32(memoryview(buf)[:end]))
    store.write(ring[0] + struct.unpack_from(">I", buf)[0] % ring[1] * len(buf), buf)
