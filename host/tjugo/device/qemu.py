"""The emulated board as a process: started, cut off and stopped, and its flash kept in a file."""

import os
import re
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tjugo.device import flash_image
from tjugo.errors import TjugoError

_PROGRAM = "qemu-system-arm"
_MACHINE = "mps2-an385,memory-backend=flash"
_MEMORY = "16M"
_UARTS = (1, 2)
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_PTY = re.compile(rb"char device redirected to (/dev/\S+)")

# Which of this machine's processors boards run on, by number and counted round: see run_on().
_processor = 0

# 2^10 ns of emulated time an instruction: coarse enough that the 25 MHz counter sees every one.
COUNTING_SHIFT = 10


def command(firmware: Path, flash: Path, more: Sequence[str]) -> list[str]:
    """The command line that both ways of running the board share."""
    return [
        *(_PROGRAM, "-machine", _MACHINE),
        *("-object", f"memory-backend-file,id=flash,size={_MEMORY},mem-path={flash},share=on"),
        *("-nographic", "-monitor", "null", "-semihosting"),
        *more,
        *("-kernel", str(firmware)),
    ]


def run_on(number: int) -> None:
    """Boards that this program starts from now on keep to one processor, where taskset is.

    QEMU's two threads hand each byte of a UART to each other. Waking each other up across
    processors, they take three to five times as long. Programs that run boards side by side give
    different numbers, from 0 up.
    """
    global _processor
    _processor = number


class QemuBoard:
    """A board that runs until it is stopped. Use with `with`.

    firmware: from qemu_build.firmware(). flash: the file with the board's flash, made blank when
    it does not exist; it is kept. icount: QEMU's -icount argument, for emulated time that depends
    on instructions only; without it emulated time is the host's.

    port: what mpremote connects to, while the board runs. uart(n): the Unix socket on which
    machine.UART(n) of the board, n 1 or 2, waits for a connection.
    """

    def __init__(self, firmware: Path, flash: Path, icount: str | None = None) -> None:
        self.port = ""
        self.flash = flash
        self._firmware = firmware
        self._icount = icount
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets = tempfile.TemporaryDirectory(prefix="tjugo-qemu-")

    def __enter__(self) -> "QemuBoard":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def uart(self, number: int) -> Path:
        """The socket's path; it can be connected to while the board runs, by one at a time."""
        return Path(self._sockets.name) / f"uart{number}"

    def start(self) -> None:
        """Power on. Returns when the console can be connected to. Raises TjugoError."""
        if self._process is not None:
            raise TjugoError("the emulated board is running already")
        if not self.flash.exists():
            flash_image.blank_image(self.flash)
        more = ["-serial", "pty"]
        for number in _UARTS:
            self.uart(number).unlink(missing_ok=True)
            more += ["-serial", f"unix:{self.uart(number)},server=on,wait=off"]
        if self._icount:
            more += ["-icount", self._icount]
        try:
            self._process = subprocess.Popen(
                [*_wrapped(), *command(self._firmware, self.flash, more)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise TjugoError(f"{_PROGRAM}: {error}") from None
        self.port = self._console()
        self._wait_for_sockets()

    def kill(self) -> None:
        """A power cut: the process dies between two instructions, the flash stays as it is."""
        self._end(cut=True)

    def cut(self) -> None:
        """As kill(), from another thread than the one that uses the board: kill() must follow."""
        process = self._process
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """Switched off; the same to the board, but QEMU may tidy up."""
        self._end(cut=False)

    def close(self) -> None:
        """Stopped if it runs, and nothing left behind but the flash."""
        self.stop()
        self._sockets.cleanup()

    def running(self) -> bool:
        """Also False once the firmware has called machine.reset(), which ends the emulator."""
        return self._process is not None and self._process.poll() is None

    def _end(self, cut: bool) -> None:
        process, self._process, self.port = self._process, None, ""
        if process is None:
            return
        if process.poll() is None:
            process.kill() if cut else process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def _console(self) -> str:
        """Name of the pty, which QEMU prints when it has made it."""
        assert self._process is not None and self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        deadline = time.monotonic() + _START_SECONDS
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())):
                piece = os.read(pipe, 4096)
                said += piece
                found = _PTY.search(said)
                if found and said.endswith(b"\n"):
                    return found.group(1).decode()
                if not piece:
                    break
        self._end(cut=True)
        raise TjugoError(f"{_PROGRAM} did not start: {said.decode(errors='replace').strip()}")

    def _wait_for_sockets(self) -> None:
        """QEMU makes them one after another, after the pty."""
        deadline = time.monotonic() + _START_SECONDS
        while not all(_listens(self.uart(number)) for number in _UARTS):
            if time.monotonic() > deadline or not self.running():
                self._end(cut=True)
                raise TjugoError(f"{_PROGRAM} did not make its sockets")
            time.sleep(0.002)


def _wrapped() -> list[str]:
    """What the emulator is started with, as far as this system has it.

    setpriv: the kernel ends the emulator when this program dies before it can. taskset: run_on().
    """
    setpriv, taskset = shutil.which("setpriv"), shutil.which("taskset")
    words = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    if taskset:
        allowed = sorted(os.sched_getaffinity(0))
        words += [taskset, "--cpu-list", str(allowed[_processor % len(allowed)])]
    return words


def _listens(path: Path) -> bool:
    """True if a connection to this Unix socket would be taken; none is made."""
    try:
        return any(line.endswith(f" {path}") and " 00010000 " in line for line in _sockets())
    except OSError:
        return path.exists()  # not Linux


def _sockets() -> list[str]:
    return Path("/proc/net/unix").read_text(errors="replace").splitlines()


def run_to_end(firmware: Path, flash: Path, seconds: float) -> str:
    """Run the board's main.py deterministically until it calls machine.reset(); what it printed.

    Emulated time depends on instructions only, so every run of the same flash is the same. Raises
    TjugoError when it has not ended after so many seconds of real time.
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
            raise TjugoError(f"no end after {seconds:g} s; the board said:\n{printed}") from None
        if not console.exists():
            said = done.stdout.decode(errors="replace").strip()
            raise TjugoError(f"{_PROGRAM} did not start: {said}")
        return console.read_bytes().decode(errors="replace").replace("\r\n", "\n")
