"""DEVICE=pico: an emulated Raspberry Pi Pico with the project's own board files on its flash."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tjugo.device.board_files import library
from tjugo.device.mpy import CORTEX_M0_PLUS
from tjugo.device.remote import Remote
from tjugo.emulated import pico_build
from tjugo.emulated.pico import PicoBoard, require_emulator
from tjugo.emulated.pico_flash import write_flash
from tjugo.sts import vector_checks
from tjugo.toolchain.tools import REPO

_BOARD = REPO / "boards" / "rp2040_pico"
_PACKAGES = ("sts_portable", "firmware/runtime", "firmware/meterbus", "firmware/drivers")
# No watchdog can be used: emulated time is skipped while the board waits for a command.
_SETTINGS = b'{"watchdog": false}'


def board_files() -> dict[str, bytes]:
    """Return the files of the board's flash by path."""
    packages = [*(REPO / name for name in _PACKAGES), Path(vector_checks.__file__).parent]
    own = [_BOARD / "board.py", _BOARD / "pins.py"]
    return {**library(packages, own, CORTEX_M0_PLUS), "settings.json": _SETTINGS}


@pytest.fixture(scope="session")
def image() -> Path:
    """Return the UF2 image. Skip unless DEVICE=pico is set, because the emulator is slow."""
    if os.environ.get("DEVICE") != "pico":
        pytest.skip("only with DEVICE=pico")
    require_emulator()
    return pico_build.firmware(print)


@pytest.fixture(scope="session")
def pico(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PicoBoard]:
    """Yield the running board, shared by the tests."""
    flash = tmp_path_factory.mktemp("pico") / "flash"
    write_flash(flash, board_files())
    with PicoBoard(image, flash) as running:
        yield running


@pytest.fixture(scope="session")
def loaded(pico: PicoBoard) -> Iterator[Remote]:
    """Yield the connection to its console."""
    with Remote(pico.port) as connection:
        yield connection


@pytest.fixture
def board(loaded: Remote) -> Remote:
    """Return the board with a fresh interpreter."""
    loaded.soft_reset()
    return loaded


@pytest.fixture
def own_pico(image: Path, tmp_path: Path) -> Iterator[PicoBoard]:
    """Yield a board with a blank flash that the test may switch off and on."""
    with PicoBoard(image, tmp_path / "flash") as running:
        yield running
