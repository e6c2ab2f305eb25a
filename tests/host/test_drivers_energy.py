"""The energy of each metering driver against a fake chip: a day with faults, and random faults."""

import itertools
import random

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from metering_kit import HOUR_MS, MJ_PER_KWH, Fault, Load, day_of_load, run
from metering_rigs import RIGS, Rig, chained, unit_mj

REST_MS = 5_000  # at the end, without load: the chip's last counts are read and confirmed
STEP_MS = {"cse7766": 60}  # its frames cannot be counted every 100 ms
# Instead of 24, which take up to a minute and are `long`.
HOURS = {"cse7766": 1, "atm90e26": 2, "bl0942": 4, "pzem004t": 6, "ade7953": 6}


def check(rig: Rig, driver, chip, faults, outcome) -> None:
    """Check the counts at the end; `run` has checked that they never are too many."""
    constant = driver.PULSES_PER_KWH
    lost = (rig.loss(chip.load, faults) + unit_mj(rig, driver)) * constant
    counted = [outcome.imported * MJ_PER_KWH, outcome.exported * MJ_PER_KWH]
    true = [outcome.true_import * MJ_PER_KWH, outcome.true_export * MJ_PER_KWH]
    assert sum(counted) >= sum(true) - lost - 2 * netted(rig, chip) * constant
    slack = rig.slack(chip.load, faults)(chip.now)
    for way in (0, 1) if rig.export else (0,):
        assert counted[way] >= true[way] - lost - (slack + netted(rig, chip)) * constant
    if not rig.export:
        assert outcome.exported == 0


def netted(rig: Rig, chip) -> int:
    """Return the mJ of each direction that an ADE7953 may net within its intervals."""
    if rig is not RIGS["ade7953"]:
        return 0
    changes = 0
    for (_, before), (_, after) in itertools.pairwise(chip.load.steps):
        if before * after < 0:
            changes += min(abs(before), abs(after)) * 2_000
    return changes + netted_in_faults(chip)


def netted_in_faults(chip) -> int:
    """Return the mJ of the lesser direction while an ADE7953 could not be read."""
    total = 0
    for start, stop in {chained(fault, chip.faults) for fault in chip.faults}:
        begin, end = chip.load.energy(max(0, start - 2_000)), chip.load.energy(stop + 2_000)
        total += min(end[0] - begin[0], end[1] - begin[1])
    return total


def faults_of_a_day(kinds: tuple[str, ...], ms: int, seed: int) -> list[Fault]:
    """Return faults of every kind, each three times, for up to four minutes, one after another."""
    chance = random.Random(seed)
    plan = [kind for kind in kinds for _ in range(3)]
    chance.shuffle(plan)
    room = ms // len(plan)
    return [
        Fault(
            room * number + chance.randrange(room // 3),
            chance.choice((700, 5_000, min(240_000, room // 3))),
            kind,
        )
        for number, kind in enumerate(plan)
    ]


@pytest.mark.parametrize("name", RIGS)
def test_hours_without_faults(name):
    rig = RIGS[name]
    hours = 2
    load = day_of_load(7, rig.export, hours * HOUR_MS)
    driver, chip = rig.make(load)
    ms = hours * HOUR_MS + REST_MS
    outcome = run(driver, chip, ms, STEP_MS.get(name, 100), rig.slack(load, ()))
    assert outcome.true_import > driver.PULSES_PER_KWH
    assert not rig.export or outcome.exported > driver.PULSES_PER_KWH // 2
    assert outcome.unknown_ms <= 11_000
    check(rig, driver, chip, (), outcome)


@pytest.mark.parametrize("name", RIGS)
def test_a_day_with_every_fault(name):
    day_with_faults(name, HOURS.get(name, 24))


@pytest.mark.long
@pytest.mark.parametrize("name", HOURS)
def test_a_whole_day_with_every_fault(name):
    day_with_faults(name, 24)


def day_with_faults(name: str, hours: int) -> None:
    rig = RIGS[name]
    load = day_of_load(11, rig.export, hours * HOUR_MS)
    faults = faults_of_a_day(rig.faults, hours * HOUR_MS, 3)
    driver, chip = rig.make(load, faults, 5)
    ms = hours * HOUR_MS + REST_MS
    outcome = run(driver, chip, ms, STEP_MS.get(name, 100), rig.slack(load, faults))
    dark = sum(max(0, fault.ms - 5_000) for fault in faults if fault.kind in ("silent", "cut"))
    assert outcome.unknown_ms >= dark > 0
    assert driver.reading.fault == 0
    check(rig, driver, chip, faults, outcome)


def loads(export: bool, seconds: int) -> st.SearchStrategy:
    least = -8_000 if export else 0
    steps = st.lists(
        st.tuples(st.integers(5_000, seconds * 1000), st.integers(least, 8_000)), max_size=12
    )

    def make(pairs):
        by_time = {5_000: 100, **dict(sorted(pairs)), 0: 0, seconds * 1000: 0}
        return Load(sorted(by_time.items()))

    return steps.map(make)


def fault_lists(kinds: tuple[str, ...], seconds: int) -> st.SearchStrategy:
    fault = st.builds(
        Fault,
        st.integers(5_000, seconds * 1000),  # a driver counts from its first answers
        st.one_of(st.integers(20, 3_000), st.integers(20, 150_000)),
        st.sampled_from(kinds),
    )
    return st.lists(fault, max_size=5)


SECONDS = 240


@pytest.mark.parametrize("name", RIGS)
def test_random_faults_invent_nothing_and_lose_no_more_than_is_written(name):
    rig = RIGS[name]

    @settings(max_examples=examples(12), deadline=None)
    @given(
        loads(rig.export, SECONDS),
        fault_lists(rig.faults, SECONDS),
        st.integers(0, 1 << 30),
    )
    def prove(load, faults, seed):
        driver, chip = rig.make(load, faults, seed)
        end = max([SECONDS * 1000, *(fault.end for fault in faults)])
        outcome = run(driver, chip, end + REST_MS, 20, rig.slack(load, faults))
        check(rig, driver, chip, faults, outcome)

    prove()
