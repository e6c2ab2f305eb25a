"""A day of appliances, as pieces of constant load.

A load is that of appliance_loads.py, with the even harmonics E of a diode besides, whose square
is part of the apparent power too.

The distributions here, in heaters.py, others.py and signal.py are fixed: the detector is tuned to
them, never they to the detector. docs/meter.md has them in words, and what counts as a step.
"""

import math
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tjugo.appliance_loads import electronic, motor

DAY_S = 86400.0
CHANNELS = 5  # R, C, Q, H, E
Level = tuple[float, float, float, float, float]


class Step(NamedTuple):
    """A resistance that is switched on: second of the day, W at 230 V, and the appliance."""

    at: float
    watts: float
    kind: str


class Day:
    """The pieces and the true steps of a day. `rng` decides everything."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.edges: list[tuple[float, Level]] = []  # changes of the level
        self.steps: list[Step] = []
        self.used: list[tuple[float, str]] = []  # everything that is switched on
        self.others = 0  # of these, by the loads before the present one
        self.until = 0.0  # the end of the present one's last piece

    def piece(self, start: float, end: float, level: Level) -> None:
        """Add a level for a time."""
        self.until = max(self.until, end)
        self.edges.append((start, level))
        self.edges.append((end, tuple(-x for x in level)))  # type: ignore[arg-type]

    def heat(self, kind: str, start: float, end: float, watts: float, even: float = 0.0) -> None:
        """Switch a resistance on; even: the harmonics of a diode in front of it."""
        self.steps.append(Step(start, watts, kind))
        self.used.append((start, kind))
        self.piece(start, end, (watts, 0, 0, 0, even))

    def warm(self, start: float, end: float, watts: float) -> None:
        """Add what a cold heating wire takes more than a hot one: 1 to 5 %.

        Between 20 and 900 degrees its resistance rises by 4 to 8 % (tables of the makers of the
        wire), a part of which is over within tenths of a second.
        """
        extra, length = watts * self.rng.uniform(0.01, 0.05), self.rng.uniform(2, 15)
        now = start
        for part in range(12):
            then = min(end, now + length / 4)
            self.piece(now, then, (extra * math.exp(-part / 4), 0, 0, 0, 0))
            now = then

    def charge(self, start: float, watts: float) -> None:
        """Add the inrush of a rectifier: 1 uF/W is charged within 10 ms, by 5 to 20 A (RMS)."""
        amperes = self.rng.uniform(5, 20)
        self.piece(start, start + 0.01, (0, 5 * watts, 0, 230 * amperes, 0))

    def electronic(self, start: float, end: float, watts: float, pf: float) -> None:
        """Add a rectifier."""
        self.piece(start, end, (*electronic(watts, pf), 0))

    def motor(self, start: float, end: float, watts: float, pf: float, inrush: float) -> None:
        """Add a motor that starts with `inrush` times its current for 0.15 to 0.6 s."""
        self.piece(start, end, (*motor(watts, pf), 0))
        length = self.rng.uniform(0.15, 0.6)
        full = watts / pf * (inrush - 1)
        for part in range(6):
            now = start + length * part / 6
            left = full * (1 - part / 6)
            self.piece(now, now + length / 6, (0, 0.4 * left, 0.9 * left, 0, 0))

    def ramp(self, start: float, length: float, watts: float, pf: float) -> float:
        """Raise an electronic load to `watts`; return when it is reached."""
        parts = max(4, int(length / 0.1))
        for part in range(parts):
            now = start + length * part / parts
            self.electronic(now, start + length, watts / parts, pf)
        return start + length

    def time(self) -> float:
        """Return a time of the day: most from 6 to 23 o'clock, some with another appliance."""
        if self.others and self.rng.random() < 0.02:
            return max(
                0.0, self.used[self.rng.randrange(self.others)][0] + self.rng.uniform(-1, 1)
            )
        night = self.rng.random() < 0.1
        return self.rng.uniform(0, 21600) if night else self.rng.uniform(21600, 83000)


def times(day: Day, low: int, high: int) -> Iterator[float]:
    """Return when the load is switched on; not while it is on."""
    for at in sorted(day.time() for _ in range(day.rng.randint(low, high))):
        if at > day.until:
            yield at
