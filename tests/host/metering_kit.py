"""A mains with a changing load, lines with faults, and the run of a driver against a fake chip.

Energy is in mJ, an integer, and counts of a chip are exact fractions of it.
"""

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

MJ_PER_KWH = 3_600_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass
class Load:
    """Active power in W, negative for export: `steps` are (ms from which it is, W)."""

    steps: Sequence[tuple[int, int]]
    _starts: list[int] = field(init=False)
    _sums: list[tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        self._starts = [start for start, _ in self.steps]
        assert self._starts[0] == 0 and self._starts == sorted(self._starts)
        imported = exported = 0
        self._sums = []
        for index, (start, _) in enumerate(self.steps):
            if index:
                before, watts = self.steps[index - 1]
                imported += max(0, watts) * (start - before)
                exported += max(0, -watts) * (start - before)
            self._sums.append((imported, exported))

    def _at(self, ms: int) -> int:
        return bisect_right(self._starts, ms) - 1

    def watts(self, ms: int) -> int:
        return self.steps[self._at(ms)][1]

    def energy(self, ms: int) -> tuple[int, int]:
        """Return the imported and exported energy until `ms`, mJ."""
        index = self._at(ms)
        start, watts = self.steps[index]
        imported, exported = self._sums[index]
        return imported + max(0, watts) * (ms - start), exported + max(0, -watts) * (ms - start)


def day_of_load(seed: int, export: bool, ms: int = DAY_MS, most: int = 7000) -> Load:
    """Return a load that changes every few seconds to minutes, with pauses; none at first."""
    chance = random.Random(seed)
    steps = [(0, 0)]
    at = 5_000
    while at < ms:
        kind = chance.randrange(10)
        watts = 0 if kind == 0 else chance.randrange(1, 60 if kind < 4 else most)
        if export and 0.3 < at / ms < 0.7 and chance.random() < 0.6:
            watts = -watts
        steps.append((at, watts))
        at += chance.randrange(2_000, 600_000)
    return Load([*steps, (ms, 0)])


@dataclass(frozen=True)
class Fault:
    """kind: "silent", "cut" (the chip's supply) or a damage of its answers: see `damaged`."""

    start: int
    ms: int
    kind: str

    @property
    def end(self) -> int:
        return self.start + self.ms


DAMAGES = ("flip", "flips", "truncate", "garbage", "noise", "twice", "stale", "foreign")


def damaged(kind: str, data: bytes, before: bytes, chance: random.Random) -> bytes:
    """Return what arrives of an answer. before: the answer before it."""
    body = bytearray(data)
    if kind in ("flip", "flips"):
        for _ in range(1 if kind == "flip" else chance.randrange(2, 6)):
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        return bytes(body)
    made = {
        "truncate": data[: chance.randrange(len(data))],
        "garbage": chance.randbytes(chance.randrange(1, 40)) + data,
        "noise": chance.randbytes(chance.randrange(1, 40)),
        "twice": data + data,
        "stale": before + data,
        "foreign": data[::-1] + data,
    }
    return made[kind]


class Line:
    """A UART without waiting, as a driver has it. chip: called with what the driver writes."""

    def __init__(self) -> None:
        self.chip: Callable[[bytes], None] = lambda _data: None
        self.arrived = bytearray()

    def any(self) -> int:
        return len(self.arrived)

    def readinto(self, buf: bytearray, count: int) -> int | None:
        taken = self.arrived[: min(count, len(buf))]
        if not taken:
            return None
        buf[: len(taken)] = taken
        del self.arrived[: len(taken)]
        return len(taken)

    def write(self, data: bytes) -> int:
        self.chip(bytes(data))
        return len(data)


class Chip:
    """What the fake chips have in common. `per_mj`: counts per mJ, a Fraction.

    now: ms; powered; `_mark`: the energy at the last start of the chip.
    """

    per_mj = Fraction(1)

    def __init__(self, load: Load, faults: Sequence[Fault] = (), seed: int = 0) -> None:
        self.load = load
        self.faults = sorted(faults, key=lambda fault: fault.start)
        self.chance = random.Random(seed)
        self.now = 0
        self.powered = True
        self._before = b""

    def advance(self, ms: int) -> None:
        """Let time pass; the supply comes and goes."""
        self.now += ms
        cut = self.fault("cut")
        if self.powered and cut:
            self.powered = False
            self.switch_off()
        elif not self.powered and not cut:
            self.powered = True
            self.switch_on()

    def fault(self, *kinds: str) -> Fault | None:
        """Return the fault of these kinds that is now."""
        for fault in self.faults:
            if fault.start > self.now:
                break
            if self.now < fault.end and fault.kind in kinds:
                return fault
        return None

    def switch_off(self) -> None: ...

    def switch_on(self) -> None: ...

    def still(self) -> int:
        """Return 0 or 1: the least change of a voltage, which a real mains always has."""
        return self.chance.randrange(2)

    def watts(self) -> int:
        return self.load.watts(self.now)

    def arriving(self, data: bytes) -> bytes:
        """Return what arrives of an answer now, b"" for nothing."""
        if not self.powered or self.fault("silent"):
            return b""
        fault = self.fault(*DAMAGES)
        arriving = damaged(fault.kind, data, self._before, self.chance) if fault else data
        self._before = data
        return arriving


@dataclass
class Outcome:
    """Of a run: counts taken in pulses, and the energy of the load, as fractions of a pulse."""

    imported: int
    exported: int
    true_import: Fraction
    true_export: Fraction
    unknown_ms: int


def run(
    driver: Any,
    chip: Chip,
    ms: int,
    step_ms: int = 20,
    slack: Callable[[int], int] = lambda _now: 0,
) -> Outcome:
    """Run the driver for a time. Each second all is taken, and never more than has flowed.

    slack: the mJ by which import and export alone may exceed what has flowed until now; their sum
    never does.
    """
    imported = exported = unknown = 0
    started = chip.load.energy(chip.now)
    constant = driver.PULSES_PER_KWH
    second = 0
    for _ in range(ms // step_ms):
        chip.advance(step_ms)
        driver.elapsed(step_ms)
        unknown += step_ms * (driver.reading.w_x10 is None)
        second += step_ms
        if second < 1000:
            continue
        second = 0
        limit = chip.chance.randrange(1, 1 << 20)
        got = driver.take(limit)
        assert 0 <= got <= limit
        imported += got
        exported += driver.take_export()
        now = chip.load.energy(chip.now)
        flowed = [(now[i] - started[i]) * constant for i in (0, 1)]
        for counted, true in zip((imported, exported), flowed, strict=True):
            if counted * MJ_PER_KWH > true:
                assert counted * MJ_PER_KWH <= true + slack(chip.now) * constant, chip.now
        assert (imported + exported) * MJ_PER_KWH <= sum(flowed), chip.now
    imported += driver.take(1 << 29)
    now = chip.load.energy(chip.now)
    true = [Fraction((now[i] - started[i]) * constant, MJ_PER_KWH) for i in (0, 1)]
    return Outcome(imported, exported, true[0], true[1], unknown)
