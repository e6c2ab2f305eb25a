"""A real board with its parts wired: DEVICE= is its serial port, BOARD= its folder in boards/."""

import os
from collections.abc import Iterator

import pytest

from tjugo.device.mpy import compile_file, compile_packages
from tjugo.device.remote import Remote
from tjugo.toolchain import REPO

DEVICE = os.environ.get("DEVICE", "")
BOARD = os.environ.get("BOARD", "")
_STOP_WATCHDOG = """\
try:
    import board
    board.stop_watchdog()
except ImportError:
    pass  # a new board
"""
_EMULATED = ("", "qemu", "pico")


def _files() -> dict[str, bytes]:
    files = compile_packages([REPO / "firmware" / "drivers"])
    for name, content in compile_packages([REPO / "boards" / "common"]).items():
        files[f"boards/{name}"] = content
    for path in sorted((REPO / "boards" / BOARD).glob("*.py")):
        files[f"{path.stem}.mpy"] = compile_file(path, path.name)
    replay = REPO / "tests" / "host" / "portable" / "replay.py"
    files["replay.mpy"] = compile_file(replay, replay.name)
    return {f"lib/{name}": content for name, content in files.items()}


@pytest.fixture(scope="session")
def filled() -> Iterator[Remote]:
    """The board with drivers and board files on it. Skips without one."""
    if DEVICE in _EMULATED:
        pytest.skip("needs a wired board: DEVICE=/dev/ttyACM0 BOARD=rp2040_pico")
    if not (REPO / "boards" / BOARD / "pins.py").is_file():
        pytest.skip(f"BOARD={BOARD!r}: no such board")
    with Remote(DEVICE) as remote:
        remote.exec(_STOP_WATCHDOG)
        remote.put(_files())
        yield remote


@pytest.fixture
def wired(filled: Remote) -> Remote:
    """The board with a fresh interpreter."""
    filled.soft_reset()
    return filled
