"""The freezes of days and months."""

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from profile_rig import CLOCK_SET as CLOCK
from profile_rig import FILE_DAYS, FILE_MONTHS, HALF_HOUR, OCTOBER_29, START, Rig
from profile_rig import POWER_FAILED as POWER

from meter import profile

FIRST = START // HALF_HOUR


def test_freezes_of_days_and_months_have_the_greatest_half_hour():
    rig = Rig(unix=OCTOBER_29)
    rig.meter.account.credit = 5000000
    used = []
    for number in range(110):
        wh = 100 + number * 37 % 101
        rig.run(HALF_HOUR, wh)
        used.append(wh)
    first = OCTOBER_29 // HALF_HOUR
    days = rig.freezes(FILE_DAYS)
    assert sorted(days) == [20755, 20756, 20757]
    for day, low, high in ((20755, 0, 2), (20756, 2, 50), (20757, 50, 98)):
        most = max(used[low:high])
        energy_wh = sum(used[:high])
        interval = first + low + used[low:high].index(most)
        flags = POWER if not used[low:high].index(most) + low else 0
        found = (energy_wh, 5000000 - energy_wh, interval | flags << 24, most, 0)
        assert days[day] == found, (day, days[day], found)
    months = rig.freezes(FILE_MONTHS)
    most = max(used[:98])
    assert list(months) == [12 * 2026 + 9]
    assert months[12 * 2026 + 9][:2] == days[20757][:2] and months[12 * 2026 + 9][3] == most


def test_days_are_local_ones():
    rig = Rig(utc_offset_min=120)
    for _ in range(24):
        rig.run(HALF_HOUR, 10)
    days = rig.freezes(FILE_DAYS)
    assert days[START // 86400][0] == 200  # at 22:00 UTC


def test_days_without_power_have_no_freeze_and_one_that_ends_late_is_flagged():
    rig = Rig()
    rig.run(HALF_HOUR, 30)
    rig.unix += 3 * 86400
    rig.start()
    rig.run(HALF_HOUR, 1)
    day = START // 86400
    assert rig.freezes(FILE_DAYS) == {day: (30, -30, FIRST | POWER << 24, 30, POWER)}


def test_a_day_with_no_time_in_its_entries_has_no_greatest_half_hour():
    rig = Rig(unix=START + 43200 - HALF_HOUR)  # half an hour before midnight
    rig.unix = None
    rig.run(0)
    rig.meter.profile.clock_set()
    rig.run(60, 10)
    for _ in range(70):
        rig.run(HALF_HOUR, 1)
    rig.unix = START + 86400
    rig.meter.profile.clock_set()
    rig.run(1)
    found = rig.freezes(FILE_DAYS)
    assert found == {START // 86400: (80, -80, 0xFFFFFFFF, 0xFFFF, CLOCK)}


def test_the_month_of_every_day():
    day = 0
    for year in range(1970, 2100):
        lengths = [31, 29 if year % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        for month, length in enumerate(lengths):
            for of in (0, 1, length - 1):
                assert profile.month_of(day + of) == 12 * year + month, (year, month)
            day += length
    return day
