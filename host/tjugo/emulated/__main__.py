"""Runs the emulated board until Ctrl-C: `python -m tjugo.emulated`, or `make emulate`.

It is used like a real one: deployed to, provisioned, and polled on its RS-485 bus. Its flash is
kept in build/qemu/flash, or in the file that --flash names, from one run to the next.
"""

import argparse
import fcntl
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from meterbus import registers
from tjugo.bench.bus import Bus
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.qemu_build import BOARD, firmware
from tjugo.emulated.wire import Wire
from tjugo.errors import TjugoError
from tjugo.toolchain import BUILD

_FLASH = BUILD / "qemu" / "flash"
_BAUDRATE = 9600
_LOOK_SECONDS = 0.2
_TEXT = """\
console  {port}
           make deploy BOARD={board} ROLE=meter PORT={port}
           echo '{{"keys": "800#"}}' >{port}    (its key pad; boards/simulated/README.md has more)
bus      {bus}  {baudrate} baud, no parity
           mbpoll -m rtu -a 1 -b {baudrate} -P none -t 3:hex -0 -r {start} -c {count} -1 {bus}
Ctrl-C switches the board off; its flash stays in {flash}"""

Say = Callable[[str], None]


@contextmanager
def _alone(flash: Path) -> Iterator[None]:
    """Two boards that write one flash would ruin it."""
    with flash.with_name(flash.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TjugoError(
                f"Another emulated board runs on {flash}. Try --flash FILE."
            ) from None
        yield


def emulate(flash: Path, stop: threading.Event, say: Say) -> None:
    """A board, and a bus that it is on, until `stop` is set. Raises TjugoError.

    say: called with where they are, again when the firmware has ended the emulator and the board
    was started anew.
    """
    elf = firmware(say)
    facts = {"board": BOARD.name, "baudrate": _BAUDRATE, "flash": flash}
    facts |= {"start": registers.STATE_START, "count": registers.STATE_COUNT}
    flash.parent.mkdir(parents=True, exist_ok=True)
    with (
        _alone(flash),
        Bus(["board", "host"], _BAUDRATE) as bus,
        QemuBoard(elf, flash) as board,
    ):
        while not stop.is_set():
            with Wire(board.uart(1), bus.path("board")):
                say(_TEXT.format(port=board.port, bus=bus.path("host"), **facts))
                while board.running() and not stop.wait(_LOOK_SECONDS):
                    pass
            if not stop.is_set():
                say("The firmware has reset the board.")
                board.stop()
                board.start()


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tjugo.emulated", description=__doc__)
    parser.add_argument("--flash", type=Path, default=_FLASH, metavar="FILE")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        emulate(options.flash, stop, lambda line: print(line, flush=True))
    except (TjugoError, OSError) as error:
        print(error, file=sys.stderr)
        return getattr(error, "status", 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
