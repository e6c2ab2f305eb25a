"""Malignant load: random days of appliances through the detector of the firmware.

The figures are of days with even seeds from 400000 on; the detector is tuned on days with odd
seeds. The appliances are those of docs/meter.md, and were fixed before that. TJUGO_MALIGNANT_DAYS
sets how many, 200 unless it is given.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

from tjugo.benchmarks.registry import Figure, Skip, benchmark, host

# Classes of parts of which the worst is the figure: those with two new readings a second or more.
# The others are in its conditions only.
PROMISED = ("pf and var", "pf", "current")


def days() -> int:
    """Return the number of days to simulate for each class of metering parts."""
    return int(os.environ.get("TJUGO_MALIGNANT_DAYS", "200"))


@functools.cache
def _scores():  # type: ignore[no-untyped-def]
    """Return {class of parts: Score}; the parts of a class share the days."""
    try:
        from tjugo.benchmarks.malignant import trial
    except ImportError as error:
        raise Skip("the random days need numpy, which is not installed") from error
    return trial.scores(range(400000, 400000 + 2 * days(), 2), PROMISED)


def _figure(worst: Callable[..., float], value: Callable[[Any], float], **more: object) -> Figure:
    """Return the worst value of the promised classes, with those of all."""
    found = {name: value(score) for name, score in _scores().items()}
    each = {f"days {name}": score.days for name, score in _scores().items()}
    return Figure(worst(found[name] for name in PROMISED), {**host(), **each, **more, **found})


@benchmark("meter.malignant.recall", "1/1000")
def recall() -> Figure:
    """Measure the share of the resistive steps above 200 W recognised within 3 s: the worst."""
    steps = sum(score.steps.total() for score in _scores().values())
    return _figure(min, lambda score: round(1000 * score.recall(), 1), steps=steps)


@benchmark("meter.malignant.false_trips_per_day", "trips/day")
def false_trips() -> Figure:
    """Count the steps of other appliances taken for a heater, and by which part: the worst."""
    kinds = {
        f"{name}: {kind}": count
        for name, score in _scores().items()
        for kind, count in score.false.items()
    }
    return _figure(max, lambda score: round(score.false.total() / score.days, 5), **kinds)


@benchmark("meter.malignant.decision_p50_ms", "ms")
def decision() -> Figure:
    """Measure the time from the step to the decision: the median of the slowest class."""
    return _figure(max, lambda score: score.decision_ms(0.5))


@benchmark("meter.malignant.decision_p99_ms", "ms")
def slow_decision() -> Figure:
    """Measure the time from the step to the decision: the slowest hundredth."""
    return _figure(max, lambda score: score.decision_ms(0.99))
