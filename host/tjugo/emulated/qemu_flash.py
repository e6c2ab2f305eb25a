"""The emulated board's flash as a file, with a LittleFS written and read on the host.

A board's files are normally copied by mpremote. Measurements and power failure tests need a flash
that is identical at every start, made in milliseconds, and readable after the emulator has been
killed; they therefore make the file system on the host.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from tjugo.emulated import littlefs_image

FLASH_BYTES = 2 * 1024 * 1024  # as in boards/qemu_mps2/_boot.py

# The emulated PSRAM that contains the flash; QEMU requires the file at its full size.
_MEMORY_BYTES = 16 * 1024 * 1024
# As in boards/qemu_mps2/modules/mps2board/rom.c.
ROM_BYTES = 512 * 1024
_ROM_OFFSET = 3 * 1024 * 1024


def write_image(path: Path, files: Mapping[str, bytes], rom: bytes = b"") -> None:
    """Write a flash with these files to `path`, see littlefs_image.pack(), and a ROM's image."""
    content = littlefs_image.pack(files, FLASH_BYTES)
    new = path.with_name(path.name + ".new")
    with new.open("wb") as image:
        image.write(content)
        image.seek(_ROM_OFFSET)
        image.write(rom)
        image.truncate(_MEMORY_BYTES)
    os.replace(new, path)


def blank_image(path: Path) -> None:
    """Write a blank flash, which the board formats at its first start."""
    with path.open("wb") as image:
        image.truncate(_MEMORY_BYTES)


def read_image(path: Path) -> dict[str, bytes]:
    """Return every file on the flash by path. Raise TjugoError if it cannot be mounted."""
    with path.open("rb") as image:
        return littlefs_image.unpack(image.read(FLASH_BYTES))
