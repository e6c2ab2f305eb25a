"""An emulated Raspberry Pi Pico: MicroPython's rp2 port on rp2040py, and the wiring of its pins.

Emulated time is counted in processor cycles at 125 MHz. It is skipped while the firmware sleeps,
and stops if nothing is scheduled, so it is independent of real time: a watchdog, or a time-out for
an answer from this machine, may expire immediately. The processor is executed by pico_core.c, at
about 1.5 times the speed of a real one on a server's core of 2026. A meter sleeps for three
quarters of its time, so it runs about six times as fast as a real one. The XIP cache is not
emulated: code in flash is as fast as in memory. The order of events and the length of a character
are therefore exact, and the time between two events is a lower limit.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from tjugo.emulated import pico_fast
from tjugo.emulated.board import EmulatedBoard
from tjugo.errors import TjugoError

RP2040PY_VERSION = "0.3.6"

_START_SECONDS = 60.0
_ANSWER_SECONDS = 30.0
_HOST = Path(__file__).resolve().parents[2]


def require_emulator() -> None:
    """Raise TjugoError unless the supported version of the emulator and a compiler are there."""
    try:
        installed = metadata.version("rp2040py")
    except metadata.PackageNotFoundError:
        installed = "no version"
    if installed != RP2040PY_VERSION:
        raise TjugoError(
            f"The emulated Pico needs rp2040py {RP2040PY_VERSION}, {installed} is installed; "
            f"run: pip install rp2040py=={RP2040PY_VERSION}",
            status=2,
        )
    pico_fast.library()


class PicoBoard(EmulatedBoard):
    """A Raspberry Pi Pico on rp2040py. machine.reset() does not end it.

    firmware: a UF2 image, from pico_build.firmware(). flash: created if it does not exist; the
    image is written into it at every start. chips: names of pico_i2c.CHIPS, on its I2C bus; a
    FRAM is blank at every start. uart(n): n is 0 or 1.
    """

    def __init__(self, firmware: Path, flash: Path, chips: Iterable[str] = ()) -> None:
        super().__init__(flash)
        self._firmware = firmware
        self._chips = tuple(chips)
        self._control: socket.socket | None = None
        self._received = b""

    def start(self) -> None:
        """Switch on and wait until the console accepts connections. Raise TjugoError."""
        super().start()
        self._control = socket.socket(socket.AF_UNIX)
        self._control.settimeout(_ANSWER_SECONDS)
        self._control.connect(str(self._folder / "control"))

    def now_ns(self) -> float:
        """Return the emulated time since the start, ns."""
        return float(self._ask("now"))

    def level(self, gpio: int) -> int | None:
        """Return the level that the board drives a pin to, 0 or 1; None for an input."""
        level: int | None = self._ask("level", gpio)
        return level

    def drive(self, gpio: int, level: int | None) -> None:
        """Drive an input from outside to 0 or 1; None leaves it to its pull resistor."""
        self._ask("drive", gpio, level)

    def play(
        self,
        gpio: int,
        steps: Iterable[tuple[float, int | None]],
        trigger: int | None = None,
        start: float | None = None,
    ) -> float:
        """Drive an input through steps (ns after the previous step, level). Return the time, ns.

        The steps take place in emulated time, independently of the speed of the emulator. While
        the board waits for this machine they pass in a moment; if they have to follow something
        that the board does, trigger is a pin at whose next change they begin. start: a time, ns,
        before which they do not.
        """
        return float(self._ask("play", gpio, list(steps), trigger, start))

    def press(
        self,
        first: int,
        second: int,
        steps: Iterable[tuple[float, bool]],
        trigger: int | None = None,
        start: float | None = None,
    ) -> float:
        """Close and open a contact through steps (ns after the previous step, closed), like play.

        Several of these may run at the same time, one for each key.
        """
        return float(self._ask("press", first, second, list(steps), trigger, start))

    def watch(self, *gpios: int) -> None:
        """Record the changes of these pins from now on, for edges()."""
        self._ask("watch", gpios)

    def edges(self) -> list[tuple[float, int, int | None]]:
        """Return (ns, GPIO, level) of every change since the last call, in order."""
        return [(when, gpio, level) for when, gpio, level in self._ask("edges")]

    def contact(self, first: int, second: int, closed: bool) -> None:
        """Close or open a switch between two pins, like a key of a matrix."""
        self._ask("contact", first, second, closed)

    def send(self, uart: int, data: bytes) -> None:
        """Send characters to a UART, one after the other at its rate from now on."""
        self._ask("send", uart, list(data))

    def transfers(self, chip: str) -> list[tuple[float, bytes]]:
        """Return (ns, bytes) of the transfers to a chip, a display, since the last call."""
        return [(when, bytes(data)) for when, data in self._ask("transfers", chip)]

    def characters(self, uart: int) -> list[tuple[float, float, int]]:
        """Return (start ns, end ns, value) of the characters a UART sent since the last call."""
        return [(start, end, value) for start, end, value in self._ask("characters", uart)]

    def character_ns(self, uart: int) -> float:
        """Return the duration of one character at the UART's present rate and format, ns."""
        return float(self._ask("character_ns", uart))

    def _ask(self, *request: object) -> Any:
        if self._control is None:
            raise TjugoError("the emulated board is not running")
        try:
            self._control.sendall(json.dumps(request).encode() + b"\n")
            while b"\n" not in self._received:
                piece = self._control.recv(65536)
                if not piece:
                    raise ConnectionError("it has ended")
                self._received += piece
        except OSError as error:
            raise TjugoError(f"the emulated board does not answer: {error}") from None
        line, self._received = self._received.split(b"\n", 1)
        reply = json.loads(line)
        if "error" in reply:
            raise TjugoError(f"the emulated board refuses {request[0]}: {reply['error']}")
        return reply["answer"]

    def _launch(self) -> subprocess.Popen[bytes]:
        require_emulator()
        for path in self._folder.iterdir():
            path.unlink()
        module = "tjugo.emulated.pico_emulator"
        parts = [self._firmware, self.flash, self._folder]
        paths = [str(_HOST), os.environ.get("PYTHONPATH", "")]
        with (self._folder / "errors").open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", module, *map(str, parts), *self._chips],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def _wait_for_console(self, process: subprocess.Popen[bytes]) -> str:
        """Return the pty, from the line that the emulator prints when the board has booted."""
        port, _output = self._wait_for_output(process, _START_SECONDS, _console_in)
        if port is None:
            errors = (self._folder / "errors").read_text(errors="replace").strip()
            raise TjugoError(f"the emulated Pico did not start: {errors or 'no output'}")
        return port

    def _end(self, cut: bool) -> None:
        if self._control is not None:
            self._control.close()
            self._control, self._received = None, b""
        super()._end(cut)


def _console_in(output: bytes) -> str | None:
    return str(json.loads(output)["port"]) if output.endswith(b"\n") else None
