"""A check of boards and drivers with mypy against each port of MicroPython.

`tjugo stubs` fetches the ports' stub packages once into build/stubs, one folder per port (the
packages have files of the same names), and checks every real board.
"""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tjugo.errors import TjugoError
from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import BUILD, REPO

_FOLDER = BUILD / "stubs"
_STDLIB = "micropython-stdlib-stubs==1.26.0.post3"
_SECONDS = 300
_OPTIONS = (
    *("--config-file=", "--explicit-package-bases", "--no-site-packages", "--check-untyped-defs"),
    *("--python-version", "3.10", "--no-error-summary", "--hide-error-context"),
)
_FINDING = re.compile(r"^(?P<file>[^:]+):\d+: error: (?P<text>.*)$")
# `const` has a stand-in for CPython, which differs intentionally.
_MEANT = ("All conditional function variants must have identical signatures",)


@dataclass(frozen=True)
class Port:
    """A port of MicroPython. package: its stubs, those of the board with the most modules."""

    package: str
    boards: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder of its stubs."""
        return _FOLDER / self.package.replace("==", "-")


PORTS = {
    "esp32": Port("micropython-esp32-stubs==1.26.0.post1", ("esp32_devkit", "esp32s3_devkit")),
    "rp2": Port(
        "micropython-rp2-rpi_pico_w-stubs==1.26.0.post1",
        ("rp2040_pico", "rp2040_pico_w", "rp2350_pico2_w"),
    ),
}


def fetch(port: Port, say: Callable[[str], None]) -> Path:
    """Return the folder with a port's stubs; fetch it if it does not exist. Raise TjugoError."""
    if port.folder.is_dir():
        return port.folder
    say(f"Fetching {port.package} ...")
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_FOLDER, prefix="new-") as new:
        target = Path(new) / "stubs"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        run([*pip, "--target", str(target), port.package, _STDLIB])
        try:
            os.replace(target, port.folder)
        except OSError:
            if not port.folder.is_dir():  # otherwise another process was faster
                raise
    return port.folder


def findings(output: str) -> list[str]:
    """Return mypy's errors outside the stubs themselves, except the expected ones."""
    found = []
    for line in output.splitlines():
        match = _FINDING.match(line)
        if match is None or (REPO / match["file"]).is_relative_to(_FOLDER):
            continue
        if not match["text"].startswith(_MEANT):
            found.append(line)
    return found


def check(port: Port, board: str, files: list[str]) -> list[str]:
    """Return mypy's errors in `files` (relative to the repository) for a board. Raise
    TjugoError."""
    if importlib.util.find_spec("mypy") is None:
        raise TjugoError("mypy is not installed; run: make lint")
    path = [REPO / "boards" / board, REPO, REPO / "firmware", port.folder]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", *_OPTIONS),
            *("--custom-typeshed-dir", str(port.folder)),
            *("--cache-dir", str(_FOLDER / f"cache-{board}"), *files),
        ],
        cwd=REPO,
        env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, path))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise TjugoError(f"mypy failed:\n{(done.stdout + done.stderr).strip()}")
    return findings(done.stdout)


def files_of(board: str) -> list[str]:
    """Return the files to check for a board: its own, and all drivers."""
    drivers = sorted((REPO / "firmware" / "drivers").glob("*.py"))
    own = sorted((REPO / "boards" / board).glob("*.py"))
    return [str(path.relative_to(REPO)) for path in [*own, *drivers]]


def boards() -> list[str]:
    """Return the names of all boards that are checked."""
    return [board for port in PORTS.values() for board in port.boards]


def findings_of_all(say: Callable[[str], None]) -> list[str]:
    """Return mypy's errors of every board, each once. Raises TjugoError."""
    found: dict[str, None] = {}
    try:
        for port in PORTS.values():
            fetch(port, say)
            for board in port.boards:
                found.update(dict.fromkeys(check(port, board, files_of(board))))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TjugoError(f"The boards cannot be checked: {error}.") from None
    return list(found)
