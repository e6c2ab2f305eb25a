"""The emulated board's flash as a file on the host: a LittleFS made and read here.

A board's files normally go over mpremote. Measuring and power-cut tests want a flash that is the
same to the last byte at every start, made in milliseconds, and readable after the emulator has
been killed; so they make the file system on the host instead.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from tjugo.emulated import littlefs_image

FLASH_BYTES = 1024 * 1024  # as boards/qemu_mps2/_boot.py has it

# The emulated PSRAM that the flash is part of; QEMU wants the file at its full size.
_MEMORY_BYTES = 16 * 1024 * 1024


def write_image(path: Path, files: Mapping[str, bytes]) -> None:
    """Make a flash with these files in place of what `path` holds; see littlefs_image.pack()."""
    content = littlefs_image.pack(files, FLASH_BYTES)
    new = path.with_name(path.name + ".new")
    with new.open("wb") as image:
        image.write(content)
        image.truncate(_MEMORY_BYTES)
    os.replace(new, path)


def blank_image(path: Path) -> None:
    """A flash as new: the board formats it when it starts."""
    with path.open("wb") as image:
        image.truncate(_MEMORY_BYTES)


def read_image(path: Path) -> dict[str, bytes]:
    """Every file on the flash, by path. Raises TjugoError when it does not mount."""
    with path.open("rb") as image:
        return littlefs_image.unpack(image.read(FLASH_BYTES))
