"""Resistive appliances of a random day: each switching on is a true step."""

import math
from collections.abc import Callable

from tjugo.benchmarks.malignant.loads import Day, times


def _kettle(day: Day) -> None:
    watts = day.rng.uniform(1200, 2200)
    for at in times(day, 2, 8):
        day.heat("kettle", at, at + day.rng.uniform(60, 240), watts)


def _immersion(day: Day) -> None:
    watts = day.rng.uniform(250, 1000)
    for at in times(day, 1, 3):
        day.heat("immersion heater", at, at + day.rng.uniform(120, 900), watts)


def _cycles(kind: str, watts: tuple[float, float], session: tuple[float, float],
            on: tuple[float, float], off: tuple[float, float],
            number: tuple[int, int]) -> Callable[[Day], None]:  # fmt: skip
    def run(day: Day) -> None:
        rng = day.rng
        power = rng.uniform(*watts)
        for at in times(day, *number):
            end = at + rng.uniform(*session)
            share = rng.uniform(0.5, 1)
            while at < end:
                stop = at + share * rng.uniform(*on)
                day.heat(kind, at, stop, power)
                day.warm(at, stop, power)
                at = stop + rng.uniform(*off)

    return run


def _hair_dryer(day: Day) -> None:
    """Half the heat is made by a diode, and a small motor runs with it."""
    rng = day.rng
    watts = rng.uniform(1000, 2000)
    for at in times(day, 1, 2):
        end = at + rng.uniform(120, 500)
        middle = at
        day.motor(at, end, rng.uniform(15, 40), 0.9, 1.5)
        if rng.random() < 0.6:
            middle = at + rng.uniform(15, 60)
            day.heat("hair dryer, half", at, middle, watts / 2, watts / 2)
        day.heat("hair dryer", middle, end, watts if middle == at else watts / 2)
        if middle > at:
            day.piece(middle, end, (watts / 2, 0, 0, 0, 0))


def _diode_heater(day: Day) -> None:
    half = day.rng.uniform(220, 900)
    for at in times(day, 1, 3):
        day.heat("heater behind a diode", at, at + day.rng.uniform(300, 3000), half, half)


def _ptc_heater(day: Day) -> None:
    """Ceramic: a third more at first, then it falls within half a minute."""
    watts = day.rng.uniform(700, 1500)
    for at in times(day, 1, 3):
        end = at + day.rng.uniform(300, 3600)
        day.heat("ceramic heater", at, end, watts)
        extra = day.rng.uniform(0.1, 0.35) * watts
        for part in range(60):
            now = at + 0.5 * part
            day.piece(now, now + 0.5, (extra * math.exp(-part / 16), 0, 0, 0, 0))


def _halogen_heater(day: Day) -> None:
    """Tungsten: seven times the current at first, for a tenth of a second."""
    watts = day.rng.uniform(400, 1200)
    for at in times(day, 1, 3):
        day.heat("halogen heater", at, at + day.rng.uniform(300, 3600), watts)
        for part in range(12):
            now = at + 0.02 * part
            day.piece(now, now + 0.02, (watts * 6 * math.exp(-part / 3), 0, 0, 0, 0))


def _washing(day: Day) -> None:
    rng = day.rng
    at = day.time()
    water = at + rng.uniform(120, 300)
    day.heat("washing machine", water, water + rng.uniform(500, 1200), rng.uniform(1700, 2100))
    end = at + rng.uniform(2000, 4000)
    watts, pf = rng.uniform(80, 280), rng.uniform(0.5, 0.65)
    while at < end:
        stop = at + rng.uniform(8, 18)
        day.motor(at, stop, watts * rng.uniform(0.8, 1.2), pf, rng.uniform(2, 4))
        day.used.append((at, "drum motor"))
        at = stop + rng.uniform(3, 6)


# (share of the days that have it, function)
HEATERS: tuple[tuple[float, Callable[[Day], None]], ...] = (
    (0.55, _kettle),
    (0.25, _immersion),
    (0.3, _hair_dryer),
    (0.3, _cycles("heater", (400, 2000), (3600, 14400), (60, 500), (60, 500), (1, 2))),
    (0.25, _cycles("iron", (1000, 2200), (500, 1800), (8, 30), (15, 60), (1, 1))),
    (0.2, _cycles("hot plate", (800, 1500), (600, 2400), (10, 60), (8, 60), (1, 3))),
    (0.3, _cycles("water dispenser", (400, 650), (1, 2), (60, 300), (1, 2), (6, 20))),
    (0.2, _cycles("rice cooker", (300, 800), (600, 1800), (60, 600), (5, 60), (1, 2))),
    (0.15, _diode_heater),
    (0.06, _ptc_heater),
    (0.04, _halogen_heater),
    (0.15, _washing),
)
