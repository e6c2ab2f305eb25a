"""Tariffs: each Wh has one rate, and the rates together are the energy register."""

import struct
from binascii import crc32

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from heap_rig import without_heap
from meter_rig import FIRST_TID, Memory, PowerCut, meter, press, shown
from modbus_rig import Line

from meter.energy import tariffs  # noqa: F401  while there are large pieces of heap
from meterbus import energy_rows, registers
from sts_portable import results, vendor

MIDNIGHT = 1793577600  # 2026-11-02 00:00 UTC, a Monday
HOUR = 3600
# Working days from 06:00 and from 22:00, the weekend as a whole.
SWITCHES = [[31, 360, 1], [31, 1320, 2], [32, 0, 3]]


class Rig:
    """A meter with tariffs and its clock; unix: None if the time is unknown."""

    def __init__(self, unix=MIDNIGHT, memory=None, **changes):
        self.memory = memory or Memory()
        self.unix = unix
        self.settings = {"tariffs": SWITCHES, "features": "core"}
        self.settings.update(changes)
        self.start()

    def start(self):
        self.meter = None
        self.meter = meter(self.memory, unix=lambda: self.unix, **self.settings)
        self.meter.elapsed(20, 20)

    def at(self, unix, wh=0):
        """Let it be another time, and use energy then."""
        self.unix = unix
        self.meter.clock_set(0xFFFF)
        self.meter.elapsed(20, 20)
        self.use(wh)

    def use(self, wh):
        while wh:
            part = min(wh, 500)
            self.meter.pulses(part)
            wh -= part

    def energies(self):
        return [self.meter.tariffs.energy_wh(rate) for rate in (1, 2, 3, 4)]


def test_energy_is_that_of_the_rate_that_the_local_time_selects():
    rig = Rig()  # Monday: since Saturday it is rate 3
    for hour, rate in (
        (0, 3),
        (5.98, 3),
        (6, 1),
        (21.98, 1),
        (22, 2),
        (24, 2),
        (29.9, 2),
        (30, 1),
        (96 + 23, 2),
        (120, 3),
        (120 + 40, 3),
        (168 + 6, 1),
    ):
        rig.at(MIDNIGHT + int(hour * HOUR))
        assert rig.meter.tariffs.rate == rate, hour
    rig = Rig(utc_offset_min=120)
    rig.at(MIDNIGHT + 4 * HOUR)
    assert rig.meter.tariffs.rate == 1


def test_the_sums():
    rig = Rig()
    for hour, wh in ((1, 100), (7, 2000), (23, 30), (25, 4), (31, 500)):
        rig.at(MIDNIGHT + hour * HOUR, wh)
    assert rig.energies() == [2500, 34, 100, 0]
    assert rig.meter.account.energy_wh == 2634
    rig.start()
    assert rig.energies() == [2500, 34, 100, 0]


def test_the_clock_is_looked_at_each_minute():
    rig = Rig(MIDNIGHT + 6 * HOUR - 50)
    rig.unix += 49
    rig.meter.elapsed(49000, 49000)
    assert rig.meter.tariffs.rate == 3
    rig.unix += 1
    rig.meter.elapsed(1000, 1000)
    assert rig.meter.tariffs.rate == 1


def test_energy_of_unknown_time_has_a_rate_of_its_own():
    rig = Rig(None, tariff_no_time=4)
    rig.use(70)
    rig.at(MIDNIGHT + 7 * HOUR, 30)
    rig.unix = None
    rig.start()
    rig.use(5)
    rig.at(MIDNIGHT + 23 * HOUR, 1)
    assert rig.energies() == [30, 1, 0, 75]


def test_energy_from_before_the_tariffs_is_that_of_unknown_time():
    memory = Memory()
    device = meter(memory)
    for _ in range(10):
        device.pulses(500)
    rig = Rig(MIDNIGHT + 7 * HOUR, memory, tariff_no_time=2)
    rig.use(8)
    assert rig.energies() == [8, 5000, 0, 0]


def test_the_registers_and_the_short_codes():
    unix = MIDNIGHT + 7 * HOUR
    line = Line(tariffs=SWITCHES)
    assert {"tariff_1_wh", "tariff_now"} <= line.unknown()  # not read yet
    line.meter.unix = lambda: unix
    line.meter.elapsed(20, 20)
    line.meter.pulses(500)
    start, count = registers.block("tariff_1_wh", "tariff_now")
    found = line.read(start, count)
    assert found == {
        "tariff_1_wh": 500,
        "tariff_2_wh": 0,
        "tariff_3_wh": 0,
        "tariff_4_wh": 0,
        "tariff_now": 1,
    }
    for code, texts in (("830#", ("Tariff", "T1")), ("831#", ("T1", "0.50 kWh"))):
        press(line.meter, code)
        assert shown(line.meter) == texts


def test_a_test_token_displays_the_rate_where_there_are_tariffs():
    token = vendor.meter_test(0, 13, 0)
    assert meter().enter_token(token) == results.FUNCTION_ERROR
    rig = Rig(MIDNIGHT + 23 * HOUR, features="full")
    assert rig.meter.enter_token(token) == results.ACCEPT
    rig.meter.elapsed(4000, 4000)
    assert shown(rig.meter) == ("Tariff", "T2")


def test_a_lost_ledger_begins_the_rates_anew():
    rig = Rig(MIDNIGHT + 7 * HOUR)
    rig.use(3000)
    rig.at(MIDNIGHT + 23 * HOUR, 10)
    for at in (520, 1040):
        rig.memory.data[at] ^= 1
    rig.start()
    assert rig.meter.ledger.fault
    assert not rig.meter.known() & energy_rows.TARIFFS_KNOWN
    rig.settings["ledger_reset"] = {"tid_floor": FIRST_TID, "by": "T", "at": MIDNIGHT}
    rig.start()
    rig.use(7)
    assert rig.energies() == [0, 7, 0, 0] and rig.meter.account.energy_wh == 7


def test_a_memory_that_fails_for_a_while_loses_nothing():
    rig = Rig(MIDNIGHT + 7 * HOUR)
    rig.use(1000)
    save = rig.meter.store.write

    def failing(offset, buf):
        if offset >= 1664 and offset < 2048:
            raise OSError(28)
        save(offset, buf)

    rig.memory.write = failing
    rig.at(MIDNIGHT + 23 * HOUR, 10)
    rig.memory.write = save
    rig.use(20)
    rig.start()
    assert rig.energies() == [1000, 30, 0, 0]


# Version 1: rate 2, and sums of 100, 200, 0 and 0 Wh.
_ENTRY = bytes.fromhex("000000050102000000640000 00c80000000000000000".replace(" ", ""))


def _put(memory, entry):
    memory.data[1664 + 26 : 1664 + 52] = entry + struct.pack(">I", crc32(entry))


def test_the_stored_entry_is_read_by_later_versions_and_a_newer_one_left_alone():
    for version, expected in ((1, [100, 260, 0, 0]), (2, None)):
        memory = Memory()
        device = meter(memory)
        device.pulses(360)
        entry = bytearray(_ENTRY)
        entry[4] = version
        _put(memory, bytes(entry))
        before = bytes(memory.data[1664:1716])
        rig = Rig(MIDNIGHT + 23 * HOUR, memory)
        if expected:
            assert rig.energies() == expected
        else:
            assert not rig.meter.known() & energy_rows.TARIFFS_KNOWN
            rig.at(MIDNIGHT + 30 * HOUR, 100)
            assert bytes(memory.data[1664:1716]) == before


def test_settings_that_cannot_be_used():
    for wrong in (
        None,
        [],
        {},
        [[127, 0]],
        [[0, 0, 1]],
        [[128, 0, 1]],
        [[1, 1440, 1]],
        [[1, 0, 5]],
        [[1, 0, True]],
        [[1, 0, 1]] * 17,
        ["x"],
    ):
        assert meter(tariffs=wrong).settings.wrong == "tariffs", wrong
    assert meter(tariff_no_time=1).settings.wrong == "tariffs"
    assert meter(tariffs=SWITCHES, tariff_no_time=5).settings.wrong == "tariff_no_time"
    assert not hasattr(meter(), "tariffs")


def test_a_power_cut_at_each_byte_of_a_switch_loses_nothing():
    points = 0
    for cut in range(0, 700, 7):
        rig = Rig(MIDNIGHT + 7 * HOUR)
        rig.use(1000)
        rig.unix = MIDNIGHT + 23 * HOUR
        rig.memory.cut_after = cut
        try:
            rig.meter.elapsed(60000, 60000)
        except PowerCut:
            points += 1
        rig.memory.cut_after = None
        rig.start()
        rig.use(50)
        assert rig.energies() == [1000, 50, 0, 0], cut
    assert points > 20


def test_nothing_is_allocated_until_a_minute_ends():
    tick = Rig().meter.tariffs.tick
    without_heap(lambda: tick(20, 20), 1000)
