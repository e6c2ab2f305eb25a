"""Each driver with its fake chip, and what faults may cost: the bounds of the drivers' texts."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from metering_bus_chips import Ade, Atm
from metering_kit import MJ_PER_KWH, Chip, Fault, Load
from metering_uart_chips import Bl, Cse, Pzem

from drivers.ade7953 import Ade7953
from drivers.atm90e26 import Atm90e26
from drivers.bl0942 import Bl0942
from drivers.cse7766 import Cse7766
from drivers.pzem004t import Pzem004t

Window = tuple[int, int]
UART_DAMAGES = ("flip", "flips", "truncate", "garbage", "noise", "twice", "stale", "foreign")


@dataclass(frozen=True)
class Rig:
    """lossy: {kind of fault: (ms before its start, ms after its end)} whose energy may be lost.

    faults: kinds; export: the chip has a direction; mixed_ms: at a change of direction the energy
    of so long, and that during faults, may count for the other direction.
    """

    chip: type[Chip]
    driver: Callable[[Any], Any]
    faults: tuple[str, ...]
    lossy: dict[str, Window]
    export: bool = False
    mixed_ms: int = 0

    def make(self, load: Load, faults: Iterable[Fault] = (), seed: int = 0) -> tuple[Any, Any]:
        """Return (driver, chip)."""
        chip = self.chip(load, list(faults), seed)
        return self.driver(chip), chip

    def loss(self, load: Load, faults: Iterable[Fault]) -> int:
        """Return the mJ that these faults may cost: a chip's restart, what nobody has read before
        it as well, and a fraction of a count each."""
        windows = []
        for fault in faults:
            if fault.kind in self.lossy:
                before, after = self.lossy[fault.kind]
                begin, end = chained(fault, faults)
                windows.append((begin - before, end + after if after else fault.end))
        return energy_in(load, windows) + len(windows) * (int(1 / self.chip.per_mj) + 1)

    def slack(self, load: Load, faults: Iterable[Fault]) -> Callable[[int], int]:
        """Return `slack` of metering_kit.run."""
        wide = self.mixed_ms
        signs = [(start, watts < 0) for start, watts in load.steps if watts]
        changes = [start for (_, was), (start, now) in itertools.pairwise(signs) if was != now]
        windows = [(start - wide, start + wide) for start in changes] if wide else []
        windows += [(fault.start - wide, fault.end + wide) for fault in faults if changes and wide]

        def at(now: int) -> int:
            until = [(start, min(end, now)) for start, end in windows if start < now]
            unit = sum(1 for start in changes if start < now) * int(1 / self.chip.per_mj)
            return energy_in(load, until) + unit if wide else 0

        return at


def chained(fault: Fault, faults: Iterable[Fault]) -> Window:
    """Return the times when the faults began and end that this one is part of."""
    begin, end = fault.start, fault.end
    grown = True
    while grown:
        grown = False
        for other in faults:
            if other.start <= end + 3_000 and begin <= other.end + 3_000:
                grown = grown or other.start < begin or other.end > end
                begin, end = min(begin, other.start), max(end, other.end)
    return begin, end


def energy_in(load: Load, windows: Iterable[Window]) -> int:
    """Return the energy of both directions within the windows, mJ, each moment once."""
    total = 0
    done = 0
    for start, end in sorted(windows):
        start = max(start, done, 0)
        if start < end:
            total += sum(load.energy(end)) - sum(load.energy(start))
            done = end
    return total


def unit_mj(rig: Rig, driver: Any) -> int:
    """Return the energy that is not counted at the end: a chip's unit, and a pulse a direction."""
    pulses = MJ_PER_KWH // driver.PULSES_PER_KWH * (2 if rig.export else 1)
    return int(1 / rig.chip.per_mj) + 1 + pulses


RIGS = {
    "pzem004t": Rig(
        Pzem,
        lambda chip: Pzem004t(chip.line, address=1),
        ("silent", "cut", *UART_DAMAGES),
        {"cut": (0, 0)},
    ),
    "bl0942": Rig(
        Bl,
        lambda chip: Bl0942(chip.line),
        ("silent", "cut", *UART_DAMAGES),
        {"cut": (1500, 0)},
        export=True,
        mixed_ms=2200,
    ),
    "cse7766": Rig(
        Cse,
        lambda chip: Cse7766(chip.line),
        ("silent", "cut", *UART_DAMAGES),
        dict.fromkeys(("silent", "cut", *UART_DAMAGES), (500, 1000)),
    ),
    "atm90e26": Rig(
        Atm,
        lambda chip: Atm90e26(chip, chip.select),
        ("silent", "cut", "flip", "low", "deaf"),
        {"cut": (2500, 4500), "low": (2500, 0), "silent": (2500, 0)},
        export=True,
    ),
    "ade7953": Rig(
        Ade,
        lambda chip: Ade7953(chip),
        ("silent", "cut", "flip", "break"),
        {"cut": (1500, 0)},
        export=True,
    ),
}


STEADY = Load([(0, 1000)])
EXPORT = Load([(0, -1000)])


def go(driver, chip, seconds: float) -> None:
    for _ in range(int(seconds * 50)):
        chip.advance(20)
        driver.elapsed(20)


def values(driver) -> tuple:
    reading = driver.reading
    return reading.mv, reading.ma, reading.w_x10, reading.pf_x1000, reading.hz_x100


def started(name, load=STEADY, faults=()):
    driver, chip = RIGS[name].make(load, faults)
    go(driver, chip, 6)
    return driver, chip


def near(found, expected) -> bool:
    return all(
        (a is None) == (b is None) and (a is None or abs(a - b) <= max(2, abs(b) // 500))
        for a, b in zip(found, expected, strict=True)
    )
