"""Builds the emulated board's firmware: Debian's MicroPython source with boards/qemu_mps2 added.

`python -m tjugo.device.qemu_build` makes build/qemu/firmware.elf and prints its path. Nothing is
done when none of its inputs has changed.
"""

import fcntl
import hashlib
import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tjugo.device.micropython_source import PACKAGE_VERSION, source_folder
from tjugo.device.toolchain import BUILD, MPY_CROSS_VERSION, REPO, mpy_cross_program, require_tools
from tjugo.errors import TjugoError
from tjugo.programs import run

BOARD = REPO / "boards" / "qemu_mps2"
HEAP_BYTES = 192 * 1024

_OUT = BUILD / "qemu"
_FIRMWARE = _OUT / "firmware.elf"
_STAMP = _OUT / "stamp.json"
# MicroPython's build writes a date into the firmware; with a fixed one equal inputs give equal
# bytes.
_SOURCE_DATE_EPOCH = "1757779200"
_OVERLAY = ("_boot.py", "manifest.py", "mpconfig_board.h", "mps2.ld", "modules/*/*")

Say = Callable[[str], None]


def firmware(say: Say = lambda line: None) -> Path:
    """firmware.elf, built first when an input changed. say: called with a line of progress.

    Raises TjugoError with what to install, or with the compiler's last words.
    """
    require_tools()
    mpy_cross = mpy_cross_program()
    stamp = _inputs()
    with _lock():
        if _FIRMWARE.is_file() and _read_stamp() == stamp:
            return _FIRMWARE
        source = source_folder(say)
        say("Building the emulated board's firmware (half a minute) ...")
        started = time.monotonic()
        _STAMP.unlink(missing_ok=True)
        _make(source, mpy_cross)
        _write_stamp(stamp)
        say(f"Built {_FIRMWARE} in {time.monotonic() - started:.0f} s")
    return _FIRMWARE


def _inputs() -> dict[str, str]:
    """Everything the firmware depends on, by name."""
    inputs = {
        "micropython": os.environ.get("MICROPYTHON_SOURCE", PACKAGE_VERSION),
        "mpy-cross": MPY_CROSS_VERSION,
        "compiler": run(["arm-none-eabi-gcc", "--version"]).splitlines()[0],
        "heap": str(HEAP_BYTES),
        "build": _sha256(Path(__file__)),
    }
    for pattern in _OVERLAY:
        for path in sorted(BOARD.glob(pattern)):
            inputs[str(path.relative_to(BOARD))] = _sha256(path)
    return inputs


def _make(source: Path, mpy_cross: Path) -> None:
    # From scratch, because make does not see a changed flag or .mk file.
    objects = _OUT / "obj"
    shutil.rmtree(objects, ignore_errors=True)
    includes = f"-I{BOARD} -I{BOARD / 'modules'}"
    variables = {
        "BOARD": "MPS2_AN385",
        "BUILD": objects,
        "CFLAGS_EXTRA": f"-DMP_CONFIGFILE={shlex.quote('<mpconfig_board.h>')} {includes}",
        "FROZEN_MANIFEST": BOARD / "manifest.py",
        "LDSCRIPT": BOARD / "mps2.ld",
        "MICROPY_HEAP_SIZE": HEAP_BYTES,
        "MICROPY_MPYCROSS": mpy_cross,
        "MICROPY_VFS_LFS2": 1,
        "USER_C_MODULES": BOARD / "modules",
    }
    make = ["nice", "make", "-j2", "-C", str(source / "ports" / "qemu")]
    run(
        [*make, *(f"{name}={value}" for name, value in variables.items())],
        env={"SOURCE_DATE_EPOCH": _SOURCE_DATE_EPOCH},
    )
    os.replace(objects / "firmware.elf", _FIRMWARE)


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


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
