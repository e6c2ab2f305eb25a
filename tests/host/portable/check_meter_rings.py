"""The places of the load profile in the store: found again, whatever the power does."""

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from profile_rig import FILE_DAYS, HALF_HOUR, RINGS, START, Cuts, Large, Rig
from profile_rig import POWER_FAILED as POWER

from meter import events, profile

FIRST = START // HALF_HOUR


def test_the_profile_has_35_days_and_goes_on_after_a_start():
    rig = Rig()
    for number in range(1700):
        rig.run(HALF_HOUR, number % 7)
        if number % 500 == 499:
            rig.start()
    number = 1700
    for interval, _, wh in rig.newest_first():
        number -= 1
        assert (interval, wh) == (FIRST + number, number % 7)
    assert number == 20
    return len(rig.freezes(FILE_DAYS))


def test_the_rings_do_not_overlap_and_fit_into_a_fram():
    end = events.START
    for _, start, places, form in RINGS:
        assert start >= end
        end = start + places * (_size(form) + 4)
    assert end == profile.END <= 32767


def _size(form):
    return {">IIBBH": 12, ">IIH": 10, ">IIiIHH": 20}[form]


def test_a_lost_ledger_does_not_take_the_entries_with_it():
    memory = Large()
    rig = Rig(memory)
    for wh in (1, 2, 3):
        rig.run(HALF_HOUR, wh)
    before = rig.profile()
    memory.put(0, bytes(2048))
    again = Rig(memory, rig.unix)
    again.run(HALF_HOUR, 4)
    assert again.profile() == before + [(FIRST + 3, POWER, 4)]


def test_a_memory_that_fails_does_not_stop_the_meter():
    memory = Large()
    rig = Rig(memory, pulses_per_kwh=1000)
    rig.run(HALF_HOUR, 5)
    memory.broken = True
    rig.run(HALF_HOUR, 6)
    memory.broken = False
    assert rig.meter.ledger.failing and not rig.meter.ledger.fault
    rig.start()
    assert not rig.meter.ledger.failing
    assert rig.profile()[0] == (FIRST, POWER, 5)
    total = sum([row[2] for row in rig.profile()])
    assert total <= rig.meter.account.energy_wh


def test_power_cuts_lose_and_invent_no_entry():
    cuts = Cuts(8)
    cuts.try_all(41)
    assert cuts.faults == []
    return cuts.points
