"""A real board with wired parts: DEVICE= is its serial port, BOARD= its folder in boards/."""

import os
from collections.abc import Iterator

import pytest

from tjugo.device.board_files import library
from tjugo.device.remote import Remote
from tjugo.toolchain.tools import REPO

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
    replay = REPO / "tests" / "host" / "portable" / "replay.py"
    own = sorted((REPO / "boards" / BOARD).glob("*.py"))
    packages = [REPO / "firmware" / name for name in ("runtime", "drivers")]
    return library(packages, [*own, replay])


@pytest.fixture(scope="session")
def filled() -> Iterator[Remote]:
    """Yield the board with drivers and board files on it. Skip without a board."""
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
    """Return the board with a fresh interpreter."""
    filled.soft_reset()
    return filled
