"""The readings of the metering drivers: values, extremes, faults, restarts, gains."""

import pytest
from metering_bus_chips import Ade, Atm
from metering_kit import Fault, Load
from metering_rigs import EXPORT, RIGS, STEADY, go, near, started, values
from metering_uart_chips import Bl, Cse, Pzem

from drivers.ade7953 import Ade7953
from drivers.atm90e26 import Atm90e26
from drivers.bl0942 import Bl0942
from drivers.pzem004t import Pzem004t
from drivers.reading import DAMAGED, IMPLAUSIBLE, OK, SILENT, WRONG


@pytest.mark.parametrize("name", RIGS)
def test_a_steady_load_is_read(name):
    driver, _ = started(name)
    hertz = None if name == "cse7766" else 5000
    assert driver.reading.fault == OK
    factor = 998 if name == "atm90e26" else 1000
    assert near(values(driver), (230_000, 4_347, 10_000, factor, hertz)), values(driver)


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
    assert driver.reading.fault == OK and driver.reading.mv in (230_000, 230_100)
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
            {"current": 11_000_000, "voltage": 7_000_000, "power": -7_000_000, "period": 24_000},
            (440_990, 43_787, -117_450, 608, 4166),
        ),
        ({"current": most, "voltage": most, "power": -0x800000, "period": 0xFFFF}, (None,) * 5),
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
    chip.raw = {"i": 0xFFFFFF}
    go(driver, chip, 1)
    assert (driver.reading.ma, driver.reading.fault) == (None, OK)  # below 50 mA
    chip.raw = {"v": 0}
    go(driver, chip, 1)
    assert (driver.reading.mv, driver.reading.fault) == (None, IMPLAUSIBLE)


def test_cse7766_coefficients_do_not_change_by_one_frame():
    driver, chip = started("cse7766")
    chip.raw = {"pc": 2 * Cse.POWER}
    go(driver, chip, 0.06)
    chip.raw = {}
    go(driver, chip, 1)
    assert near((driver.reading.w_x10,), (10_000,))
    chip.raw = {"pc": Cse.POWER * 6 // 5}
    go(driver, chip, 2)
    assert near((driver.reading.w_x10,), (12_000,))


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
