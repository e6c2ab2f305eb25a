"""What a metering part measures of a day: numpy arrays, one entry a sample.

The loads are constant between edges, so the mean of the active power and of the square of the
current over a part's window are exact: differences of integrals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from tjugo.benchmarks.malignant.heaters import HEATERS
from tjugo.benchmarks.malignant.loads import CHANNELS, DAY_S, Day
from tjugo.benchmarks.malignant.others import OTHERS

NOMINAL_V = 230.0


@dataclass(frozen=True)
class Part:
    """A metering part: how often and how well it measures, and what it gives.

    interval_s: between two readings. window_s: of a measurement. update_s: between two
    measurements, where they are not one for each reading. noise: of the power and the current,
    relative, one sigma. gain: error of the power against the current, of one sigma, the same all
    day. watts: resolution of active and reactive power. The reactive power is that of the
    fundamental, with sign, and has the error of a phase of 0.002 rad, of one sigma.
    """

    name: str
    interval_s: float
    window_s: float
    noise: float
    gain: float
    watts: float
    gives: tuple[str, ...]
    update_s: float = 0.0


_ALL = ("w_x10", "mv", "ma", "pf_x1000", "var_x10")
_VI = ("w_x10", "mv", "ma")

PF_04 = Part("pf 0.4 s", 0.4, 0.32, 0.001, 0.003, 0.1, ("w_x10", "mv", "ma", "pf_x1000"))
PF_VAR_05 = Part("pf var 0.5 s", 0.5, 0.5, 0.001, 0.003, 0.1, _ALL)  # ADE7953
PF_05 = Part("V pf 0.5 s", 0.5, 0.5, 0.001, 0.002, 0.1, ("w_x10", "mv", "pf_x1000"))
PF_VAR_1 = Part("pf var 1 s", 1.0, 0.95, 0.0007, 0.003, 1.0, _ALL)  # ATM90E26
PF_1 = Part("pf 1 s", 1.0, 0.95, 0.0007, 0.003, 0.1, ("w_x10", "mv", "ma", "pf_x1000"))  # PZEM
VI_04 = Part("V I 0.4 s", 0.4, 0.4, 0.0015, 0.003, 0.1, _VI)
VI_BL0942 = Part("V I 0.4 s of 0.4 s", 0.4, 0.4, 0.0015, 0.003, 0.1, _VI, 0.4)  # BL0942
VI_1 = Part("V I 1 s", 1.0, 0.95, 0.001, 0.003, 1.0, _VI)
PF_VAR_2 = Part("pf var 2 s", 2.0, 1.0, 0.0007, 0.003, 1.0, _ALL)
VI_2 = Part("V I 2 s", 2.0, 1.0, 0.001, 0.003, 0.1, _VI)
VI_SHORT = Part("V I 0.4 s of 0.06 s", 0.4, 0.06, 0.002, 0.003, 0.1, _VI)  # CSE7766
I_1 = Part("I 1 s", 1.0, 0.95, 0.001, 0.003, 0.1, ("w_x10", "ma"))
W_1 = Part("W 1 s", 1.0, 0.95, 0.001, 0.003, 0.1, ("w_x10",))
W_2 = Part("W 2 s", 2.0, 2.0, 0.005, 0.003, 0.1, ("w_x10",))  # pulses

CLASSES = {
    "pf and var": (PF_VAR_05,),
    "pf": (PF_04, PF_05),
    "current": (VI_BL0942, VI_04),
    "pf and var 1 s": (PF_VAR_1,),
    "pf 1 s": (PF_1,),
    "current 1 s": (VI_1,),
    "pf and var 2 s": (PF_VAR_2,),
    "current 2 s": (VI_2,),
    "short windows": (VI_SHORT,),
    "no voltage": (I_1,),
    "W only": (W_1, W_2),
}
PARTS = tuple(part for parts in CLASSES.values() for part in parts)


def make_day(seed: int, loads: Sequence = (*HEATERS, *OTHERS)) -> Day:
    """Return the loads of a random day; some are switched on within a second of each other."""
    day = Day(Random(seed))
    for share, load in loads:
        if day.rng.random() < share:
            day.others, day.until = len(day.used), 0.0
            load(day)
    return day


def _voltage(rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """Return times and relative voltages: slow changes, neighbours' loads, and dips.

    A neighbour's load changes the voltage by 0.2 to 1.5 % for 5 s to half an hour (EN 50160: rapid
    changes are up to 5 %); dips of 2 to 40 % last 0.05 to 60 s.
    """
    numbers = np.random.default_rng(rng.getrandbits(32))
    times = np.arange(0, DAY_S, 20.0)
    wave = 0.03 * np.sin(2 * np.pi * (times / DAY_S + rng.random()))
    walk = np.clip(np.cumsum(numbers.normal(0, 0.0012, len(times))) * 0.3, -0.04, 0.04)
    level = 1.0 + rng.uniform(-0.04, 0.04) + wave + walk
    for _ in range(rng.randint(5, 80)):
        begin = rng.randrange(len(level))
        entries = int(rng.choice((1, rng.uniform(1, 15), rng.uniform(3, 90))))
        level[begin : begin + entries] *= 1 - rng.uniform(0.002, 0.015)
    times = times + numbers.uniform(0, 15, len(times))
    times[0] = 0.0
    at, to = times.tolist(), level.tolist()
    for _ in range(rng.randint(0, 6)):
        start = rng.uniform(0, DAY_S - 100)
        length = rng.choice((rng.uniform(0.05, 0.5), rng.uniform(0.5, 5), rng.uniform(5, 60)))
        depth = 1 - rng.choice((rng.uniform(0.02, 0.08), rng.uniform(0.08, 0.4)))
        now = float(level[np.searchsorted(times, start, side="right") - 1])
        inside = [i for i, t in enumerate(at) if start < t < start + length]
        for i in inside:
            to[i] *= depth
        back = to[inside[-1]] / depth if inside else now
        at += [start, start + length]
        to += [now * depth, back]
    order = np.argsort(at, kind="stable")
    return np.array(at)[order], np.array(to)[order]


@dataclass
class Samples:
    """Arrays of equal length. ms: since the sample before; at: seconds of the day.

    w_x10 and the others that the part gives are integers; missing: there was no measurement.
    """

    at: np.ndarray
    ms: np.ndarray
    values: dict[str, np.ndarray]
    missing: np.ndarray


def _pieces(day: Day, rng: Random) -> tuple[np.ndarray, ...]:
    """Return edges and, between them, P, Q, the square of the current and of the voltage."""
    times = np.fromiter((t for t, _ in day.edges), float, len(day.edges))
    levels = np.array([level for _, level in day.edges], float).reshape(-1, CHANNELS)
    volt_at, volt = _voltage(rng)
    order = np.argsort(times, kind="stable")
    times, levels = times[order], np.cumsum(levels[order], axis=0)
    edges = np.unique(np.concatenate((times, volt_at, [0.0, DAY_S])))
    edges = edges[(edges >= 0) & (edges <= DAY_S)]
    index = np.searchsorted(times, edges, side="right") - 1
    level = np.where(index[:, None] >= 0, levels[np.maximum(index, 0)], 0.0)
    v = volt[np.maximum(np.searchsorted(volt_at, edges, side="right") - 1, 0)]
    power = level[:, 0] + level[:, 1]
    v = v - rng.uniform(0.2, 0.8) * power / NOMINAL_V / NOMINAL_V  # the line's resistance
    v2 = v * v
    power = level[:, 0] * v2 + level[:, 1]
    lag = level[:, 2] * v2
    rest = lag**2 + level[:, 3] ** 2 + (level[:, 4] * v2) ** 2
    return edges, power, lag, (power**2 + rest) / (v2 * NOMINAL_V**2), v2 * NOMINAL_V**2


def _means(edges: np.ndarray, value: np.ndarray, at: np.ndarray, window: float) -> np.ndarray:
    integral = np.concatenate(([0.0], np.cumsum(value[:-1] * np.diff(edges))))
    return (np.interp(at, edges, integral) - np.interp(at - window, edges, integral)) / window


def _values(day: Day, part: Part, at: np.ndarray, rng: Random) -> dict[str, np.ndarray]:
    """Return what the part measures in the windows that end at these times."""
    numbers = np.random.default_rng(rng.getrandbits(32))
    edges, power, lag, current2, volt2 = _pieces(day, Random(rng.getrandbits(32)))
    count = len(at)
    common = 1 + numbers.normal(0, 0.0006, count)
    gain = 1 + part.gain * max(-2.0, min(2.0, rng.gauss(0, 1)))
    phase = 0.002 * max(-2.0, min(2.0, rng.gauss(0, 1)))
    p = _means(edges, power, at, part.window_s) * common**2
    i = np.sqrt(np.maximum(_means(edges, current2, at, part.window_s), 0)) * common
    v = np.sqrt(_means(edges, volt2, at, part.window_s)) * common
    q = p * phase
    if "var_x10" in part.gives:
        q += _means(edges, lag, at, part.window_s) * common**2
    p = p * gain * (1 + numbers.normal(0, part.noise, count)) + numbers.normal(0, 0.05, count)
    q = q * gain + p * numbers.normal(0, part.noise, count) + numbers.normal(0, 0.05, count)
    i = i * (1 + numbers.normal(0, part.noise / 2, count)) + np.abs(numbers.normal(0, 5e-4, count))
    s = np.maximum(i * v, np.abs(p))
    unit = round(10 * part.watts)
    values = {
        "w_x10": np.rint(10 * p / unit).astype(np.int64) * unit,
        "mv": 100 * np.rint(10 * v).astype(np.int64),
        "ma": np.rint(1000 * i).astype(np.int64),
        "pf_x1000": np.rint(1000 * np.abs(p) / np.maximum(s, 1e-3)).astype(np.int64),
        "var_x10": np.rint(10 * q / unit).astype(np.int64) * unit,
    }
    return {name: values[name] for name in part.gives}


def measure(day: Day, part: Part, seed: int) -> Samples:
    """Return the samples of a part."""
    rng = Random(seed)
    numbers = np.random.default_rng(rng.getrandbits(32))
    count = int((DAY_S - 10) / part.interval_s / 1.01)
    ms = np.rint(1000 * part.interval_s * numbers.uniform(0.98, 1.02, count)).astype(np.int64)
    at = part.interval_s * rng.random() + 2 + np.cumsum(ms) / 1000
    if part.update_s:
        ends = np.arange(1.0 + part.update_s * rng.random(), DAY_S, part.update_s)
        newest = np.searchsorted(ends, at, side="right") - 1
        values = {name: one[newest] for name, one in _values(day, part, ends, rng).items()}
    else:
        values = _values(day, part, at, rng)
    missing = np.zeros(count, bool)
    for _ in range(rng.randint(0, 4)):
        start = rng.randrange(count)
        missing[start : start + rng.choice((1, 2, 30))] = True
    return Samples(at, ms, values, missing)
