"""The process of an emulated Pico, started and controlled by pico.PicoBoard.

It writes one line of JSON to standard output when the console accepts connections. `control` in
the folder is a socket on which each line of JSON is a request, answered by a line; `uart0` and
`uart1` are the wires of the two UARTs, for one connection each. The process ends when its standard
input is closed, and so also when its parent process ends.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rp2040py.boards import BoardSpec
from rp2040py.cli.pty_repl import PtyInteractiveRepl
from rp2040py.device import MicroPythonDevice
from rp2040py.device.load_flash import load_uf2
from rp2040py.external.bootsel_button import BootselButton
from rp2040py.peripherals import ssi

from tjugo.emulated import pico_fast
from tjugo.emulated.pico_flash import FLASH_BYTES
from tjugo.emulated.pico_i2c import CHIPS, TimedI2c
from tjugo.emulated.pico_pins import Pins
from tjugo.emulated.pico_uart import LineUart

_START_SECONDS = 60.0
_UART_ADDRESSES = (0x40034, 0x40038)
_I2C_ADDRESSES = (0x40044, 0x40048)
_REST_SECONDS = 0.002
_LONGEST_REQUEST = 1 << 24  # bytes of a line: an hour of pulses
_NICE = 5  # a busy board uses a whole processor
_WRITES = {
    ssi.CMD_PAGE_PROGRAM: ssi.FLASH_PAGE_SIZE,
    ssi.CMD_SECTOR_ERASE: ssi.FLASH_SECTOR_SIZE,
    ssi.CMD_BLOCK_ERASE: ssi.FLASH_BLOCK_SIZE,
}

# A MicroPythonDevice. Methods of its parts are replaced, because rp2040py has no hooks there.
Replaceable = Any


class KeptFlash:
    """The flash chip's content as a file, updated by every erase and program command.

    After a kill between two commands the file has exactly the content of the chip. A single
    command is atomic, which a real chip does not guarantee.
    """

    def __init__(self, device: Replaceable, uf2: Path, path: Path) -> None:
        self._chip = device.mcu.flash
        self._ssi = device.mcu.ssi
        if path.exists():
            content = path.read_bytes()
            self._chip[: len(content)] = content
            load_uf2(uf2, device.mcu)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._file, bytes(self._chip[:FLASH_BYTES]), 0)
        self._apply = self._ssi._apply_command
        self._ssi._apply_command = self._command

    def _command(self) -> None:
        sent = bytes(self._ssi._tx_buffer[:4])
        self._apply()
        size = _WRITES.get(sent[0]) if len(sent) == 4 else None
        if size is not None:
            start = int.from_bytes(sent[1:], "big") & ~(size - 1)
            os.pwrite(self._file, bytes(self._chip[start : start + size]), start)


class QuietConsole:
    """The USB host's side of the console, which sends only if there are data.

    rp2040py's own implementation continuously answers a waiting board with empty packets, which a
    host never does: the board could not sleep, and emulated time could not be skipped.
    """

    def __init__(self, device: Replaceable) -> None:
        self._cdc = device.cdc
        self._read = self._cdc.usb.on_endpoint_read
        self._push = self._cdc.tx_fifo.push
        self._waiting: tuple[int, int] | None = None
        self._cdc.usb.on_endpoint_read = self._board_reads
        self._cdc.tx_fifo.push = self._host_writes

    def _board_reads(self, endpoint: int, size: int) -> None:
        self._waiting = None
        if endpoint == self._cdc._out_endpoint and self._cdc.tx_fifo.empty:
            self._waiting = (endpoint, size)
        else:
            self._read(endpoint, size)

    def _host_writes(self, value: int) -> None:
        self._push(value)
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._read(*waiting)


class Wire:
    """A UART's line, which transfers bytes between the board and the connected program."""

    def __init__(self, device: MicroPythonDevice, number: int) -> None:
        self._characters: list[tuple[float, float, int]] = []
        self._writer: asyncio.StreamWriter | None = None
        self.uart = LineUart(device.mcu.uart[number], self._sent)
        device.mcu.uart[number] = self.uart
        device.mcu.peripherals[_UART_ADDRESSES[number]] = self.uart

    def characters(self) -> list[tuple[float, float, int]]:
        """Return start, end and value of the characters the board sent since the last call."""
        taken, self._characters = self._characters, []
        return taken

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the other side closes it; a second one replaces it."""
        self._writer = writer
        while data := await reader.read(4096):
            self.uart.receive(data)
        if self._writer is writer:
            self._writer = None
        writer.close()

    def _sent(self, start: float, end: float, value: int) -> None:
        self._characters.append((start, end, value))
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(bytes((value,)))


class Emulator:
    """One board, its wiring, and the requests about it."""

    def __init__(self, uf2: Path, flash: Path, chips: Iterable[str] = ()) -> None:
        self.device = MicroPythonDevice(board=BoardSpec(extras=(BootselButton,), image=uf2))
        self.flash = KeptFlash(self.device, uf2, flash)
        self.console = QuietConsole(self.device)
        self.wires = [Wire(self.device, number) for number in range(2)]
        self._chips: dict[str, Any] = {name: CHIPS[name][1]() for name in chips}
        self._wire_i2c()
        pins = Pins(self.device.mcu)
        self.core = pico_fast.FastCore(self.device.mcu, pico_fast.library())
        simulator: Any = self.device.simulator
        simulator._execute_batch = self._run_or_rest
        self._requests: dict[str, Callable[..., object]] = {
            "now": lambda: self.device.mcu.clock.nanos,
            "level": pins.level,
            "drive": pins.drive,
            "play": pins.play,
            "press": pins.press,
            "watch": pins.watch,
            "edges": pins.edges,
            "contact": pins.contact,
            "send": lambda number, data: self.wires[number].uart.receive(bytes(data)),
            "characters": lambda number: self.wires[number].characters(),
            "transfers": lambda name: self._chips[name].transfers(),
            "character_ns": lambda number: self.wires[number].uart.character_ns,
        }

    def _wire_i2c(self) -> None:
        """Connect the chips to both controllers: pins select one of them."""
        mcu: Replaceable = self.device.mcu
        by_address = {CHIPS[name][0]: chip for name, chip in self._chips.items()}
        for number, address in enumerate(_I2C_ADDRESSES):
            mcu.i2c[number] = TimedI2c(mcu.i2c[number], by_address)
            mcu.peripherals[address] = mcu.i2c[number]

    def _run_or_rest(self) -> None:
        """Run the next few milliseconds, or sleep if only an external event can wake the board."""
        if not self.core.batch():
            time.sleep(_REST_SECONDS)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests [name, argument, ...] with {"answer": ..} or {"error": ".."}."""
        while line := await reader.readline():
            writer.write(json.dumps(self._answer(line)).encode() + b"\n")
        writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            name, *arguments = json.loads(line)
            return {"answer": self._requests[name](*arguments)}
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return {"error": f"{type(error).__name__}: {error}"}


async def run(emulator: Emulator, folder: Path) -> None:
    """Boot, print the path of the console, and run until asked to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    device = emulator.device
    await asyncio.start_unix_server(emulator.serve, folder / "control", limit=_LONGEST_REQUEST)
    for number, wire in enumerate(emulator.wires):
        await asyncio.start_unix_server(wire.serve, folder / f"uart{number}")
    await device.astart(_START_SECONDS)
    console = PtyInteractiveRepl(device.cdc, device.simulator, on_quit=lambda _code: ended.set())
    await console.start()
    print(json.dumps({"port": console.slave_path}), flush=True)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    while not ended.is_set():
        try:
            await device.simulator.wait_for(ended, None)
        except RuntimeError as error:  # an error in the emulator itself
            print(f"the emulator stopped: {error.__cause__ or error}", file=sys.stderr)
            break
    device.stop()


def main() -> int:
    """Run the emulator as a process."""
    uf2, flash, folder = map(Path, sys.argv[1:4])
    os.nice(_NICE)
    asyncio.run(run(Emulator(uf2, flash, sys.argv[4:]), folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
