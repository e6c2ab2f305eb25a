"""The readings of the metering drivers: values, extremes, faults, restarts, gains."""

from fractions import Fraction

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from metering_bus_chips import Ade, Atm
from metering_kit import Fault, Load
from metering_rigs import RIGS
from metering_uart_chips import Bl, Cse, Pzem

from drivers.ade7953 import Ade7953
from drivers.atm90e26 import Atm90e26
from drivers.bl0942 import Bl0942
from drivers.cse7766 import Cse7766
from drivers.part import power_factor
from drivers.pzem004t import Pzem004t
from drivers.ratio import Ratio
from drivers.reading import DAMAGED, OK, SILENT, WRONG

STEADY = Load([(0, 1000)])
EXPORT = Load([(0, -1000)])


def go(driver, chip, seconds: float) -> None:
    for _ in range(int(seconds * 50)):
        chip.advance(20)
        driver.elapsed(20)


def values(driver) -> tuple:
    reading = driver.reading
    return reading.mv, reading.ma, reading.w_x10, reading.pf_x1000, reading.hz_x100


def started(name, load=STEADY, faults=()):
    driver, chip = RIGS[name].make(load, faults)
    go(driver, chip, 6)
    return driver, chip


def near(found, expected) -> bool:
    return all(
        (a is None) == (b is None) and (a is None or abs(a - b) <= max(2, abs(b) // 500))
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("name", RIGS)
def test_a_steady_load_is_read(name):
    driver, _ = started(name)
    hertz = None if name == "cse7766" else 5000
    assert driver.reading.fault == OK
    factor = 998 if name == "atm90e26" else 1000
    assert near(values(driver), (230_000, 4_347, 10_000, factor, hertz)), values(driver)


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


@pytest.mark.parametrize("name", [name for name in RIGS if RIGS[name].export])
def test_export_is_negative_power(name):
    driver, chip = started(name, EXPORT)
    assert near((driver.reading.w_x10,), (-10_000,))
    assert 0 <= driver.reading.pf_x1000 <= 1000
    go(driver, chip, 100)
    assert driver.take(1 << 20) == 0
    assert abs(driver.take_export() - 10_000 * 104 // 3600) <= 12


@pytest.mark.parametrize("name", RIGS)
def test_the_reading_is_one_object_that_counts_its_measurements(name):
    driver, chip = started(name)
    kept, before = driver.reading, driver.reading.number
    go(driver, chip, 3)
    assert driver.reading is kept
    assert 2 <= kept.number - before <= 60


@pytest.mark.parametrize("name", RIGS)
def test_a_chip_that_stops_answering_is_unknown_within_4_seconds_and_comes_back(name):
    driver, chip = started(name, STEADY, [Fault(10_000, 30_000, "silent")])
    go(driver, chip, 4)
    assert driver.reading.fault == OK
    go(driver, chip, 4)
    assert driver.reading.fault == SILENT
    assert values(driver) == (None,) * 5 and driver.reading.neutral_ma is None
    go(driver, chip, 32)
    assert driver.reading.fault == OK
    assert near(values(driver)[:3], (230_000, 4_347, 10_000))


@pytest.mark.parametrize("name", ["pzem004t", "bl0942", "cse7766"])
@pytest.mark.parametrize("kind", ["flip", "truncate", "noise"])
def test_damaged_answers_are_reported(name, kind):
    driver, chip = started(name, STEADY, [Fault(7_000, 30_000, kind)])
    go(driver, chip, 8)
    seen = set()
    for _ in range(20):
        go(driver, chip, 1)
        seen.add(driver.reading.fault)
        assert values(driver) == (None,) * 5 or driver.reading.fault == OK
    assert DAMAGED in seen
    go(driver, chip, 10)
    assert driver.reading.fault == OK


def test_limit_leaves_the_rest():
    driver, chip = started("bl0942", Load([(0, 7000)]))
    go(driver, chip, 100)
    first = driver.take(50)
    assert first == 50
    assert driver.take(0) == 0
    rest = driver.take(1 << 20)
    assert abs(50 + rest - 7000 * 106 * 10 // 3600) <= 40
    assert driver.take(1 << 20) == 0


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


def test_pzem_register_that_goes_back_is_a_new_start():
    driver, chip = started("pzem004t", Load([(0, 0)]))
    for wh in (5_000, 0, 9_999_000, 3):
        chip.reset_energy(wh)
        go(driver, chip, 10)
        assert driver.take(1 << 20) == 0, wh
    chip.load = Load([(0, 3600)])
    chip.reset_energy(3)
    go(driver, chip, 60)
    assert 55 <= driver.take(1 << 20) <= 60


def test_pzem_with_echo_general_address_error_and_impossible_values():
    chip = Pzem(STEADY, address=17)
    chip.echo = True
    driver = Pzem004t(chip.line)
    go(driver, chip, 3)
    assert driver.reading.fault == OK and driver.reading.mv == 230_000
    chip.error = 4
    go(driver, chip, 5)
    assert driver.reading.fault == WRONG and driver.reading.mv is None
    chip.error = 0
    chip.values = lambda: (2300, 1 << 24, 0, 5, 500, 100)
    go(driver, chip, 5)
    assert driver.reading.fault == WRONG
    del chip.values
    go(driver, chip, 2)
    assert driver.reading.fault == OK
    other = Pzem004t(chip.line, address=18)
    go(other, chip, 5)
    assert other.reading.fault == SILENT or other.reading.fault == DAMAGED


def test_bl0942_wraps_and_is_not_restarted_by_it():
    chip = Bl(Load([(0, 3600)]), first=0xFFFFF8)
    driver = Bl0942(chip.line)
    go(driver, chip, 60)
    taken = driver.take(1 << 20)
    assert chip.counts() > 0xFFFFFF
    assert 57 * 10 <= taken <= 600


def test_bl0942_extremes():
    driver, chip = started("bl0942")
    most = 0xFFFFFF
    for raw, expected in (
        ({"current": 0, "voltage": 0, "power": 0, "period": 0}, (0, 0, 0, None, None)),
        (
            {"current": most, "voltage": most, "power": -0x800000, "period": 0xFFFF},
            (1056939, 66784, -140748, 1000 * 14074 // 70587, 1525),
        ),
        ({"power": 0x7FFFFF, "period": 1}, (230_000, 4_347, 140748, 1000, 100_000_000)),
    ):
        chip.raw = raw
        go(driver, chip, 2)
        assert near(values(driver), expected), (values(driver), expected)


def test_cse7766_headers():
    driver, chip = started("cse7766")
    chip.header = 0xF2  # power out of range: none
    go(driver, chip, 1)
    assert (driver.reading.fault, driver.reading.w_x10) == (OK, 0)
    for header in (0xAA, 0xF8, 0xF4, 0xF1, 0xFF):
        chip.header = header
        go(driver, chip, 1)
        assert (driver.reading.fault, driver.reading.mv) == (WRONG, None), header
        chip.header = 0x55
        go(driver, chip, 2)
        assert driver.reading.fault == OK
    chip.raw = {"i": 0xFFFFFF, "v": 0}
    go(driver, chip, 1)
    assert (driver.reading.ma, driver.reading.mv) == (None, None)  # below 50 mA; impossible


def test_cse7766_coefficients_do_not_change_by_one_frame():
    driver, chip = started("cse7766")
    chip.raw = {"pc": 2 * Cse.POWER}
    go(driver, chip, 0.06)
    chip.raw = {}
    go(driver, chip, 1)
    assert near((driver.reading.w_x10,), (10_000,))
    chip.raw = {"pc": 2 * Cse.POWER}
    go(driver, chip, 2)
    assert near((driver.reading.w_x10,), (20_000,))


def test_atm90e26_settings_are_written_and_written_again():
    chip = Atm(STEADY, [Fault(10_000, 2_000, "cut")])
    driver = Atm90e26(chip, chip.select)
    go(driver, chip, 6)
    assert driver.reading.fault == OK and chip.registers[0x20] == 0x8765
    go(driver, chip, 12)
    assert driver.reading.fault == OK and chip.registers[0x2C] and chip.registers[0x30] == 0x8765
    chip.registers[0x23] ^= 1  # a damaged setting: its checksum is wrong now
    seen = set()
    for _ in range(50):
        go(driver, chip, 0.1)
        seen.add(driver.reading.fault)
    assert WRONG in seen and driver.reading.fault == OK and chip.registers[0x23] == 7481


def test_ade7953_settings_are_written_in_order():
    chip = Ade(STEADY)
    driver = Ade7953(chip)
    go(driver, chip, 3)
    assert (chip.registers[0x102], chip.registers[0x120]) == (0x0004, 0x0030)
    assert driver.reading.var_x10 == -10
    chip.raw = {0x31A: -1}
    go(driver, chip, 3)
    assert driver.reading.fault == DAMAGED


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
