"""Images of a board's ROM file system, and their way there and back.

A board executes the modules in it in place: their code takes no heap. MicroPython mounts the ROM
at /rom; an image is that of mpremote's `romfs build`.
"""

import binascii
import hashlib
import json
from collections.abc import Mapping

from mpremote.romfs import VfsRomWriter

from tjugo.device import on_board
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError

_CHUNK_BYTES = 4096  # a block of every port's flash
_PAGE_BYTES = 256  # a flash is programmed by whole pages
_QUIET_S = 60.0


def image(files: Mapping[str, bytes]) -> bytes:
    """Return the image of a ROM with these files, by path."""
    writer = VfsRomWriter()
    _folder(writer, "", files)
    return bytes(writer.finalise())


def _folder(writer: VfsRomWriter, inside: str, files: Mapping[str, bytes]) -> None:
    """Add the files below a folder, given as "" or "NAME/"."""
    below = [path[len(inside) :] for path in files if path.startswith(inside)]
    for name in sorted({path.split("/")[0] for path in below}):
        if inside + name in files:
            writer.mkfile(name, files[inside + name])
        else:
            writer.opendir(name)
            _folder(writer, f"{inside}{name}/", files)
            writer.closedir()


def room(remote: Remote) -> int:
    """Return how many bytes the board's ROM has, 0 if it has none."""
    return int(remote.call("rom", "room"))


def holds(remote: Remote, content: bytes) -> bool:
    """Return whether the ROM has this image; b"": none that MicroPython mounts."""
    if not content:
        return not remote.call("rom", "used")
    found = remote.call("rom", "digest", len(content))
    return bool(found == hashlib.sha256(content).hexdigest())


def preceding(remote: Remote, recorded: list) -> bytes:
    """Return the image that the manifest records, [bytes, SHA-256], from the ROM; b"" if the ROM
    has another or the manifest none."""
    if not recorded:
        return b""
    size, digest = recorded
    remote.exec(on_board.source("rom"))
    parts = []
    for at in range(0, size, _CHUNK_BYTES):
        text = remote.exec(f"print(read({at}, {min(_CHUNK_BYTES, size - at)}))", _QUIET_S)
        parts.append(binascii.a2b_base64(text))
    content = b"".join(parts)
    return content if hashlib.sha256(content).hexdigest() == digest else b""


def write(remote: Remote, content: bytes) -> None:
    """Replace the image in the ROM; b"": take the ROM out of use. Raise TjugoError when it does
    not arrive undamaged.

    The first block, without which the image is not mounted, is written when the others are.
    """
    remote.exec(on_board.source("rom"))
    remote.exec(f"erase({max(len(content), 1)})", _QUIET_S)
    for at in [*range(_CHUNK_BYTES, len(content), _CHUNK_BYTES), *([0] if content else [])]:
        chunk = content[at : at + _CHUNK_BYTES]
        chunk += b"\xff" * (-len(chunk) % _PAGE_BYTES)
        text = binascii.b2a_base64(chunk, newline=False).decode()
        remote.exec(f"write({at}, {json.dumps(text)})", _QUIET_S)
    remote.exec("complete()")
    if not holds(remote, content):
        remote.exec("erase(1)")  # not mounted, it cannot harm
        raise TjugoError(
            "What is in the ROM is damaged. The board holds its application. Try again, with "
            "another cable if it happens again."
        )
