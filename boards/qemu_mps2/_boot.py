# Run before boot.py at every start: mount the file system on the emulated flash.
#
# The flash is the first MiB of the board's 16 MiB PSRAM, which QEMU keeps in a file on the host.
# Its content survives a restart. If QEMU is killed during a write, a partly written block remains,
# as after a power failure of a real board.
import sys

import uctypes
import vfs

_FLASH_ADDRESS = 0x21000000
_FLASH_SIZE = 2 * 1024 * 1024
_BLOCK_SIZE = 4096
_PROG_SIZE = 256
_ERASED = b"\xff" * 256
_MAGIC = b"littlefs"  # at offset 8 of block 0 or 1 of every LittleFS


class Flash:
    """Block device with the extended interface that VfsLfs2 needs."""

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
            for at in range(start, start + _BLOCK_SIZE, len(_ERASED)):
                self._memory[at : at + len(_ERASED)] = _ERASED
        return 0

    def was_formatted(self):
        for start in (8, _BLOCK_SIZE + 8):
            if self._memory[start : start + len(_MAGIC)] == _MAGIC:
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
