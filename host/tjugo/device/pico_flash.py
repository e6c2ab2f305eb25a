"""The emulated Pico's flash as a file: its file system made and read on the host.

Copying a meter's files over the emulated console takes minutes; so tests that are not about
copying start from a flash made here.
"""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from littlefs import LittleFS, LittleFSError

from tjugo.errors import TjugoError

FLASH_BYTES = 2 * 1024 * 1024
# Where MicroPython's board RPI_PICO keeps files: the last 1,408 KB of the chip.
_FILES_AT = FLASH_BYTES - 1408 * 1024
_BLOCK_BYTES = 4096


def write_flash(path: Path, files: Mapping[str, bytes]) -> None:
    """Make a flash with these files, folders included, in place of what `path` holds.

    files: path on the board, without the leading slash, to content. Raises TjugoError when they
    do not fit.
    """
    fs = _file_system(bytearray(b"\xff" * (FLASH_BYTES - _FILES_AT)), mount=False)
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
    new.write_bytes(b"\xff" * _FILES_AT + bytes(fs.context.buffer))
    os.replace(new, path)


def read_flash(path: Path) -> dict[str, bytes]:
    """Every file on the flash, by path. Raises TjugoError when it does not mount."""
    files = {}
    try:
        fs = _file_system(bytearray(path.read_bytes()[_FILES_AT:]), mount=True)
        for folder, _, names in fs.walk("/"):
            for name in names:
                full = str(PurePosixPath(folder) / name)
                with fs.open(full, "rb") as file:
                    files[full.lstrip("/")] = file.read()
    except LittleFSError as error:
        raise TjugoError(f"{path} holds no file system that can be read: {error}") from None
    return files


def _file_system(content: bytearray, mount: bool) -> LittleFS:
    """As the port's _boot.py makes it; the cache is what MicroPython makes of the program size."""
    fs = LittleFS(
        block_size=_BLOCK_BYTES,
        block_count=len(content) // _BLOCK_BYTES,
        prog_size=256,
        read_size=32,
        cache_size=1024,
        lookahead_size=32,
        mount=False,
    )
    fs.context.buffer = content
    if mount:
        fs.mount()
    return fs
