"""The ROM file system of a board, from which it executes modules in place.

The block with the header is written last: a part of an image is never mounted.
"""

import hashlib
import json  # noqa: F401  Remote.call() prints with it
from binascii import a2b_base64, b2a_base64, hexlify

import vfs

_BLOCK_COUNT = 4
_BLOCK_SIZE = 5
_BLOCK_ERASE = 6
_SEGMENT = 2
_PREPARE = 3
_WRITE = 4
_COMPLETE = 5
_CHUNK = 512
_HEADER = b"\xd2\xcd\x31"


def device():  # type: ignore[no-untyped-def]
    """Return the board's first ROM, an object with its bytes; None if it has none."""
    try:
        found = vfs.rom_ioctl(_SEGMENT, 0)
    except AttributeError:
        return None
    return None if isinstance(found, int) else found


def room() -> int:
    """Return how many bytes the ROM has, 0 if there is none."""
    found = device()
    if found is None:
        return 0
    if hasattr(found, "ioctl"):
        return found.ioctl(_BLOCK_COUNT, 0) * found.ioctl(_BLOCK_SIZE, 0)
    return len(found)


def used() -> bool:
    """Return whether the ROM has an image."""
    return bytes(memoryview(device())[: len(_HEADER)]) == _HEADER


def digest(size: int) -> str:
    """Return the SHA-256 of the first bytes, in hex."""
    view = memoryview(device())
    found = hashlib.sha256()
    for at in range(0, size, _CHUNK):
        found.update(view[at : min(at + _CHUNK, size)])
    return hexlify(found.digest()).decode()


def read(at: int, size: int) -> str:
    """Return bytes from `at`, in base64."""
    return b2a_base64(memoryview(device())[at : at + size]).decode().strip()


def erase(size: int) -> None:
    """Take the ROM out of use, and erase as much as an image of this size needs."""
    try:
        vfs.umount("/rom")
    except OSError:
        pass  # it is not mounted
    found = device()
    if hasattr(found, "ioctl"):
        block = found.ioctl(_BLOCK_SIZE, 0)
        for number in range((size + block - 1) // block):
            found.ioctl(_BLOCK_ERASE, number)
    elif vfs.rom_ioctl(_PREPARE, 0, size) < 0:
        raise OSError("the ROM cannot be erased")


def write(at: int, text: str) -> None:
    """Write bytes in base64 at `at`, a multiple of 4,096 or with none before them in its block."""
    content = a2b_base64(text)
    found = device()
    if hasattr(found, "ioctl"):
        block = found.ioctl(_BLOCK_SIZE, 0)
        found.writeblocks(at // block, content, at % block)
    elif vfs.rom_ioctl(_WRITE, 0, at, content) < 0:
        raise OSError("the ROM cannot be written")


def complete() -> None:
    """End the writing."""
    if not hasattr(device(), "ioctl"):
        vfs.rom_ioctl(_COMPLETE, 0)
