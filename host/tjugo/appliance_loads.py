"""What kinds of appliances take from the mains, for the bench and for random days of appliances.

A load is a resistive power R (varies as the square of the voltage), a constant power C of
electronics and motors, a reactive power Q that lags if it is positive, and odd harmonics H. P is
R + C, and the apparent power is the root of the sum of the squares of P, Q and H.
"""

import math
from typing import NamedTuple


class Load(NamedTuple):
    """R and C in W, Q in var, H in VA, at 230 V."""

    resistive: float = 0
    constant: float = 0
    reactive: float = 0
    harmonic: float = 0


def resistance(watts: float) -> Load:
    """Return the load of a resistance: a heater, or a filament lamp."""
    return Load(resistive=watts)


def electronic(watts: float, pf: float) -> Load:
    """Return the load of a rectifier: half of what is not active is harmonics, the rest leads."""
    other = watts * math.tan(math.acos(pf))
    return Load(constant=watts, reactive=-0.6 * other, harmonic=0.8 * other)


def motor(watts: float, pf: float) -> Load:
    """Return the load of a motor that has started."""
    return Load(constant=watts, reactive=watts * math.tan(math.acos(pf)))


def transformer(watts: float, pf: float) -> Load:
    """Return the load of a microwave oven with a transformer."""
    other = watts * math.tan(math.acos(pf))
    return Load(constant=watts, reactive=0.3 * other, harmonic=0.95 * other)


def dimmed(watts: float, pf: float) -> Load:
    """Return the load of filament lamps behind a dimmer that cuts each half wave."""
    other = watts * math.tan(math.acos(pf))
    return Load(resistive=watts, reactive=0.6 * other, harmonic=0.8 * other)
