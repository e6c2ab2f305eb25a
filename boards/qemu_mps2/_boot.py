# Run before boot.py at every start: mount the file system on the emulated flash.
#
# The flash is the first MiB of the board's 16 MiB PSRAM, which QEMU keeps in a file on the host.
# Its content survives a restart. If QEMU is killed during a write, a partly written block remains,
# as after a power failure of a real board.
import sys

import uctypes
import vfs
from micropython import const

# This file's globals are those of the prompt and of main.py: a constant is none of them.
_FLASH_ADDRESS = const(0x21000000)
_FLASH_SIZE = const(2 * 1024 * 1024)
_BLOCK_SIZE = const(4096)
_PROG_SIZE = const(256)
_ERASE_SIZE = const(256)


class Flash:
    """Block device with the extended interface that VfsLfs2 needs."""

    MAGIC = b"littlefs"  # at offset 8 of block 0 or 1 of every LittleFS

    def __init__(self):
        self._memory = memoryview(uctypes.bytearray_at(_FLASH_ADDRESS, _FLASH_SIZE))

    def readblocks(self, block, buf, offset=0):
        start = block * _BLOCK_SIZE + offset
        buf[:] = self._memory[start : start + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        start = block * _BLOCK_SIZE + offset
        self._memory[start : start + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return _FLASH_SIZE // _BLOCK_SIZE
        if op == 5:
            return _BLOCK_SIZE
        if op == 6:
            start = arg * _BLOCK_SIZE
            erased = b"\xff" * _ERASE_SIZE
            for at in range(start, start + _BLOCK_SIZE, _ERASE_SIZE):
                self._memory[at : at + _ERASE_SIZE] = erased
        return 0

    def was_formatted(self):
        for start in (8, _BLOCK_SIZE + 8):
            if self._memory[start : start + len(self.MAGIC)] == self.MAGIC:
                return True
        return False


def mount(flash):
    # A file system that cannot be mounted is reported and never formatted: its data are evidence.
    if not flash.was_formatted():
        vfs.VfsLfs2.mkfs(flash, progsize=_PROG_SIZE)
    try:
        vfs.mount(vfs.VfsLfs2(flash, progsize=_PROG_SIZE), "/")
    except OSError as error:
        print("flash: file system is damaged and was not mounted:", error)


if "/lib" not in sys.path:
    sys.path.append("/lib")
mount(Flash())
