"""Appliances of a random day that are no heaters, and loads of a heater's power factor."""

import math
from collections.abc import Callable

from tjugo.appliance_loads import transformer
from tjugo.benchmarks.malignant.loads import DAY_S, Day, times

Range = tuple[float, float]


def _fridge(day: Day) -> None:
    rng = day.rng
    watts, pf, inrush = rng.uniform(70, 140), rng.uniform(0.55, 0.8), rng.uniform(4, 8)
    at = rng.uniform(0, 2000)
    while at < DAY_S:
        stop = at + rng.uniform(500, 1200)
        day.motor(at, stop, watts, pf, inrush)
        day.used.append((at, "fridge"))
        at = stop + rng.uniform(900, 2600)


def _pump(day: Day) -> None:
    rng = day.rng
    watts, pf = rng.uniform(250, 900), rng.uniform(0.6, 0.88)
    for at in times(day, 2, 12):
        day.motor(at, at + rng.uniform(20, 400), watts, pf, rng.uniform(3, 7))
        day.used.append((at, "pump"))


def _vacuum(day: Day) -> None:
    """Run a universal motor: close to a resistance, but its load varies with the floor."""
    rng = day.rng
    watts, pf = rng.uniform(500, 1400), rng.uniform(0.92, 0.97)
    for at in times(day, 1, 3):
        end = at + rng.uniform(120, 900)
        day.used.append((at, "vacuum cleaner"))
        day.motor(at, end, 0.9 * watts, pf, rng.uniform(1.5, 5))
        while at < end:
            stop = at + rng.uniform(0.5, 4)
            more = watts * rng.uniform(0.0, 0.15)
            day.piece(at, stop, (0, more, more * math.tan(math.acos(pf)), 0, 0))
            at = stop


def _microwave(day: Day) -> None:
    """With a transformer, or a third of them with an inverter that starts softly."""
    rng = day.rng
    inverter = rng.random() < 0.33
    watts, pf = rng.uniform(900, 1500), rng.uniform(0.88, 0.96)
    if inverter:
        pf = rng.uniform(0.95, 0.985)
    for at in times(day, 1, 4):
        end = at + rng.uniform(30, 400)
        full = inverter or rng.random() < 0.6
        while at < end:
            stop = end if full else at + rng.uniform(6, 18)
            day.used.append((at, "microwave oven"))
            day.electronic(at, stop, 60, 0.8)
            start = at + rng.uniform(0.5, 2.5)
            if inverter:
                level = watts * rng.uniform(0.5, 1)
                start = day.ramp(start, rng.uniform(0.4, 2), level, pf)
                day.electronic(start, max(stop, start + 1), level, pf)
            else:
                day.piece(start, stop, (*transformer(watts, pf), 0))
            at = stop + rng.uniform(6, 18)


def _hob(day: Day) -> None:
    """Induction: a soft start, and at low heat bursts of a few seconds."""
    rng = day.rng
    pf = rng.uniform(0.955, 0.98)
    for at in times(day, 1, 4):
        end = at + rng.uniform(200, 2400)
        while at < end:
            burst = rng.random() < 0.2
            stop = min(end, at + rng.uniform(60, 500))
            watts = rng.uniform(400, 2200)
            while at < stop:
                off = min(stop, at + rng.uniform(2.5, 6)) if burst else stop
                day.used.append((at, "induction hob"))
                high = day.ramp(at, rng.uniform(0.5, 1.5) if burst else rng.uniform(1, 3),
                                watts, pf)  # fmt: skip
                day.electronic(high, max(off, high + 0.5), watts, pf)
                at = max(off, high + 0.5) + (rng.uniform(2, 5) if burst else 0.0)
            at += rng.uniform(0, 60)


def supply_pf(watts: float, quality: float) -> float:
    """Return the power factor of a supply with active correction at a load."""
    return min(quality, 0.86 + 0.12 * min(1.0, watts / 350) ** 0.5)


def _gaming(day: Day) -> None:
    """Active power factor correction; the load changes many times a minute.

    A program takes 0.3 to 3 s to load the machine, and then the load is never quite the same.
    """
    rng = day.rng
    quality = rng.uniform(0.95, 0.99)
    idle, most = rng.uniform(60, 120), rng.uniform(300, 600)
    for at in times(day, 1, 2):
        end = at + rng.uniform(3600, 10800)
        before = idle
        day.charge(at, most)
        while at < end:
            level = rng.choice((idle, rng.uniform(idle, most), rng.uniform(0.6, 1) * most))
            swing = rng.uniform(0.02, 0.12)
            stop = at + rng.choice((rng.uniform(2, 30), rng.uniform(60, 1500)))
            change = rng.uniform(0.3, 3)
            start = at
            if abs(level - before) > 100:
                day.used.append((at, "gaming PC"))
            while at < stop:
                share = min(1.0, (at - start + 0.1) / change)
                watts = before + (level - before) * share
                watts = max(40.0, watts * (1 + rng.gauss(0, swing)))
                length = rng.expovariate(1 / rng.choice((0.2, 0.5, 1.5))) + 0.05
                length = min(length, change / 3) if share < 1 else length
                day.electronic(at, at + length, watts, supply_pf(watts, quality))
                at += length
            before = level


def _desktop(day: Day) -> None:
    """No correction at all."""
    rng = day.rng
    pf = rng.uniform(0.58, 0.72)
    for at in times(day, 1, 2):
        end = at + rng.uniform(1800, 14400)
        day.charge(at, 200)
        while at < end:
            stop = at + rng.uniform(10, 600)
            level = rng.uniform(70, 260)
            day.used.append((at, "desktop PC"))
            while at < stop:
                length = rng.uniform(0.5, 8)
                day.electronic(at, at + length, level * rng.uniform(0.95, 1.05), pf)
                at += length


def _small(
    kind: str, watts: Range, pf: Range, hours: Range, number: tuple[int, int]
) -> Callable[[Day], None]:
    def run(day: Day) -> None:
        rng = day.rng
        for at in times(day, *number):
            day.used.append((at, kind))
            end = at + 3600 * rng.uniform(*hours)
            power = rng.uniform(*watts)
            day.charge(at, power)
            day.electronic(at, end, power, rng.uniform(*pf))

    return run


def _fan(day: Day) -> None:
    rng = day.rng
    for at in times(day, 1, 4):
        day.used.append((at, "fan"))
        day.motor(at, at + rng.uniform(600, 20000), rng.uniform(25, 70), 0.7, 2)


def _conditioner(day: Day) -> None:
    rng = day.rng
    at = day.time()
    end = at + rng.uniform(3600, 20000)
    if rng.random() < 0.5:  # fixed speed
        watts, pf = rng.uniform(700, 1600), rng.uniform(0.82, 0.96)
        while at < end:
            stop = at + rng.uniform(200, 1500)
            day.used.append((at, "air conditioner"))
            day.motor(at, stop, watts, pf, rng.uniform(3, 6))
            at = stop + rng.uniform(180, 900)
        return
    pf = rng.uniform(0.95, 0.99)
    day.used.append((at, "air conditioner, inverter"))
    while at < end:
        watts = rng.uniform(250, 1500)
        stop = at + rng.uniform(300, 2400)
        day.electronic(day.ramp(at, rng.uniform(8, 60), watts, pf), stop, watts, pf)
        at = stop + rng.uniform(0, 1)


def _dimmer(day: Day) -> None:
    """Phase control of lamps: the voltage is cut, so S is the root of P times the full power."""
    rng = day.rng
    full = rng.uniform(60, 300)
    for at in times(day, 1, 4):
        length, end = rng.uniform(1.5, 20), at + rng.uniform(300, 7200)
        day.used.append((at, "dimmer"))
        parts = int(length / 0.1)
        share = rng.uniform(0.4, 1)
        before = (0.0, 0.0)
        for part in range(1, parts + 1):
            watts = full * share * part / parts
            other = math.sqrt(max(0.0, watts * full - watts * watts))
            level = (watts - before[0], 0, 0.6 * (other - before[1]), 0.8 * (other - before[1]), 0)
            day.piece(at + length * part / parts, end, level)
            before = (watts, other)


def _lamps(day: Day) -> None:
    """Filament lamps below the power that is controlled, with their inrush."""
    rng = day.rng
    for at in times(day, 1, 5):
        watts = rng.uniform(25, 150)
        end = at + rng.uniform(300, 14000)
        day.used.append((at, "filament lamp"))
        day.piece(at, end, (watts, 0, 0, 0, 0))
        for part in range(8):
            now = at + 0.02 * part
            day.piece(now, now + 0.02, (watts * 8 * math.exp(-part / 3), 0, 0, 0, 0))


# (share of the days that have it, function)
OTHERS: tuple[tuple[float, Callable[[Day], None]], ...] = (
    (0.8, _fridge),
    (0.12, _pump),
    (0.3, _vacuum),
    (0.35, _microwave),
    (0.12, _hob),
    (0.12, _gaming),
    (0.06, _desktop),
    (0.8, _small("laptop", (25, 90), (0.5, 0.65), (0.5, 8), (1, 4))),
    (0.8, _small("television", (60, 190), (0.85, 0.97), (0.5, 6), (1, 3))),
    (0.9, _small("LED lamps", (4, 40), (0.5, 0.9), (0.2, 6), (5, 20))),
    (0.9, _small("standby", (5, 25), (0.3, 0.6), (10, 24), (1, 2))),
    (0.4, _fan),
    (0.2, _conditioner),
    (0.15, _dimmer),
    (0.3, _lamps),
)
