"""The list of benchmarks, and the functions to measure rates.

A benchmark is a function without arguments that returns a Figure, or raises Skip if it cannot be
measured. Names never change: figures of different versions are compared by them.
"""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_CALIBRATION_S, _RUN_S, _RUNS = 0.02, 0.2, 5


class Skip(Exception):
    """The figure cannot be measured on this machine; the text gives the reason."""


@dataclass(frozen=True)
class Figure:
    """A value, and the conditions of its measurement."""

    value: float
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Benchmark:
    """A function with the name and unit of what it returns."""

    name: str
    unit: str
    function: Callable[[], Figure]


BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str, unit: str) -> Callable[[Callable[[], Figure]], Callable[[], Figure]]:
    """Return a decorator that registers a function under `name`."""

    def add(function: Callable[[], Figure]) -> Callable[[], Figure]:
        if name in BENCHMARKS:
            raise ValueError(f"there are two benchmarks named {name}")
        BENCHMARKS[name] = Benchmark(name, unit, function)
        return function

    return add


def calls_per_second(function: Callable[[], object]) -> float:
    """Return the calls per second of `function`: the best, least disturbed, of five runs."""
    count = 1
    while (seconds := _seconds(function, count)) < _CALIBRATION_S:
        count *= 4
    count = max(1, round(count * _RUN_S / seconds))
    return count / min(_seconds(function, count) for _ in range(_RUNS))


def _seconds(function: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        function()
    return time.perf_counter() - start


def host() -> dict[str, Any]:
    """Return the conditions of a figure on this machine: interpreter and processor."""
    return {"python": platform.python_version(), "machine": platform.machine()}
