"""The board of the device tests: DEVICE=qemu (the default) or a serial port."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tjugo.device import ports
from tjugo.device.board_files import board_files
from tjugo.device.remote import Remote
from tjugo.emulated import pico_build, qemu
from tjugo.emulated.micropython_source import source_folder
from tjugo.emulated.pico import require_emulator
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.qemu_build import firmware
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import missing_packages

EMULATED = "qemu"
PICO = "pico"  # has tests of its own, in pico/: its time is not that of this machine
DEVICE = os.environ.get("DEVICE", "")
_REAL = DEVICE not in ("", EMULATED, PICO)

# What only another DEVICE could run is not there for this one.
collect_ignore = ["pico"] * (DEVICE != PICO) + ["target_wiring"] * (not _REAL)

qemu.run_on(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


def pytest_sessionstart(session: pytest.Session) -> None:
    """One sentence and status 2 when the device that DEVICE names cannot be had."""
    try:
        if DEVICE == EMULATED:
            firmware(print)
        elif DEVICE == PICO:
            require_emulator()
            pico_build.firmware(print)
        elif DEVICE:
            ports.require(DEVICE)
    except TjugoError as error:
        pytest.exit(error.message, returncode=2)


@pytest.fixture(scope="session")
def emulator() -> Path:
    """Return firmware.elf. Skip without tools or source, unless DEVICE=qemu is set."""
    if DEVICE not in ("", EMULATED):
        pytest.skip(f"only on the emulated board, and DEVICE={DEVICE}")
    if DEVICE == "":
        missing = missing_packages()
        if missing:
            pytest.skip(f"the emulated board needs: apt-get install {' '.join(missing)}")
        try:
            source_folder(print)
        except TjugoError as error:
            pytest.skip(" ".join(error.message.split("\n")[:2]))
    return firmware(print)


@pytest.fixture(scope="session")
def port(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Yield the serial port of the running board under test."""
    if DEVICE == PICO:
        pytest.skip("too slow on the emulated Pico")
    if DEVICE not in ("", EMULATED):
        yield DEVICE
        return
    flash = tmp_path_factory.mktemp("board") / "flash"
    with QemuBoard(request.getfixturevalue("emulator"), flash) as running:
        yield running.port


@pytest.fixture(scope="session")
def loaded(port: str) -> Iterator[Remote]:
    """Yield a connection to the board with the project's packages and portable tests on it."""
    with Remote(port) as connection:
        connection.put(board_files())
        yield connection


@pytest.fixture
def board(loaded: Remote) -> Remote:
    """Return the loaded board with a fresh interpreter."""
    loaded.soft_reset()
    return loaded


@pytest.fixture
def own_board(emulator: Path, tmp_path: Path) -> Iterator[QemuBoard]:
    """Yield an emulated board with a blank flash that the test may switch off and on."""
    with QemuBoard(emulator, tmp_path / "flash") as running:
        yield running
