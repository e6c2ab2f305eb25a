"""The emulated board on QEMU as a process, with its flash in a file."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tjugo.emulated import qemu_flash
from tjugo.emulated.board import EmulatedBoard
from tjugo.errors import TjugoError

_PROGRAM = "qemu-system-arm"
_MACHINE = "mps2-an385,memory-backend=flash"
_MEMORY = "16M"
_UARTS = (1, 2)
_START_SECONDS = 20.0
_PTY = re.compile(rb"char device redirected to (/dev/\S+)")

# The processor on which boards run, by number modulo the number of processors: see run_on().
_processor = 0

# 2^10 ns of emulated time per instruction: long enough for the 25 MHz counter to count each one.
COUNTING_SHIFT = 10


def command(firmware: Path, flash: Path, more: Sequence[str]) -> list[str]:
    """Return the common part of the command line for QemuBoard and run_to_end()."""
    return [
        *(_PROGRAM, "-machine", _MACHINE),
        *("-object", f"memory-backend-file,id=flash,size={_MEMORY},mem-path={flash},share=on"),
        *("-nographic", "-monitor", "null", "-semihosting"),
        *more,
        *("-kernel", str(firmware)),
    ]


def run_on(number: int) -> None:
    """Run boards that this program starts from now on on one processor, if taskset is available.

    QEMU's two threads pass each byte of a UART to each other. On different processors this takes
    three to five times as long. Programs that run boards in parallel use different numbers from 0.
    """
    global _processor
    _processor = number


class QemuBoard(EmulatedBoard):
    """A Cortex-M3 on QEMU's MPS2-AN385 board.

    firmware: from qemu_build.firmware(). flash: created blank if it does not exist. icount: QEMU's
    -icount argument, for emulated time that depends on instructions only; without it emulated time
    is the host's. uart(n), n 1 or 2, accepts one connection at a time. The emulator also ends
    when the firmware calls machine.reset().
    """

    def __init__(self, firmware: Path, flash: Path, icount: str | None = None) -> None:
        super().__init__(flash)
        self._firmware = firmware
        self._icount = icount

    def _launch(self) -> subprocess.Popen[bytes]:
        if not self.flash.exists():
            qemu_flash.blank_image(self.flash)
        more = ["-serial", "pty"]
        for number in _UARTS:
            self.uart(number).unlink(missing_ok=True)
            more += ["-serial", f"unix:{self.uart(number)},server=on,wait=off"]
        if self._icount:
            more += ["-icount", self._icount]
        try:
            return subprocess.Popen(
                [*_wrapped(), *command(self._firmware, self.flash, more)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise TjugoError(f"{_PROGRAM}: {error}") from None

    def _wait_for_console(self, process: subprocess.Popen[bytes]) -> str:
        """Return the pty, whose name QEMU prints, when the sockets exist too."""
        port, output = self._wait_for_output(process, _START_SECONDS, _console_in)
        if port is None:
            text = output.decode(errors="replace").strip()
            raise TjugoError(f"{_PROGRAM} did not start: {text}")
        deadline = time.monotonic() + _START_SECONDS
        while not all(_listens(self.uart(number)) for number in _UARTS):
            if time.monotonic() > deadline or not self.running():
                self._end(cut=True)
                raise TjugoError(f"{_PROGRAM} did not create its sockets")
            time.sleep(0.002)
        return port


def _console_in(output: bytes) -> str | None:
    found = _PTY.search(output)
    return found.group(1).decode() if found and output.endswith(b"\n") else None


def _wrapped() -> list[str]:
    """Return the available commands with which the emulator is started.

    setpriv: the kernel ends the emulator if this program ends first. taskset: see run_on().
    """
    setpriv, taskset = shutil.which("setpriv"), shutil.which("taskset")
    words = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    if taskset:
        allowed = sorted(os.sched_getaffinity(0))
        words += [taskset, "--cpu-list", str(allowed[_processor % len(allowed)])]
    return words


def _listens(path: Path) -> bool:
    """Return whether this Unix socket accepts connections, without connecting to it."""
    try:
        return any(line.endswith(f" {path}") and " 00010000 " in line for line in _sockets())
    except OSError:
        return path.exists()  # not Linux


def _sockets() -> list[str]:
    return Path("/proc/net/unix").read_text(errors="replace").splitlines()


def run_to_end(firmware: Path, flash: Path, seconds: float) -> str:
    """Run the board's main.py until it calls machine.reset(). Return its output.

    Emulated time depends on instructions only, so every run of the same flash is the same. Raise
    TjugoError if it has not ended after `seconds` of real time.
    """
    with tempfile.TemporaryDirectory(prefix="tjugo-qemu-") as folder:
        console = Path(folder) / "console"
        more = ["-serial", f"file:{console}", "-icount", f"shift={COUNTING_SHIFT}"]
        try:
            done = subprocess.run(
                command(firmware, flash, more),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
            )
        except OSError as error:
            raise TjugoError(f"{_PROGRAM}: {error}") from None
        except subprocess.TimeoutExpired:
            printed = console.read_text(errors="replace")
            raise TjugoError(f"no end after {seconds:g} s; output:\n{printed}") from None
        if not console.exists():
            output = done.stdout.decode(errors="replace").strip()
            raise TjugoError(f"{_PROGRAM} did not start: {output}")
        return console.read_bytes().decode(errors="replace").replace("\r\n", "\n")
