"""A meter application on the emulated board, polled by pymodbus at 9600 baud for a given time.

`python tests/device/endurance.py --minutes 60` prints the figures and fails if a reply was
missed or the heap grew. Emulated time is the host's time here: a client outside the emulator is
too slow for a board whose idle time is skipped.
"""

import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
from meter_board import ADDRESS, DRN, SETTINGS, token, write_flash
from pymodbus import ModbusException
from pymodbus.client import ModbusSerialClient

from meterbus import registers
from sts_portable.results import ACCEPT
from tjugo.bench.bus import Bus
from tjugo.device.console import Console
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.qemu_build import firmware
from tjugo.emulated.wire import Wire

_BAUDRATE = 9600
_CLIENT = "client"
_TIMEOUT_S = 1.0
_LOAD_W = 3000
_TOKEN_SECONDS = 300
_WARM_SECONDS = 30  # after the one-time allocations of the first token and the first error
_SEEN_SECONDS = 60


@dataclass
class Count:
    """The observations of an endurance run."""

    start: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    missed_at: list[int] = field(default_factory=list)  # seconds from the start
    polls: int = 0
    missed: int = 0
    tokens: int = 0
    accepted: int = 0
    slowest_ms: float = 0.0
    used: list[int] = field(default_factory=list)  # heap after a collection, once a second
    lowest_free: int = 0

    def grown(self) -> int:
        """Return the growth of the heap in use from the warm state to the end, bytes."""
        return max(self.used[len(self.used) * 9 // 10 :]) - max(self.used[: len(self.used) // 5])

    def line(self) -> str:
        return (
            f"{self.seconds / 60:.1f} minutes at {_BAUDRATE}: {self.polls} polls, "
            f"{self.missed} without a reply, slowest {self.slowest_ms:.0f} ms; "
            f"{self.accepted} of {self.tokens} tokens accepted; heap used "
            f"{self.used[0]} bytes at the start, {min(self.used)} to {max(self.used)} later, "
            f"{self.used[-1]} at the end, lowest free {self.lowest_free}"
        )


def run(elf: Path, folder: Path, seconds: float, say=lambda line: None) -> Count:
    """Poll for `seconds` with the pauses of the bus only."""
    flash = folder / "flash"
    write_flash(flash, settings={**SETTINGS, "load_w": _LOAD_W, "baudrate": _BAUDRATE})
    with (
        Bus(["meter", _CLIENT], _BAUDRATE) as bus,
        QemuBoard(elf, flash) as board,
        Wire(board.uart(1), bus.path("meter")),
        Console(board.port) as console,
    ):
        console.wait_for("mem", 20)  # after the silence before the first frame
        client = ModbusSerialClient(
            bus.path(_CLIENT), baudrate=_BAUDRATE, parity="N", timeout=_TIMEOUT_S, retries=0
        )
        assert client.connect()
        try:
            return _poll(client, console, seconds, say)
        finally:
            client.close()


def _poll(client: ModbusSerialClient, console: Console, seconds: float, say) -> Count:
    count = Count()
    reported = 0
    while count.seconds < seconds:
        _one_poll(client, count)
        count.seconds = time.monotonic() - count.start
        if count.seconds >= count.tokens * _TOKEN_SECONDS:
            _enter(client, count)
        for message in console.read():
            if "mem" in message and count.seconds > min(_WARM_SECONDS, seconds / 4):
                count.used.append(message["mem"]["used"])
                count.lowest_free = message["mem"]["lowest_free"]
        if count.used and count.seconds // _SEEN_SECONDS > reported:
            reported = count.seconds // _SEEN_SECONDS
            say(count.line())
    return count


def _one_poll(client: ModbusSerialClient, count: Count) -> None:
    asked = time.monotonic()
    count.polls += 1
    try:
        reply = client.read_input_registers(
            registers.STATE_START, count=registers.STATE_COUNT, device_id=ADDRESS
        )
        data = b"".join(word.to_bytes(2, "big") for word in reply.registers)
        good = registers.decode(registers.STATE_START, data).get("drn") == DRN
    except ModbusException:
        good = False
    if not good:
        count.missed += 1
        count.missed_at.append(round(time.monotonic() - count.start))
    count.slowest_ms = max(count.slowest_ms, 1000 * (time.monotonic() - asked))


def _enter(client: ModbusSerialClient, count: Count) -> None:
    """Enter a token and read its result until the meter has one."""
    count.tokens += 1
    entry = registers.token_entry(token(count.tokens), count.tokens)
    words = [int.from_bytes(entry[i : i + 2], "big") for i in range(0, len(entry), 2)]
    try:
        client.write_registers(registers.TOKEN_START, words, device_id=ADDRESS)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            reply = client.read_holding_registers(
                registers.RESULT_START, count=registers.RESULT_COUNT, device_id=ADDRESS
            )
            result, high, low = reply.registers
            if (high << 16 | low) == count.tokens and result == ACCEPT:
                count.accepted += 1
                return
    except ModbusException:
        count.missed += 1


def _say(line: str) -> None:
    print(line, flush=True)


@click.command()
@click.option("--minutes", type=float, default=60, show_default=True)
def main(minutes: float) -> None:
    """Run the test for the time; print the counts."""
    with tempfile.TemporaryDirectory(prefix="tjugo-endurance-") as folder:
        count = run(firmware(print), Path(folder), 60 * minutes, _say)
    print(count.line())
    when = f" (at {count.missed_at} s)" if count.missed else ""
    print(f"{count.missed} replies missed{when}, heap grown by {count.grown()} bytes")
    sys.exit(0 if count.missed == 0 and count.grown() <= 256 else 1)


if __name__ == "__main__":
    main()
