"""Readings of a metering part, and what the detector finds, for the checks of malignant load."""

from drivers.reading import Reading
from meter.malignant.judge import threshold
from meter.malignant.steps import Steps

VOLTS = 230


def sense(reading, load, gives="vi"):
    """Make `reading` that of a load (P in W, N^2, V or 230). gives: v, i, p (power factor).

    The power is never the same twice: a part that gives the same values has not measured anew.
    """
    w, n2 = load[:2]
    volts = load[2] if len(load) > 2 else VOLTS
    s_x100 = isqrt_big((w * w + n2) * 10000)
    reading.clear()
    reading.w_x10 = 10 * w + (reading.number & 1)
    if "v" in gives:
        reading.mv = 1000 * volts
    if "i" in gives:
        reading.ma = s_x100 * 10 // volts
    if "p" in gives:
        reading.pf_x1000 = 100000 * w // s_x100 if s_x100 else 1000
    reading.changed()
    return reading


def isqrt_big(value):
    """Return the integer square root of any integer."""
    root = value
    while root * root > value:
        root = (root + value // root) // 2
    return root


IDLE = (100, 10000)


def on(before, watts, n2=0):
    """Return the load `before` and a resistance."""
    return before[0] + watts, before[1] + n2


def run(loads, ms=500, gives="vi", low_w=180, steps=None):
    """Return what the detector found for these loads, one a sample; None is a missing one."""
    steps = steps or Steps(low_w, threshold(990))
    reading = Reading()
    found = []
    for load in loads:
        if load is None:
            reading.clear()
        elif load != "again":
            sense(reading, load, gives)
        kind = steps.sample(ms, reading)
        if kind:
            found.append((kind, (steps.step_x10 + 5) // 10))
    return found


def part(before, after, tenths):
    """Return the sample of which `tenths` are after the step: P and I^2 have the same part."""
    w = (before[0] * (10 - tenths) + after[0] * tenths) // 10
    s2 = [one[0] * one[0] + one[1] for one in (before, after)]
    return w, max(0, (s2[0] * (10 - tenths) + s2[1] * tenths) // 10 - w * w)


def switched(before, after, tenths=4, count=8):
    return [before] * 6 + [part(before, after, tenths)] + [after] * count
