"""Malignant load: random days of appliances through the detector of the firmware.

The figures are of days with even seeds from 400 on. Detector and appliances were tuned on days
with seeds below that, odd and even ones. TJUGO_MALIGNANT_DAYS sets how many, 200 unless it is
given.
"""

import functools
import os

from tjugo.benchmarks.registry import Figure, Skip, benchmark, host


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
    return trial.scores(range(400, 400 + 2 * days(), 2))


def _context() -> dict[str, object]:
    return {**host(), "days": days()}


@benchmark("meter.malignant.recall", "1/1000")
def recall() -> Figure:
    """Measure the share of the resistive steps above 200 W recognised within 3 s: the worst."""
    found = {name: round(1000 * score.recall(), 1) for name, score in _scores().items()}
    steps = sum(score.steps.total() for score in _scores().values())
    return Figure(min(found[name] for name in found if "*" not in name), {
        **_context(), "steps": steps, **found,
    })  # fmt: skip


@benchmark("meter.malignant.false_trips_per_day", "trips/day")
def false_trips() -> Figure:
    """Count the steps of other appliances taken for a heater, and by which part: the worst."""
    found = {name: round(score.false.total() / score.days, 5) for name, score in _scores().items()}
    kinds = {
        f"{name}: {kind}": count
        for name, score in _scores().items()
        for kind, count in score.false.items()
    }
    return Figure(max(found[name] for name in found if "*" not in name), {
        **_context(), **found, **kinds,
    })  # fmt: skip


@benchmark("meter.malignant.decision_ms", "ms")
def decision() -> Figure:
    """Measure the time from the step to the decision: the greatest mean of a class."""
    found = {name: score.decision_ms() for name, score in _scores().items()}
    return Figure(max(found[name] for name in found if "*" not in name), {**_context(), **found})
