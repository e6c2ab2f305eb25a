"""Gains, power factors and the exact fractions of the metering drivers."""

from fractions import Fraction

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from metering_bus_chips import Ade, Atm
from metering_rigs import EXPORT, STEADY, go, near, values
from metering_uart_chips import Bl, Cse, Pzem

from drivers.ade7953 import Ade7953
from drivers.atm90e26 import Atm90e26
from drivers.bl0942 import Bl0942
from drivers.cse7766 import Cse7766
from drivers.part import power_factor
from drivers.pzem004t import Pzem004t
from drivers.ratio import Ratio


@pytest.mark.parametrize(("name", "chip"), [("pzem004t", Pzem), ("bl0942", Bl), ("cse7766", Cse)])
def test_gains_apply_to_each_value_and_power_to_energy(name, chip):
    make = {"pzem004t": Pzem004t, "bl0942": Bl0942, "cse7766": Cse7766}[name]
    gains = (1_100_000, 900_000, 2_000_000)
    plain, scaled = chip(STEADY), chip(STEADY)
    drivers = make(plain.line), make(scaled.line, gains)
    for _ in range(50 * 400):
        for fake, driver in zip((plain, scaled), drivers, strict=True):
            fake.advance(20)
            driver.elapsed(20)
    one, other = (values(driver) for driver in drivers)
    assert near(other[:3], (one[0] * 11 // 10, one[1] * 9 // 10, one[2] * 2))
    taken = [driver.take(1 << 20) for driver in drivers]
    assert abs(taken[1] - 2 * taken[0]) <= 2


def test_gains_of_the_chips_on_a_bus():
    gains = (1_100_000, 900_000, 2_000_000)
    atm, ade = Atm(EXPORT), Ade(EXPORT)
    for chip, driver in ((atm, Atm90e26(atm, atm.select, gains)), (ade, Ade7953(ade, gains))):
        go(driver, chip, 100)
        assert near(values(driver)[:3], (253_000, 3_912, -20_000))
        assert abs(driver.reading.neutral_ma - driver.reading.ma) <= 6
        assert abs(driver.take_export() - 2 * 10_000 * 98 // 3600) <= 20


def test_gains_that_are_no_numbers_above_0_are_refused():
    for gains in ((0, 1, 1), (1, -5, 1), (1, 1, 0)):
        with pytest.raises(ValueError):
            Bl0942(Bl(STEADY).line, gains)


def test_power_factor():
    for w_x10, mv, ma, expected in (
        (10_000, 230_000, 4_347, 1000),
        (-5_000, 230_000, 4_347, 500),
        (50, 230_000, 50, 434),
        (10, 230_000, 20, None),  # 4.6 VA
        (0, 0, 0, None),
        (115_000, 230_000, 100_000, 500),
        (500_000, 999_000, 99_999, 500),
        (999_999, 999_999, 999_999, 100),
    ):
        found = power_factor(w_x10, mv, ma)
        assert found == expected or abs(found - expected) <= 1, (w_x10, mv, ma, found)


@settings(max_examples=examples(60))
@given(
    st.integers(1, 1 << 40),
    st.integers(1, 1 << 40),
    st.lists(st.integers(0, (1 << 29) - 1), max_size=8),
)
def test_ratio_adds_exactly(numerator, denominator, added):
    true = Fraction(numerator, denominator)
    if not Fraction(1, 1 << 27) < true < 1 << 27:
        return
    ratio = Ratio(numerator, denominator)
    used = Fraction(ratio.numerator, ratio.denominator)
    assert abs(used - true) <= true / (1 << 27)
    total = sum(ratio.add(value) for value in added)
    assert total == int(used * sum(added))
    assert [ratio.of(value) for value in added] == [int(used * value) for value in added]
