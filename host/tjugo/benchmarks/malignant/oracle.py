"""What the readings of a day can tell at most: an oracle that knows each step's time and power.

It searches the readings up to 6 s before and 3 s after for any pair between which the active power
rises by so much, and N^2 = S^2 - P^2 changes as it does with a resistance.
"""

import numpy as np

from tjugo.benchmarks.malignant.loads import Day, Step
from tjugo.benchmarks.malignant.signal import NOMINAL_V, Samples
from tjugo.benchmarks.malignant.trial import IN_TIME_S, SMALLEST_W

_BEFORE_S = 6.0
_AFTER_S = 8.0  # the last steps of a day do not count
_LIMIT = 0.033  # N^2 of a power factor of 0.984, against the square of the rise
_GAIN = 0.012  # P and S of a part disagree by 0.6 %
_NOISE = 0.005  # of N^2, for each S^2: 2.5 sigma
_BLIND = 0.6  # more uncertainty of N^2 tells nothing
_POWER = 0.06  # the rise may be smaller by this


def shown(day: Day, samples: Samples) -> tuple[int, int]:
    """Return how many steps the readings of a day can show, and how many there are."""
    last = float(samples.at[-1])
    steps = [one for one in day.steps if one.watts >= SMALLEST_W and one.at <= last - _AFTER_S]
    values = samples.values
    p, v = values["w_x10"] / 10, values["mv"] / 1000
    if "ma" in values:
        s = v * values["ma"] / 1000
    else:
        s = p / np.maximum(values["pf_x1000"] / 1000, 1e-6)
    return sum(_shows(step, samples, p, s, v) for step in steps), len(steps)


def _shows(step: Step, samples: Samples, p: np.ndarray, s: np.ndarray, v: np.ndarray) -> bool:
    at = samples.at
    first, middle, end = np.searchsorted(
        at, (step.at - _BEFORE_S, step.at, step.at + IN_TIME_S), side="right"
    )
    before = np.arange(first, middle)[~samples.missing[first:middle]][:, None]
    after = np.arange(middle, end)[~samples.missing[middle:end]][None, :]
    if not before.size or not after.size:
        return False
    watts = step.watts * (v[after] / NOMINAL_V) ** 2
    rise = p[after] - p[before]
    ratio = (v[after] / v[before]) ** 2
    base = s[before] ** 2 - p[before] ** 2
    change = s[after] ** 2 - p[after] ** 2 - base
    room = _LIMIT * np.maximum(rise, watts) ** 2
    room += _NOISE * np.maximum(s[after], s[before]) ** 2
    room += _GAIN * np.abs(p[after] ** 2 - p[before] ** 2)
    clear = room < _BLIND * watts**2
    room = room + np.abs(1 - ratio**2) * np.abs(base)
    enough = rise >= watts * (1 - _POWER) - (0.003 + np.abs(1 - ratio)) * p[before]
    expected = [0.0, 0.0]
    if step.kind in ("heater behind a diode", "hair dryer, half"):
        expected = [watts**2, watts**2]
    elif step.kind == "hair dryer":  # the diode before it may be bridged
        expected = [0.0, -(watts**2)]
    fits = (np.abs(change - expected[0]) <= room) | (np.abs(change - expected[1]) <= room)
    return bool((clear & enough & fits).any())
