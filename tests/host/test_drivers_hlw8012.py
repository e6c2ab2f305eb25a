"""HLW8012 and BL0937: pulses at CF and CF1 from their data sheets' formulas, for a day."""

from fractions import Fraction

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from metering_kit import HOUR_MS, Chip, Load, day_of_load, run

from drivers.hlw8012 import BL0937, HLW8012, Hlw8012
from drivers.reading import OK, SILENT

DIVIDER, SHUNT = Fraction(2351), Fraction(1, 1000)
CLOCK = Fraction(3_579_000)
CHIPS = {
    "hlw8012": (
        HLW8012,
        Fraction("2.43") ** 2 * DIVIDER / SHUNT * 64 / 24 / CLOCK,
        Fraction("2.43") * DIVIDER * 256 / CLOCK,
        Fraction("2.43") / SHUNT * 512 / 24 / CLOCK,
    ),
    "bl0937": (
        BL0937,
        Fraction("1.218") ** 2 * DIVIDER / SHUNT / 1721506,
        Fraction("1.218") * DIVIDER / 15397,
        Fraction("1.218") / SHUNT / 94638,
    ),
}
WRAP = 1 << 32


class Pulses(Chip):
    """The chip: joules, volts and amperes of 1 Hz. CF1 is wrong for 0.9 s after SEL has moved.

    cf and cf1 are counters that start a little before their wrap.
    """

    def __init__(self, load, joules, volts, amperes):
        super().__init__(load)
        self.per_mj = 1 / (joules * 1000)
        self._pulses, self._mj = self.per_mj.numerator, self.per_mj.denominator
        self._per_volt, self._per_ampere = int(1000 / volts), int(1000 / amperes)
        self._level = None
        self._moved = 0
        self._cf1 = (WRAP - 3000) * 10**6  # in millionths of a pulse
        self.mains = 230
        self.disturbed = 0

    def select(self, level):
        assert level in (0, 1)
        self._moved = self.now
        self._level = level

    def advance(self, ms):
        super().advance(ms)
        if self.now - self._moved < 900:
            millihertz = 777_000
        elif self._level:
            millihertz = self.mains * self._per_volt
        else:
            millihertz = abs(self.watts()) * self._per_ampere // 230
        if self.mains:
            self._cf1 += millihertz * ms

    def cf(self):
        energy = sum(self.load.energy(self.now))
        return (WRAP - 500 + energy * self._pulses // self._mj + self.disturbed) % WRAP

    def cf1(self):
        return self._cf1 // 10**6 % WRAP


class Counter:
    def __init__(self, value):
        self.value = value


def made(name, load):
    constants, *units = CHIPS[name]
    chip = Pulses(load, *units)
    return Hlw8012(Counter(chip.cf), Counter(chip.cf1), chip.select, constants), chip


def go(driver, chip, seconds):
    for _ in range(seconds * 50):
        chip.advance(20)
        driver.elapsed(20)


@pytest.mark.parametrize("name", CHIPS)
def test_a_day(name):
    load = day_of_load(3, False)
    driver, chip = made(name, load)
    outcome = run(driver, chip, 24 * HOUR_MS + 1000, 200)
    unit = 1 / chip.per_mj / 360_000 + 1
    assert outcome.true_import > 10_000
    assert 0 <= outcome.true_import - outcome.imported < unit
    assert outcome.exported == 0


@pytest.mark.parametrize("name", CHIPS)
def test_values_of_a_steady_load(name):
    driver, chip = made(name, Load([(0, 1150)]))
    go(driver, chip, 1)
    assert driver.reading.w_x10 is None
    go(driver, chip, 9)
    reading = driver.reading
    assert reading.fault == OK
    assert abs(reading.mv - 230_000) < 500
    assert abs(reading.ma - 5_000) < 15
    assert abs(reading.w_x10 - 11_500) < 60
    assert reading.pf_x1000 > 985
    assert (reading.hz_x100, reading.var_x10, reading.neutral_ma) == (None, None, None)


@pytest.mark.parametrize("name", CHIPS)
def test_no_voltage_is_silence_and_the_energy_waits(name):
    driver, chip = made(name, Load([(0, 1150)]))
    go(driver, chip, 10)
    chip.mains = 0
    go(driver, chip, 9)
    assert driver.reading.fault == SILENT
    assert driver.reading.w_x10 is None and driver.reading.mv is None
    chip.mains = 230
    go(driver, chip, 9)
    assert driver.reading.fault == OK and abs(driver.reading.mv - 230_000) < 500


def test_a_counter_that_was_disturbed_counts_nothing():
    driver, chip = made("hlw8012", Load([(0, 0)]))
    go(driver, chip, 5)
    for disturbed in (5_000_000, 20, 3_000_000_000):
        chip.disturbed = disturbed
        go(driver, chip, 1)
        assert driver.take(1 << 30) == 0, disturbed


def test_gains():
    constants, *units = CHIPS["bl0937"]
    chip = Pulses(Load([(0, 1150)]), *units)
    gains = (1_100_000, 900_000, 2_000_000)
    driver = Hlw8012(Counter(chip.cf), Counter(chip.cf1), chip.select, constants, gains)
    go(driver, chip, 100)
    reading = driver.reading
    assert abs(reading.mv - 253_000) < 600
    assert abs(reading.ma - 4_500) < 15
    assert abs(reading.w_x10 - 23_000) < 120
    assert abs(driver.take(1 << 20) - 2 * 1150 * 100 // 360) <= 20


@settings(max_examples=examples(15), deadline=None)
@given(st.lists(st.integers(0, 9_000), min_size=1, max_size=20), st.sampled_from(sorted(CHIPS)))
def test_any_load_within_one_pulse(watts, name):
    load = Load([(5_000 * number, power) for number, power in enumerate([*watts, 0])])
    driver, chip = made(name, load)
    outcome = run(driver, chip, 5_000 * len(watts) + 1_000)
    assert 0 <= outcome.true_import - outcome.imported < 1 / chip.per_mj / 360_000 + 1
