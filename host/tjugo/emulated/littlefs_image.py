"""A board's LittleFS image, written and read on the host."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlefs import LittleFS, LittleFSError

from tjugo.errors import TjugoError

# The parameters of MicroPython on the emulated Cortex-M3 and on the Pico. MicroPython derives the
# cache size from the program size; with a larger cache here, files could be stored inline that a
# board cannot read.
_BLOCK_BYTES = 4096
_PROG_BYTES = 256
_READ_BYTES = 32
_CACHE_BYTES = 4 * _PROG_BYTES
_LOOKAHEAD_BYTES = 32


def pack(files: Mapping[str, bytes], size: int) -> bytes:
    """Return a file system of `size` bytes with these files and their folders.

    files: path on the board, without the leading slash, to content. Raise TjugoError if they do
    not fit.
    """
    fs = _file_system(bytearray(b"\xff" * size))
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
    return bytes(fs.context.buffer)


def unpack(content: bytes) -> dict[str, bytes]:
    """Return every file by path. Raise TjugoError if the file system cannot be mounted."""
    files = {}
    try:
        fs = _file_system(bytearray(content))
        fs.mount()
        for folder, _, names in fs.walk("/"):
            for name in names:
                full = str(PurePosixPath(folder) / name)
                with fs.open(full, "rb") as file:
                    files[full.lstrip("/")] = file.read()
    except LittleFSError as error:
        raise TjugoError(f"the file system cannot be read: {error}") from None
    return files


def _file_system(content: bytearray) -> LittleFS:
    fs = LittleFS(
        block_size=_BLOCK_BYTES,
        block_count=len(content) // _BLOCK_BYTES,
        prog_size=_PROG_BYTES,
        read_size=_READ_BYTES,
        cache_size=_CACHE_BYTES,
        lookahead_size=_LOOKAHEAD_BYTES,
        mount=False,
    )
    fs.context.buffer = content
    return fs
