"""`tjugo emulate` and `make emulate`: run the emulated board until Ctrl-C.

It is used like a real one: deployed to, provisioned, and polled on its RS-485 bus. Its flash is
kept in build/qemu/flash, or in the file that --flash names, from one run to the next.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from meterbus import registers
from tjugo.bench.bus import Bus
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.qemu_build import BOARD, firmware
from tjugo.emulated.wire import Wire
from tjugo.lock_file import exclusive
from tjugo.toolchain.tools import BUILD

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
    """Hold the lock of a flash file. Two boards that write to one flash would damage it."""
    busy = f"Another emulated board runs on {flash}. Try --flash FILE."
    with exclusive(flash.with_name(flash.name + ".lock"), busy):
        yield


def run(flash: Path, stop: threading.Event, say: Say) -> None:
    """Run a board and its bus until `stop` is set. Raise TjugoError.

    say: called with the addresses of both, and again when the firmware has ended the emulator and
    the board was restarted.
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


@click.command()
@click.option("--flash", type=click.Path(path_type=Path), default=_FLASH, metavar="FILE")
def emulate(flash: Path) -> None:
    """Run an emulated board until Ctrl-C; it is used like a real one."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    run(flash, stop, lambda line: click.echo(line))
