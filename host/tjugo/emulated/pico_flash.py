"""The emulated Pico's flash as a file, with a file system written and read on the host.

Copying a meter's files over the emulated console takes minutes. Tests that do not test the copying
start from a flash made here.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from tjugo.emulated import littlefs_image
from tjugo.emulated.pico_build import ROM_BYTES

FLASH_BYTES = 2 * 1024 * 1024
# Where MicroPython's board RPI_PICO keeps files: the last 1,408 KB of the chip.
_FILES_AT = FLASH_BYTES - 1408 * 1024
_ROM_AT = _FILES_AT - ROM_BYTES


def write_flash(path: Path, files: Mapping[str, bytes], rom: bytes = b"") -> None:
    """Write a flash with these files to `path`, see littlefs_image.pack(), and a ROM's image."""
    content = littlefs_image.pack(files, FLASH_BYTES - _FILES_AT)
    new = path.with_name(path.name + ".new")
    new.write_bytes(b"\xff" * _ROM_AT + rom.ljust(ROM_BYTES, b"\xff") + content)
    os.replace(new, path)


def read_flash(path: Path) -> dict[str, bytes]:
    """Return every file on the flash by path. Raise TjugoError if it cannot be mounted."""
    return littlefs_image.unpack(path.read_bytes()[_FILES_AT:])
