"""Maximum demand: the greatest mean power of a period, never more than it was."""

import struct
from binascii import crc32

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from heap_rig import without_heap
from meter_rig import Memory, meter, press, shown
from modbus_rig import Line

from meterbus import energy_rows, registers

OCTOBER_31 = 1793404800  # 00:00 UTC
MINUTE = 60
HALF_HOUR = 1800


class Rig:
    """A meter with a clock. unix: None if the time is unknown."""

    def __init__(self, unix=OCTOBER_31, memory=None, **changes):
        self.memory = memory or Memory()
        self.unix = unix
        self.settings = {"demand_period_min": 30, "features": "core"}
        self.settings.update(changes)
        self.start()

    def start(self):
        self.meter = None
        self.meter = meter(self.memory, unix=lambda: self.unix, **self.settings)
        self.meter.elapsed(0, 0)

    def run(self, seconds, wh=0):
        """Use energy, then let time pass."""
        while wh:
            part = min(wh, 500)
            self.meter.pulses(part)
            wh -= part
        if self.unix is not None:
            self.unix += seconds
        self.meter.elapsed(1000 * seconds, 1000 * seconds)

    def set_clock(self, unix):
        """Set the clock, as the bus does."""
        before, self.unix = self.unix, unix
        self.meter.clock_set(0xFFFF if before is None else min(abs(unix - before), 0xFFFF))
        self.meter.elapsed(20, 20)

    def maximum(self):
        return self.meter.demand.max_w, self.meter.demand.max_at


def test_block_demand():
    rig = Rig()
    assert rig.maximum() == (None, None)
    rig.run(HALF_HOUR, 100)
    assert rig.maximum() == (200, OCTOBER_31 + HALF_HOUR)
    rig.run(HALF_HOUR, 700)
    rig.run(HALF_HOUR, 300)
    assert rig.maximum() == (1400, OCTOBER_31 + 2 * HALF_HOUR)
    rig.run(HALF_HOUR, 700)  # no more than before: the first one counts
    assert rig.maximum() == (1400, OCTOBER_31 + 2 * HALF_HOUR)


def test_sliding_demand_finds_the_greatest_of_all_steps():
    used = [50, 400, 300, 10, 0, 350, 600, 20]
    rig = Rig(demand_period_min=15, demand_slides=3)
    for wh in used:
        rig.run(5 * MINUTE, wh)
    sums = [sum(used[at : at + 3]) for at in range(len(used) - 2)]
    most = max(sums)
    at = OCTOBER_31 + 5 * MINUTE * (sums.index(most) + 3)
    assert rig.maximum() == (most * 4, at)
    block = Rig(demand_period_min=15)
    for wh in used:
        block.run(5 * MINUTE, wh)
    assert block.maximum()[0] == max(sum(used[:3]), sum(used[3:6])) * 4 < most * 4


def test_a_month_begins_anew_and_the_last_one_is_kept():
    rig = Rig()
    rig.run(HALF_HOUR, 900)
    while rig.unix < OCTOBER_31 + 86400 - HALF_HOUR:
        rig.run(HALF_HOUR, 1)
    assert rig.meter.demand.last_w is None
    rig.run(HALF_HOUR, 1000)  # the last one of October
    demand = rig.meter.demand
    assert (demand.last_w, demand.last_at) == (2000, OCTOBER_31 + 86400)
    assert rig.maximum() == (None, None)
    rig.run(HALF_HOUR, 5)
    assert rig.maximum() == (10, rig.unix)
    rig.start()
    assert (rig.meter.demand.last_w, rig.maximum()) == (2000, (10, rig.unix))


def test_a_month_is_a_local_one():
    rig = Rig(OCTOBER_31 + 86400 - 2 * 3600, utc_offset_min=60)
    rig.run(HALF_HOUR, 10)
    rig.run(HALF_HOUR, 20)
    assert rig.meter.demand.last_w == 40 and rig.maximum() == (None, None)


def test_a_power_failure_within_a_step_is_a_part_of_it():
    rig = Rig()
    rig.run(10 * MINUTE, 200)
    rig.unix += 5 * MINUTE
    rig.start()
    rig.run(15 * MINUTE, 300)
    assert rig.maximum() == (1000, OCTOBER_31 + HALF_HOUR)
    rig.run(10 * MINUTE, 600)  # the greatest, and then no power for hours
    rig.unix += 4 * 3600
    rig.start()
    assert rig.maximum() == (1200, OCTOBER_31 + 2 * HALF_HOUR)


def test_steps_without_power_have_no_energy():
    rig = Rig(demand_period_min=15, demand_slides=3)
    rig.run(5 * MINUTE, 100)
    rig.run(5 * MINUTE, 100)
    rig.run(1 * MINUTE, 50)
    rig.unix += 8 * MINUTE  # the rest of that step, and most of the next
    rig.start()
    assert rig.maximum() == (1000, OCTOBER_31 + 15 * MINUTE)
    rig.run(1 * MINUTE, 0)
    rig.run(5 * MINUTE, 900)  # 50 + 0 + 900
    assert rig.maximum() == (3800, OCTOBER_31 + 25 * MINUTE)


def test_a_clock_that_is_set_never_makes_it_greater():
    rig = Rig()
    rig.run(HALF_HOUR, 100)
    rig.run(20 * MINUTE, 300)
    for _ in range(5):  # the same minutes again
        rig.set_clock(rig.unix - 15 * MINUTE)
        rig.run(15 * MINUTE, 300)
    rig.run(10 * MINUTE)
    assert rig.maximum()[0] == 600
    rig.unix -= 25 * MINUTE  # unseen
    rig.run(HALF_HOUR, 350)
    rig.run(HALF_HOUR, 350)
    rig.run(HALF_HOUR, 350)
    assert rig.maximum()[0] == 700


def test_without_a_clock_there_is_none():
    rig = Rig(None)
    rig.run(HALF_HOUR, 500)
    rig.run(HALF_HOUR, 500)
    assert rig.maximum() == (None, None)
    rig.set_clock(OCTOBER_31 + 10 * MINUTE)
    rig.run(20 * MINUTE, 100)
    assert rig.maximum() == (200, OCTOBER_31 + HALF_HOUR)
    rig.run(10 * MINUTE, 700)
    rig.unix = None
    rig.start()  # the step ends with what is known of it
    assert rig.maximum() == (1400, OCTOBER_31 + 2 * HALF_HOUR)


def test_the_registers_and_the_short_codes():
    line = Line(demand_period_min=30, utc_offset_min=60)
    names = {"max_demand_w", "max_demand_at", "sdm_max_demand", "last_max_demand_w"}
    assert names <= line.unknown()
    now = [OCTOBER_31]
    line.meter.unix = lambda: now[0]
    line.meter.elapsed(20, 20)
    line.meter.pulses(400)
    now[0] += HALF_HOUR
    line.meter.elapsed(1800000, 1800000)
    start, count = registers.block("max_demand_w", "max_demand_at")
    expected = {"max_demand_w": 800, "max_demand_at": OCTOBER_31 + HALF_HOUR}
    assert line.read(start, count) == expected
    assert line.read(0x56, 2, 4) == {"sdm_max_demand": 800}
    assert line.read(0x5A, 2, 4) == {"sdm_max_import_demand": 800}
    assert line.code("last_max_demand_w") == 4
    for code, texts in (
        ("840#", ("Max demand", "800 W")),
        ("841#", ("Max demand time", "2026-10-31 01:30")),
        ("842#", ("Last max demand", "---")),
    ):
        press(line.meter, code)
        assert shown(line.meter) == texts


def test_settings_that_cannot_be_used():
    for name, value in (("demand_period_min", 7), ("demand_period_min", 0), ("demand_slides", 7)):
        assert meter(**{name: value}).settings.wrong == name
    assert meter(demand_period_min=20, demand_slides=3).settings.wrong == "demand_slides"
    assert meter(demand_period_min=60, demand_slides=6).settings.wrong == ""
    assert not hasattr(meter(), "demand")


def test_another_period_is_another_demand():
    rig = Rig()
    rig.run(HALF_HOUR, 100)
    rig.settings["demand_period_min"] = 15
    rig.start()
    assert rig.maximum() == (None, None)


# Version 1: a maximum of 1400 W, 2026-10-31 01:00 UTC, in blocks of half an hour.
_ENTRY = (
    "00000007 01 1e 1e 00 5f01 00000578 6ae53d90 ffffffff ffffffff 000f33f2 00000320"
    " 00000000 00000000 00000000 00000000 00000000"
)


def test_the_stored_entry_is_read_by_later_versions_and_a_newer_one_left_alone():
    for version, expected in ((1, 1400), (2, None)):
        memory = Memory()
        meter(memory).pulses(800)
        entry = bytearray(bytes.fromhex(_ENTRY.replace(" ", "")))
        entry[4] = version
        memory.data[1536 + 58 : 1536 + 116] = entry + struct.pack(">I", crc32(entry))
        before = bytes(memory.data[1536:1652])
        rig = Rig(OCTOBER_31 + 2 * HALF_HOUR, memory)
        assert rig.maximum()[0] == expected
        if not expected:
            rig.run(HALF_HOUR, 700)
            assert bytes(memory.data[1536:1652]) == before
            assert not rig.meter.known() & energy_rows.DEMAND_KNOWN


def test_nothing_is_allocated_until_a_step_ends():
    tick = Rig().meter.demand.tick
    without_heap(lambda: tick(20, 20), 1000)
