"""Days through the detector of the firmware, and what it found against the truth."""

import importlib
import importlib.util
import sys
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from tjugo.benchmarks.malignant.loads import Day
from tjugo.benchmarks.malignant.signal import CLASSES, Part, Samples, make_day, measure
from tjugo.toolchain.tools import REPO

SMALLEST_W = 200.0  # true steps above it count
IN_TIME_S = 3.0
_MATCH_S = 8.0  # a later verdict belongs to no step
_ANY_W = 100.0  # a smaller heater is no cause for a verdict
_BEFORE = 10  # samples: four of a part that gives each one twice are among them
_LOW_W, _TAN2 = 190, 20  # the default parameters: 190 W, power factor 0.990
_CHUNK = 64


def firmware() -> ModuleType:
    """Return the firmware's package of the detector; the host imports no program of a board."""
    name = "malignant_firmware"
    if name not in sys.modules:
        folder = REPO / "firmware" / "meter" / "malignant"
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec and spec.loader
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return importlib.import_module(f"{name}.steps")


class Reading:
    """The values of a Reading of the firmware that the detector reads."""

    w_x10 = mv = ma = pf_x1000 = var_x10 = None
    together = True


@dataclass
class Score:
    """What was found. Counters are by the kind of appliance."""

    days: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    decision_s: list[float] = field(default_factory=list)

    def add(self, other: "Score") -> None:
        """Add what another score has."""
        self.days += other.days
        for name in ("steps", "found", "late", "false"):
            getattr(self, name).update(getattr(other, name))
        self.decision_s += other.decision_s

    def decision_ms(self, share: float) -> int:
        """Return the time within which this share of the steps found in time was found."""
        ordered = sorted(self.decision_s) or [0.0]
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))])

    def recall(self) -> float:
        """Return the share of the steps that were recognised in time."""
        return self.found.total() / max(1, self.steps.total())


def verdicts(module: ModuleType, samples: Samples, skip: bool = True) -> list[tuple[int, int]]:
    """Return (index, kind) of the samples at which a step was recognised.

    skip: leave out samples that cannot begin a step. Of these the detector, quiet, only keeps the
    last four that differ, and so the result is the same.
    """
    steps, reading = module.Steps(_LOW_W, _TAN2), Reading()
    names = list(samples.values)
    arrays = [samples.values[name] for name in names]
    wanted = _jumps(samples, steps) if skip else None
    found = []
    count = len(samples.ms)
    i = 0
    first, last = 0, 0
    while i < count:
        if i >= last:
            first, last = i, i + _CHUNK
            columns = [array[first:last].tolist() for array in arrays]
            ms, missing = samples.ms[first:last].tolist(), samples.missing[first:last].tolist()
        at = i - first
        for name, column in zip(names, columns, strict=True):
            setattr(reading, name, None if missing[at] else column[at])
        kind = steps.sample(ms[at], reading)
        if kind >= module.RESISTIVE:
            found.append((i, kind))
        i += 1
        if wanted is not None and steps.quiet():
            at = int(np.searchsorted(wanted, i))
            following = int(wanted[at]) if at < len(wanted) else count
            if following - _BEFORE > i:
                i = following
                for past in range(i - _BEFORE, i):
                    for name, array in zip(names, arrays, strict=True):
                        setattr(reading, name, int(array[past]))
                    steps.sample(int(samples.ms[past]), reading, True)
                last = 0
    return found


def _jumps(samples: Samples, steps: Any) -> np.ndarray:
    """Return the indexes where the detector may leave the quiet state, or a sample is missing."""
    p = samples.values["w_x10"]
    most, least = p.copy(), p.copy()
    for back in range(1, _BEFORE):
        most[back:] = np.maximum(most[back:], p[:-back])
        least[back:] = np.minimum(least[back:], p[:-back])
    wanted = samples.missing | (most - least > steps.part_x10)
    wanted[:_BEFORE] = True
    for back in range(1, _BEFORE):
        wanted[back:] |= samples.missing[:-back]
    return np.flatnonzero(wanted)


def judge(day: Day, samples: Samples, found: list[tuple[int, int]]) -> Score:
    """Return the score of a day."""
    score = Score(days=1)
    truth = sorted(day.steps)
    times = [float(samples.at[i]) for i, _ in found]
    last = float(samples.at[-1])
    for step in truth:
        if step.watts < SMALLEST_W or step.at > last - _MATCH_S:
            continue
        score.steps[step.kind] += 1
        after = [t for t in times if step.at <= t <= step.at + _MATCH_S]
        if after and after[0] <= step.at + IN_TIME_S:
            score.found[step.kind] += 1
            score.decision_s.append(after[0] - step.at)
        elif after:
            score.late[step.kind] += 1
    causes = [step.at for step in truth if step.watts >= _ANY_W]
    for t in times:
        if not any(at <= t <= at + _MATCH_S for at in causes):
            near = [kind for at, kind in day.used if t - 15 <= at <= t]
            score.false[near[-1] if near else cause(day, t)] += 1
    return score


def cause(day: Day, at: float) -> str:
    """Return the appliance that was switched on last before a time."""
    before = [one for one in day.used if one[0] <= at]
    return max(before)[1] if before else "nothing"


def run(part: Part, seeds: Iterable[int]) -> Score:
    """Return the score of a part over the days of these seeds."""
    module = firmware()
    total = Score()
    for seed in seeds:
        day = make_day(seed)
        samples = measure(day, part, seed)
        total.add(judge(day, samples, verdicts(module, samples)))
    return total


def scores(seeds: range, whole: Container[str]) -> dict[str, Score]:
    """Return {class: Score}; the parts of a class share the days.

    whole: the classes that have all days; the others have a tenth.
    """
    found = {}
    for name, parts in CLASSES.items():
        found[name] = Score()
        own = seeds if name in whole else seeds[::10]
        for i, part in enumerate(parts):
            found[name].add(run(part, own[i :: len(parts)]))
    return found
