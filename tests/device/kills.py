"""Power failures at random times while tokens are entered and energy is counted.

`python tests/device/kills.py --kills 200` prints the figures and fails if a token was lost or
counted twice, or more energy was lost than the ledger may lose.

Invariant at every start: energy used and remaining credit add up to the accepted tokens. A token
whose result was not received may be in the ledger or not; sent again with its reference it is
accepted and counted once.
"""

import random
import struct
import sys
import tempfile
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import click
from meter_board import FRAM_OFFSET, SETTINGS, WH_A_TOKEN, token, write_flash
from modbus_client import ModbusClient, NoAnswer

from sts_portable.results import ACCEPT, USED_ERROR
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.qemu_build import firmware

# 667 Wh a second: a ledger write every 15 ms.
_FAST = {"load_w": 20_000, "speed": 120, "baudrate": 115_200}
_UNSAVED_WH = 9  # energy that the ledger may lose: it is written every 10 Wh
_CREDIT_UNIT_WH = 10
_IN_BOOT = 0.2  # of all cuts
_BOOT_SECONDS = 1.0
_WORK_SECONDS = 1.0
SLOT_BYTES = 256


@dataclass
class Tally:
    """The effects of the power failures."""

    kills: int = 0
    accepted: int = 0  # tokens whose Accept was received
    entered: int = 0  # tokens made; the result of the last one may not have been received
    unread: int = 0  # results lost by a power failure
    kept: int = 0  # of those: the token was in the ledger
    replays: int = 0  # used tokens that were entered again
    torn: int = 0  # power failures that left a slot partly written
    energy_wh: int = 0  # last reading
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        return (
            f"{self.kills} power cuts ({self.torn} in the middle of a ledger write), "
            f"{self.accepted} tokens accepted, {self.unread} results cut off "
            f"({self.kept} of these tokens were in the ledger), {self.replays} used tokens tried "
            f"again, {self.energy_wh} Wh counted: {len(self.faults)} tokens lost or doubled"
        )


class Trial:
    """One meter that is switched off repeatedly. `moments`: the times."""

    def __init__(self, board: QemuBoard, moments: random.Random) -> None:
        self.tally = Tally()
        self._board = board
        self._moments = moments

    def life(self) -> None:
        """Run from one power-on to the power failure."""
        self._board.start()
        cut = None
        try:
            if self._moments.random() < _IN_BOOT:
                cut = self._cut_after(_BOOT_SECONDS)
            with ModbusClient(self._board.uart(1)) as modbus:
                self.check(modbus)
                cut = cut or self._cut_after(_WORK_SECONDS)
                while True:
                    self._enter_next(modbus)
        except NoAnswer:
            if cut is None:
                raise
        finally:
            if cut:
                cut.join()
            self._board.kill()
        self.tally.kills += 1
        self.tally.torn += torn_slots(self._board.flash) > 0

    def check(self, modbus: ModbusClient) -> None:
        """Check after a start that the ledger contains exactly the accepted tokens."""
        tally = self.tally
        found = self._tokens_in(modbus)
        unread = tally.entered - tally.accepted
        if not tally.accepted <= found <= tally.entered:
            tally.faults.append(f"{found} tokens in the ledger, {tally.accepted} accepted")
        if unread:
            tally.kept += found == tally.entered
            self._enter(modbus, tally.entered)
            if self._tokens_in(modbus) != tally.entered:
                tally.faults.append(f"token {tally.entered} counted {found} times")
        if tally.accepted:
            tally.replays += 1
            if modbus.enter(token(tally.accepted), 0x70000000 + tally.replays) != USED_ERROR:
                tally.faults.append(f"token {tally.accepted} was taken again")

    def _enter_next(self, modbus: ModbusClient) -> None:
        self.tally.entered += 1
        self.tally.unread += 1
        self._enter(modbus, self.tally.entered)
        self.tally.unread -= 1

    def _enter(self, modbus: ModbusClient, number: int) -> None:
        result = modbus.enter(token(number), number)
        if result != ACCEPT:
            self.tally.faults.append(f"token {number} was refused with {result}")
        self.tally.accepted = number

    def _tokens_in(self, modbus: ModbusClient) -> int:
        """Return the number of tokens the meter has counted, from its energy and its credit."""
        state = modbus.state()
        if state["energy_wh"] < self.tally.energy_wh - _UNSAVED_WH:
            lost = self.tally.energy_wh - state["energy_wh"]
            self.tally.faults.append(f"{lost} Wh forgotten")
        self.tally.energy_wh = state["energy_wh"]
        low = state["energy_wh"] + _CREDIT_UNIT_WH * state["credit"]
        tokens, rest = divmod(low + _CREDIT_UNIT_WH - 1, WH_A_TOKEN)
        if rest >= _CREDIT_UNIT_WH:
            self.tally.faults.append(f"{low} Wh are no whole number of tokens")
        return tokens

    def _cut_after(self, seconds: float) -> threading.Timer:
        cut = threading.Timer(self._moments.uniform(0, seconds), self._board.cut)
        cut.start()
        return cut


def torn_slots(flash: Path) -> int:
    """Return the number of ledger slots that are neither blank nor complete."""
    with flash.open("rb") as image:
        image.seek(FRAM_OFFSET)
        slots = [image.read(SLOT_BYTES) for _ in range(2)]
    return sum(any(slot) and not whole(slot) for slot in slots)


def whole(slot: bytes) -> bool:
    """Return whether a slot's CRC is valid (firmware/meter/store/slots.py)."""
    (crc,) = struct.unpack_from(">I", slot, SLOT_BYTES - 4)
    return crc == zlib.crc32(slot[: SLOT_BYTES - 4])


def run(elf: Path, folder: Path, kills: int, seed: int, say=lambda line: None) -> Tally:
    """Cut the power `kills` times, then start once more and check."""
    flash = folder / "flash"
    write_flash(flash, settings={**SETTINGS, **_FAST})
    board = QemuBoard(elf, flash)
    try:
        trial = Trial(board, random.Random(seed))
        for number in range(kills):
            trial.life()
            if number % 20 == 19:
                say(trial.tally.line())
        board.start()
        with ModbusClient(board.uart(1)) as modbus:
            trial.check(modbus)
        return trial.tally
    finally:
        board.close()


def _say(line: str) -> None:
    print(line, flush=True)


@click.command()
@click.option("--kills", default=200, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(kills: int, seed: int) -> None:
    """Cut the power so often; print the counts."""
    with tempfile.TemporaryDirectory(prefix="tjugo-kills-") as folder:
        elf = firmware(print)
        tally = run(elf, Path(folder), kills, seed, _say)
    print("\n".join([*tally.faults, tally.line()]))
    sys.exit(1 if tally.faults else 0)


if __name__ == "__main__":
    main()
