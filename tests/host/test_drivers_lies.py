"""Metering parts that answer well-formed nonsense: each driver, each lie, one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from metering_kit import Load
from metering_rigs import RIGS, go, values
from test_drivers_hlw8012 import made

from drivers.limits import LIMITS
from drivers.reading import IMPLAUSIBLE, OK, STUCK
from drivers.s0_meter import S0Meter

WATTS = 1000
STEADY = Load([(0, WATTS)])


@dataclass(frozen=True)
class Lie:
    """tell: makes a chip lie from now on. fault: what the reading has after `seconds`."""

    tell: Callable[[Any], None]
    fault: int = IMPLAUSIBLE
    seconds: int = 20


def raw(**values):
    return Lie(lambda chip: chip.raw.update(values))


def registers(*pairs):
    return Lie(lambda chip: chip.raw.update(pairs))


def pzem(volts=2300, amperes=4347, watts=10 * WATTS, energy=None, hertz=500):
    def tell(chip):
        counts = chip.counts
        chip.values = lambda: (
            volts + chip.still(),
            amperes,
            watts,
            counts() if energy is None else energy(chip),
            hertz,
            100,
        )

    return tell


def replaced(name, make):
    """Return what replaces a chip's method `name` by `make(method, chip)`."""

    def tell(chip):
        method = getattr(chip, name)
        setattr(chip, name, make(method, chip))

    return tell


def kept(name):
    """Return what makes a method answer as it does now, for ever."""

    def make(method, _chip):
        answer = method()
        return lambda: answer

    return replaced(name, make)


def racing(name, per_s, modulus=1 << 60):
    """Return what adds counts to a method's in each second."""

    def make(method, chip):
        since = chip.now
        return lambda: (method() + per_s * (chip.now - since) // 1000) % modulus

    return replaced(name, make)


FROZEN = 330  # s: more than five minutes
LIES = {
    "pzem004t": {
        "volts": Lie(pzem(volts=6000)),
        "amperes": Lie(pzem(amperes=200_000)),
        "watts": Lie(pzem(watts=400_000)),
        "more power than volts and amperes": Lie(pzem(amperes=0)),
        "hertz": Lie(pzem(hertz=0)),
        "all ones": Lie(pzem(0xFFFE, 0xFFFFFF, 0xFFFFFF, lambda _: 0xFFFFFF, 0xFFFF)),
        "energy stands": Lie(kept("counts"), STUCK, 60),
        "energy races": Lie(racing("counts", 7)),
        "energy leaps": Lie(racing("counts", 5000), STUCK, 60),
        "frozen": Lie(kept("values"), STUCK, 60),
    },
    "bl0942": {
        "volts": raw(voltage=0xFFFFFF),
        "amperes": raw(current=0xFFFFFF),
        "watts": raw(power=0x7FFFFF),
        "more power than volts and amperes": raw(current=0),
        "hertz": raw(period=0xFFFF),
        "all ones": raw(voltage=-1, current=-1, power=-1, period=0xFFFF, energy=-1),
        "energy stands": Lie(kept("counts"), STUCK, 60),
        "energy races": Lie(racing("counts", 11), seconds=60),
        "energy leaps": Lie(racing("counts", 5000), STUCK, 60),
        "frozen": Lie(kept("_packet"), STUCK, 60),
    },
    "cse7766": {
        "volts": raw(v=1),
        "amperes": raw(i=1),
        "watts": raw(p=1),
        "more power than volts and amperes": raw(i=0xFFFF),
        "energy stands": Lie(kept("counts"), STUCK, 60),
        "energy races": Lie(racing("counts", 2300, 1 << 16), seconds=60),
        "frozen": Lie(kept("frame"), STUCK, 60),
    },
    "atm90e26": {
        "volts": registers((0x49, 0xFFFF)),
        "amperes": registers((0x48, 0xFFFF)),
        "neutral amperes": registers((0x68, 0xFFFF)),
        "watts": registers((0x4A, 0x7FFF)),
        "more power than volts and amperes": registers((0x48, 0)),
        "hertz": registers((0x4C, 0)),
        "all ones": registers(*((register, 0xFFFF) for register in range(0x48, 0x6F))),
        "energy stands": Lie(replaced("_accumulate", lambda *_: lambda: None), STUCK, 60),
        "frozen": Lie(kept("_measured"), STUCK, FROZEN),
    },
    "ade7953": {
        "volts": registers((0x31C, 0xFFFFFF)),
        "amperes": registers((0x31A, 0xFFFFFF)),
        "neutral amperes": registers((0x31B, 0xFFFFFF)),
        "watts": registers((0x312, 0x7FFFFFFF)),
        "more power than volts and amperes": registers((0x31A, 0)),
        "hertz": registers((0x10E, 0xFFFF)),
        "energy stands": Lie(kept("_net"), STUCK, 60),
        "energy races": Lie(racing("_net", 20_000_000), seconds=60),  # mJ: 20 kW
        "frozen": Lie(kept("_measured"), STUCK, FROZEN),
    },
}
ALL = [(name, lie) for name, lies in LIES.items() for lie in lies]
LASTING_MS = 200_000


def end(chip):
    """End all lies."""
    chip.raw = {}
    for name in ("values", "counts", "_packet", "frame", "_measured", "_accumulate", "_net"):
        chip.__dict__.pop(name, None)


def most_wh(name):
    """Return what a lie may cost before it is found: the greatest power for some seconds."""
    return LIMITS[name][1] * 12 / 3600


@pytest.mark.parametrize(("name", "lie"), ALL)
def test_a_lasting_lie_is_a_fault_and_is_not_charged(name, lie):
    driver, chip = RIGS[name].make(STEADY)
    per_wh = driver.PULSES_PER_KWH / 1000
    go(driver, chip, 30)
    assert driver.reading.fault == OK
    told = LIES[name][lie]
    told.tell(chip)
    go(driver, chip, told.seconds)
    assert driver.reading.fault == told.fault
    assert values(driver) == (None,) * 5 and driver.reading.neutral_ma is None
    go(driver, chip, 120)
    assert driver.reading.fault == told.fault
    flowed = WATTS * chip.now / 3_600_000
    taken = (driver.take(1 << 29) - driver.take_export()) / per_wh
    assert taken <= flowed + most_wh(name), (taken, flowed)
    end(chip)
    go(driver, chip, LASTING_MS / 1000)
    assert driver.reading.fault == OK and driver.reading.w_x10 is not None
    taken += driver.take(1 << 29) / per_wh
    assert taken <= WATTS * chip.now / 3_600_000 + most_wh(name)
    before = taken
    go(driver, chip, 72)
    assert abs(driver.take(1 << 29) / per_wh - 20) <= 2, before


@pytest.mark.parametrize(("name", "lie"), [(name, lie) for name, lie in ALL if "a" in lie[:4]])
def test_one_false_answer_is_no_fault_and_changes_nothing(name, lie):
    driver, chip = RIGS[name].make(STEADY)
    go(driver, chip, 30)
    before = values(driver)
    driver.take(1 << 29)
    LIES[name][lie].tell(chip)
    for _ in range(100):
        go(driver, chip, 0.02)
        if driver._lies:
            break
    end(chip)
    assert driver._lies
    for _ in range(20):
        go(driver, chip, 1)
        assert driver.reading.fault == OK
        found = values(driver)
        assert found[1:3] == before[1:3]
    wh = driver.take(1 << 29) * 1000 / driver.PULSES_PER_KWH
    assert 3 <= wh <= 8  # 22 s of 1000 W, and what a clearing register had


@pytest.mark.parametrize("name", LIES)
def test_a_part_that_lies_in_every_second_answer_is_at_fault(name):
    driver, chip = RIGS[name].make(STEADY)
    go(driver, chip, 10)
    for _ in range(30):
        LIES[name]["amperes"].tell(chip)
        heard = driver._lies
        for _ in range(100):
            go(driver, chip, 0.02)
            if driver._lies > heard or driver.reading.fault:
                break
        end(chip)
        number = driver._lies
        for _ in range(100):
            go(driver, chip, 0.02)
            if driver._lies < number or driver.reading.fault:
                break
        if driver.reading.fault:
            break
    assert driver.reading.fault == IMPLAUSIBLE


@pytest.mark.parametrize("name", [name for name in LIES if LIMITS[name][2]])
def test_answers_that_are_frozen_without_load(name):
    driver, chip = RIGS[name].make(Load([(0, 0)]))
    go(driver, chip, 400)
    assert driver.reading.fault == OK
    LIES[name]["frozen"].tell(chip)
    go(driver, chip, FROZEN)
    assert driver.reading.fault == STUCK and driver.reading.w_x10 is None
    end(chip)
    go(driver, chip, 20)
    assert driver.reading.fault == OK and driver.reading.w_x10 == 0


def test_pulses_of_a_chip_that_cannot_be():
    for tell, fault in (
        (lambda chip: setattr(chip, "mains", 900), IMPLAUSIBLE),
        (kept("cf"), STUCK),
    ):
        driver, chip = made("bl0937", Load([(0, 2000)]))
        driver._cf.value = lambda chip=chip: chip.cf()
        hlw_go(driver, chip, 30)
        assert driver.reading.fault == OK
        tell(chip)
        hlw_go(driver, chip, 60)
        assert driver.reading.fault == fault and driver.reading.w_x10 is None
        chip.mains = 230
        chip.__dict__.pop("cf", None)
        hlw_go(driver, chip, 30)
        assert driver.reading.fault == OK


def test_noise_on_the_pulses_of_a_chip_is_not_charged():
    driver, chip = made("hlw8012", Load([(0, 0)]))
    hlw_go(driver, chip, 30)
    for _ in range(30 * 50):
        chip.disturbed += 1000  # 50 kHz: half a megawatt
        hlw_go(driver, chip, 0.02)
    assert driver.reading.fault == IMPLAUSIBLE
    assert driver.take(1 << 29) / 10 <= most_wh("hlw8012")


def hlw_go(driver, chip, seconds):
    for _ in range(round(seconds * 50)):
        chip.advance(20)
        driver.elapsed(20)


def test_noise_on_an_s0_line_is_not_charged_and_a_burst_is_no_fault():
    count = [0]

    class Counter:
        def value(self):
            return count[0]

    meter = S0Meter(Counter())
    count[0] += 1 << 30
    meter.elapsed(20)
    assert meter.take(1 << 30) == 0 and meter.reading.fault == OK
    for _ in range(1000):
        count[0] += 40
        meter.elapsed(20)
    assert meter.reading.fault == IMPLAUSIBLE and meter.reading.w_x10 is None
    assert meter.take(1 << 30) <= LIMITS["s0"][1] * 10 / 3600 + 40
    for _ in range(500):
        meter.elapsed(20)
    assert meter.reading.fault == OK
    count[0] += 3
    meter.elapsed(20)
    assert meter.take(1 << 30) == 3
