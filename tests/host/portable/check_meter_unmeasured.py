"""A metering part that does not measure: an event, an alarm, and in the end an open supply."""

from meter_rig import Memory, meter, press, reading, shown, token

from boards.common.mains import Metering
from drivers.pzem004t import Pzem004t
from drivers.reading import DAMAGED, IMPLAUSIBLE, OK, SILENT, STUCK, WRONG
from meterbus import codes

MINUTE_MS = 60000


class _Silent:
    """A UART at which nobody answers."""

    def any(self):
        return 0

    def readinto(self, _buf, _count):
        return 0

    def write(self, _data):
        pass


def _pass(device, part, ms):
    for _ in range(ms // 1000):
        part.number = part.number + 1 & 0xFFFF
        device.sensed(part, 0, device.relay_command(1000) is not False)
        device.elapsed(1000, 1000)


def _events(device):
    found = [device.events.entry(n + 1) for n in range(device.events.sequence)]
    return [row[2] for row in found if row[1] == codes.EVENT_METERING_FAULT]


def _chip(memory=None, **changes):
    return meter(memory, unix=lambda: 1790000000, metering="pzem004t", **changes)


def _silent(memory=None, ms=11 * MINUTE_MS, fault=SILENT, **changes):
    device = _chip(memory, **changes)
    device.enter_token(token(200))
    device.pressed()  # where the control mode waits for it
    part = reading(230000, 1000, 2300)
    _pass(device, part, 2000)
    part.failed(fault)
    _pass(device, part, ms)
    return device, part


def test_a_part_that_never_answers():
    part = Pzem004t(_Silent())
    device = _chip()
    for _ in range(61 * 5):
        part.elapsed(200)
        device.sensed(part.reading, 0, True)
        device.elapsed(200, 200)
    assert _events(device) == []
    for _ in range(30):
        part.elapsed(200)
        device.sensed(part.reading, 0, True)
        device.elapsed(200, 200)
    assert _events(device) == [SILENT]
    assert device.status() & codes.STATUS_METERING_FAULT


def test_a_short_silence_is_no_fault():
    device, part = _silent(ms=MINUTE_MS - 1000)
    assert not device.metering.failed
    part.fault = OK
    part.w_x10 = 2300
    _pass(device, part, 1000)
    part.failed(SILENT)
    _pass(device, part, MINUTE_MS - 1000)
    assert not device.metering.failed and _events(device) == []


def test_the_alarm_and_the_state_name_it_and_the_meter_stays_on_at_first():
    device, part = _silent(ms=2 * MINUTE_MS)
    assert _events(device) == [SILENT] and not device.supply.reasons
    assert device.report()["power_w"] is None
    device, part = _silent(ms=MINUTE_MS)
    assert shown(device) == ("Meter fault", "Not measured E1")
    press(device, "*")
    assert shown(device) == ("Credit  20.00kWh", "Not measured")
    part.fault, part.w_x10 = OK, 2300
    _pass(device, part, 1000)
    assert _events(device) == [SILENT, 0]
    assert shown(device)[1] == "On         230 W"
    assert not device.status() & codes.STATUS_METERING_FAULT


def test_the_supply_opens_after_ten_minutes_and_closes_when_the_part_measures():
    for changes in ({}, {"control_mode": 1}, {"control_mode": 0}):
        device, part = _silent(ms=10 * MINUTE_MS - 1000, **changes)
        assert not device.supply.reasons
        _pass(device, part, 1000)
        assert device.supply.reasons == codes.NOT_MEASURED
        assert device.supply.control_state() == codes.DISCONNECTED
        press(device, "*")
        assert shown(device)[1] == "Off Not measured"
        part.fault, part.w_x10 = OK, 0
        _pass(device, part, 1000)
        assert not device.supply.reasons, changes


def test_each_kind_of_fault_has_its_event_and_its_code():
    for fault in (SILENT, DAMAGED, WRONG, IMPLAUSIBLE, STUCK):
        device, _ = _silent(ms=MINUTE_MS, fault=fault)
        assert _events(device) == [fault]
        assert shown(device) == ("Meter fault", "Not measured E%d" % fault)
        device = None


def test_the_simulated_mains_lies_and_its_energy_is_not_charged():
    for fault in (IMPLAUSIBLE, STUCK):
        passed = [0]
        mains = Metering(lambda passed=passed: passed.pop() if passed else 0)
        mains.relay_moved(True)
        mains.put("load_w", 3600)
        passed.append(10000)
        mains.elapsed(0)
        assert mains.take(100) == 10
        mains.put("lie", fault)
        passed.append(100000)
        mains.elapsed(0)
        part = mains.reading
        assert (part.fault, part.w_x10, part.mv) == (fault, None, None)
        assert mains.take(1000) == 0
        mains.put("lie", 0)
        assert part.fault == OK and part.w_x10 == 36000
        passed.append(10000)
        assert mains.take(100) == 10


def test_other_times_and_never():
    assert _silent(ms=2 * MINUTE_MS, metering_opens_min=2)[0].supply.reasons == codes.NOT_MEASURED
    device, _ = _silent(ms=30 * MINUTE_MS, metering_opens_min=0)
    assert not device.supply.reasons and device.metering.failed
    assert _chip(metering_opens_min=1441).settings.wrong == "metering_opens_min"


def test_a_power_cut_gives_no_further_ten_minutes():
    memory = Memory()
    _silent(memory)
    device = _chip(memory)
    assert device.supply.reasons == codes.NOT_MEASURED
    part = reading()
    _pass(device, part, 1000)  # it has not measured yet
    assert device.supply.reasons == codes.NOT_MEASURED
    part.w_x10 = 0
    _pass(device, part, 1000)
    assert not device.supply.reasons
    assert not _chip(memory).supply.reasons


def test_with_the_setting_taken_away_nothing_is_open():
    memory = Memory()
    _silent(memory)
    assert not _chip(memory, metering_opens_min=0).supply.reasons
