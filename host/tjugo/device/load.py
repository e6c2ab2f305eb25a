"""What a deployment puts on a board: files on its flash and, where it has one, an image in its
ROM."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tjugo.device import rom, targets

_FILES = "Modules: {size:,} bytes of files, which are loaded into the heap."
_NO_ROM = (
    _FILES + " An image of MicroPython with a ROM file system needs much less of it: "
    "docs/devices.md."
)
_NOT_USED = _FILES + " The ROM is not used."
_TOO_LARGE = _FILES + " The ROM has {room:,} bytes, which are too few."
_IN_ROM = "Modules: {size:,} bytes in the ROM of {room:,}, executed in place, without heap."


@dataclass(frozen=True)
class Load:
    """files: those of the flash, by path. image: the ROM's, b"" if the modules are files. room:
    bytes that the board's ROM has, 0 for none. place: where the modules are, in a sentence."""

    files: dict[str, bytes]
    image: bytes
    room: int
    place: str


def load(
    board: targets.Target, role: str, room: int, use_rom: bool = True, machine_code: bool = False
) -> Load:
    """Return the load for a board whose ROM has `room` bytes.

    Modules are executed in the ROM in place, where they fit into it. machine_code: compile the
    whole token decoder to it, which MicroPython copies to the heap from either place. Raise
    TjugoError.
    """
    files = targets.files(board, role, machine_code)
    modules = {name: content for name, content in files.items() if name != targets.MAIN}
    image = rom.image(modules)
    if use_rom and len(image) <= room:
        place = _IN_ROM.format(size=len(image), room=room)
        return Load(targets.safe_files(board, role), image, room, place)
    place = _NO_ROM if not room else _TOO_LARGE if use_rom else _NOT_USED
    size = sum(map(len, modules.values()))
    return Load(files, b"", room, place.format(size=size, room=room))


def manifest(load: Load, board: str, role: str) -> bytes:
    """Return the content of manifest.json: the deployed files and the ROM's image with their
    SHA-256."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in load.files.items()}
    content: dict[str, Any] = {"board": board, "role": role, "files": hashes}
    if load.image:
        content["rom"] = [len(load.image), hashlib.sha256(load.image).hexdigest()]
    return json.dumps(content).encode()
