"""The emulated board's flash as a file on the host: a LittleFS made and read here.

A board's files normally go over mpremote. Measuring and power-cut tests want a flash that is the
same to the last byte at every start, made in milliseconds, and readable after the emulator has
been killed; so they make the file system on the host instead.
"""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from littlefs import LittleFS, LittleFSError

from tjugo.errors import TjugoError

# As boards/qemu_mps2/_boot.py has them. The cache is what MicroPython makes of the program size;
# with a larger one here, files could be stored inline that the board cannot read.
FLASH_BYTES = 1024 * 1024
_BLOCK_BYTES = 4096
_PROG_BYTES = 256
_READ_BYTES = 32
_CACHE_BYTES = 4 * _PROG_BYTES
_LOOKAHEAD_BYTES = 32

# The emulated PSRAM that the flash is part of; QEMU wants the file at its full size.
_MEMORY_BYTES = 16 * 1024 * 1024


def write_image(path: Path, files: Mapping[str, bytes]) -> None:
    """Make a flash with these files, folders included, in place of what `path` holds.

    files: path on the board, without the leading slash, to content. Raises TjugoError when they
    do not fit.
    """
    fs = _file_system(bytearray(b"\xff" * FLASH_BYTES), mount=False)
    fs.format()
    fs.mount()
    try:
        for name, content in sorted(files.items()):
            fs.makedirs(str(PurePosixPath(name).parent), exist_ok=True)
            with fs.open(name, "wb") as file:
                file.write(content)
    except LittleFSError as error:
        raise TjugoError(f"the files do not fit on the emulated flash: {error}") from None
    fs.unmount()
    new = path.with_name(path.name + ".new")
    with new.open("wb") as image:
        image.write(fs.context.buffer)
        image.truncate(_MEMORY_BYTES)
    os.replace(new, path)


def blank_image(path: Path) -> None:
    """A flash as new: the board formats it when it starts."""
    with path.open("wb") as image:
        image.truncate(_MEMORY_BYTES)


def read_image(path: Path) -> dict[str, bytes]:
    """Every file on the flash, by path. Raises TjugoError when it does not mount."""
    with path.open("rb") as image:
        content = bytearray(image.read(FLASH_BYTES))
    files = {}
    try:
        fs = _file_system(content, mount=True)
        for folder, _, names in fs.walk("/"):
            for name in names:
                full = str(PurePosixPath(folder) / name)
                with fs.open(full, "rb") as file:
                    files[full.lstrip("/")] = file.read()
    except LittleFSError as error:
        raise TjugoError(f"{path} holds no file system that can be read: {error}") from None
    return files


def _file_system(content: bytearray, mount: bool) -> LittleFS:
    fs = LittleFS(
        block_size=_BLOCK_BYTES,
        block_count=FLASH_BYTES // _BLOCK_BYTES,
        prog_size=_PROG_BYTES,
        read_size=_READ_BYTES,
        cache_size=_CACHE_BYTES,
        lookahead_size=_LOOKAHEAD_BYTES,
        mount=False,
    )
    fs.context.buffer = content
    if mount:
        fs.mount()
    return fs
