"""A week of a meter's life with a power cut at every write: tests/host/portable/meter_week.py."""

import importlib
import sys
from functools import cache
from types import ModuleType

from tjugo.benchmarks.registry import Figure, Skip, benchmark
from tjugo.toolchain.tools import REPO

_SEEDS = range(101, 103)
_ACTIONS, _BYTES, _STARTS = 1000, 16, 10


@cache
def _result() -> tuple[int, int]:
    """Return the cut points and the violations of a few weeks."""
    week = _week()
    points = violations = 0
    for seed in _SEEDS:
        life = week.Week(seed, week.Recorder(), **week.SETTINGS)
        cuts, again, wrong = week.live(life, _ACTIONS, _BYTES, _STARTS)
        points += cuts + again
        violations += len(wrong)
    return points, violations


def _week() -> ModuleType:
    folder = REPO / "tests" / "host" / "portable"
    if not (folder / "meter_week.py").is_file():
        raise Skip("the tests of the repository are not here")
    for path in (folder, REPO, REPO / "boards", REPO / "firmware"):
        if str(path) not in sys.path:
            sys.path.append(str(path))
    return importlib.import_module("meter_week")


def _context() -> dict[str, int]:
    return {"weeks": len(_SEEDS), "actions_each": _ACTIONS}


@benchmark("meter.cut_points", "cuts")
def cut_points() -> Figure:
    """Count the points at which the power was cut, those in starts after a cut included."""
    return Figure(_result()[0], _context())


@benchmark("meter.cut_violations", "")
def cut_violations() -> Figure:
    """Count the cuts after which a token was lost or accepted twice, credit or a record wrong."""
    return Figure(_result()[1], _context())
