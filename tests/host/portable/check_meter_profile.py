"""The load profile: nothing is lost or invented, whatever clock and power do."""

from heap_rig import without_heap
from meter_rig import meter
from profile_rig import CLOCK_SET as CLOCK
from profile_rig import HALF_HOUR, NO_TIME, OVERFLOW, START, Large, Rig
from profile_rig import POWER_FAILED as POWER

FIRST = START // HALF_HOUR


def test_each_half_hour_has_its_energy_and_its_time():
    rig = Rig()
    for wh in (100, 0, 250):
        rig.run(HALF_HOUR, wh)
    assert rig.profile() == [(FIRST, POWER, 100), (FIRST + 1, 0, 0), (FIRST + 2, 0, 250)]


def test_intervals_are_those_of_utc_whenever_the_meter_starts():
    rig = Rig(unix=START + 700)
    rig.run(1099, 10)
    assert rig.profile() == []
    rig.run(1, 5)
    rig.run(HALF_HOUR - 1, 20)
    assert rig.profile() == [(FIRST, POWER, 15)]
    rig.run(1)
    assert rig.profile() == [(FIRST, POWER, 15), (FIRST + 1, 0, 20)]


def test_without_a_clock_an_entry_has_no_time_and_is_not_lost():
    rig = Rig(unix=None)
    rig.run(HALF_HOUR, 40)
    rig.run(HALF_HOUR, 0)
    rig.run(600, 7)
    rig.unix = START
    rig.meter.profile.clock_set()
    rig.run(1)
    rig.run(HALF_HOUR, 9)
    assert rig.profile() == [
        (0, POWER | NO_TIME, 40),
        (0, NO_TIME, 0),  # a whole one: nothing was used in half an hour
        (0, CLOCK | NO_TIME, 7),
        (FIRST, CLOCK, 9),
    ]


def test_a_short_time_without_clock_and_energy_leaves_no_entry():
    rig = Rig(unix=None)
    rig.unix = START
    rig.meter.profile.clock_set()
    rig.run(1)
    rig.run(HALF_HOUR, 9)
    assert rig.profile() == [(FIRST, CLOCK, 9)]


def test_a_clock_that_is_set_splits_the_interval():
    rig = Rig()
    rig.run(HALF_HOUR, 5)
    rig.run(600, 6)
    rig.unix += 7200  # forward
    rig.meter.profile.clock_set()
    rig.run(1)
    rig.run(HALF_HOUR, 7)
    rig.unix -= 10 * HALF_HOUR  # back
    rig.meter.profile.clock_set()
    rig.run(1)
    rig.run(HALF_HOUR, 8)
    rig.run(HALF_HOUR, 9)
    found = rig.profile()
    assert found[:3] == [(FIRST, POWER, 5), (FIRST + 1, CLOCK, 6), (FIRST + 5, CLOCK, 7)]
    assert found[3:] == [
        (FIRST + 6, CLOCK, 0),
        (FIRST - 4, CLOCK, 8),
        (FIRST - 3, 0, 9),
    ]


def test_a_clock_that_moved_unseen_is_flagged_at_the_end_of_the_interval():
    rig = Rig()
    rig.run(HALF_HOUR, 5)
    rig.unix += 3 * HALF_HOUR
    rig.run(HALF_HOUR, 6)
    rig.run(HALF_HOUR, 7)
    found = rig.profile()
    assert found == [(FIRST, POWER, 5), (FIRST + 1, CLOCK, 6), (FIRST + 5, CLOCK, 7)]


def test_a_slow_clock_gives_no_second_entry():
    rig = Rig()
    rig.unix -= 3  # it was three seconds fast
    rig.run(HALF_HOUR, 5)
    assert rig.profile() == []
    rig.run(3, 1)
    assert rig.profile() == [(FIRST, POWER, 6)]


def test_a_power_failure_in_an_interval_is_flagged_and_its_energy_kept():
    rig = Rig()
    rig.run(HALF_HOUR, 5)
    rig.run(600, 20)
    rig.start()
    rig.run(1200, 10)
    assert rig.profile()[1:] == [(FIRST + 1, POWER, 30)]
    rig.run(600, 20)
    rig.unix += 5 * HALF_HOUR
    rig.start()
    rig.run(1200, 1)
    assert rig.profile()[2:] == [(FIRST + 2, POWER, 20), (FIRST + 7, POWER, 1)]


def test_after_a_power_failure_the_time_may_be_unknown_for_a_while():
    rig = Rig()
    rig.run(HALF_HOUR, 5)
    rig.run(600, 20)
    rig.unix = None
    rig.start()
    rig.run(60, 3)
    rig.unix = START + HALF_HOUR + 700
    rig.meter.profile.clock_set()
    rig.run(0)
    rig.run(1100, 10)
    assert rig.profile()[1:] == [
        (FIRST + 1, POWER, 20),
        (0, POWER | CLOCK | NO_TIME, 3),
        (FIRST + 1, CLOCK, 10),
    ]


def test_more_energy_than_an_entry_holds_is_flagged():
    rig = Rig()
    for _ in range(70):
        rig.meter.pulses(1000)
    rig.run(HALF_HOUR)
    assert rig.profile() == [(FIRST, POWER | OVERFLOW, 65535)]


def test_a_lost_ledger_has_no_profile():
    memory = Large()
    Rig(memory).run(HALF_HOUR, 5)
    memory.put(600, b"damaged")
    memory.put(1100, b"damaged")
    rig = Rig(memory)
    assert rig.meter.ledger.fault
    writes = memory.writes
    rig.run(HALF_HOUR, 5)
    assert memory.writes == writes


def test_nothing_is_allocated_until_an_interval_ends():
    rig = Rig()
    tick = rig.meter.profile.tick
    without_heap(lambda: tick(20, 20), 1000)


def test_the_ledger_of_a_meter_without_profile_is_taken_over():
    rig = Rig()
    rig.memory = Large()
    del rig.settings["profile"]
    rig.start()
    rig.meter.pulses(500)
    rig.meter.elapsed(1, 1)
    rig.settings["profile"] = 1
    rig.start()
    rig.run(HALF_HOUR, 20)
    assert rig.meter.account.energy_wh == 520
    assert rig.profile() == [(FIRST, POWER, 20)]


# Version 1 of record 16, with the bytes of the first release.
_RECORD_1 = bytes.fromhex("11011600000007000f3a5c00f1000f3a5d0000270f51155114")


def test_the_stored_record_is_read_by_later_versions():
    device = Rig().meter
    device.profile._unpack(_RECORD_1[3:], 1)
    buf = bytearray(22)
    assert device.profile._pack(buf, 0) == 22 and bytes(buf) == _RECORD_1[3:]
    assert device.profile.sequence == 7
    row = device.profile.records[0]
    assert (row[0], row[1], len(buf)) == tuple(_RECORD_1[:3])


def test_only_a_meter_with_the_setting_has_a_profile():
    assert not hasattr(meter(), "profile")
    assert meter(Large(), profile=0).settings.wrong == "profile"
