"""Emergency credit and friendly times over power cuts, at each byte of their writes."""

from meter_rig import STEP, Memory, PowerCut, meter, press, shown, token

from meterbus import codes
from sts_portable import results

DAY = 86400
EVENING = DAY * 21000 + 21 * 3600
FRIENDLY = {"friendly_from_min": 18 * 60, "friendly_to_min": 8 * 60}
RESERVE = 500


def _use(device, wh):
    """Let energy flow as the application does while the supply is closed; return what flowed."""
    used = 0
    while used < wh and not device.supply.reasons:
        count = min(wh - used, device.pulse_limit())
        device.pulses(count)
        device.elapsed(20, 20)
        used += count
    return used


def _cuts(data, action, **given):
    """Yield the memory after a power cut at each byte that `action` of a meter writes."""
    memory = Memory(data)
    device = meter(memory, **given)
    before = memory.written
    action(device)
    total = memory.written - before
    assert total
    for cut in range(0, total + 1, STEP):
        memory = Memory(data)
        device = meter(memory, **given)
        memory.cut_after = cut
        try:
            action(device)
        except PowerCut:
            pass
        memory.cut_after = None
        device = None
        yield memory


def _press(device):
    press(device, "#")


def test_emergency_credit_is_taken_once_whenever_the_power_is_cut():
    memory = Memory()
    meter(memory)
    points = 0
    for cut in _cuts(bytes(memory.data), _press, emergency_wh=RESERVE):
        used = 0
        for _ in range(3):
            device = meter(cut, emergency_wh=RESERVE)
            device.elapsed(20, 20)
            press(device, "#")
            used += _use(device, 300)
            device = None
        assert used == RESERVE
        points += 1
    assert points > 30


def _pay(device):
    device.enter_token(token(10, 2))
    device.elapsed(20, 20)


def test_emergency_credit_is_paid_back_whenever_the_power_is_cut():
    memory = Memory()
    device = meter(memory, emergency_wh=RESERVE)
    _press(device)
    assert _use(device, 300) == 300
    points = 0
    for cut in _cuts(bytes(memory.data), _pay, emergency_wh=RESERVE):
        device = meter(cut, emergency_wh=RESERVE)
        assert device.account.credit in (-300, 700) and device.emergency.used >= (
            device.account.credit < 0
        )
        device.elapsed(20, 20)
        if device.enter_token(token(10, 2)) == results.USED_ERROR:
            assert device.account.credit == 700
        device.elapsed(20, 20)
        assert device.account.credit == 700 and not device.emergency.used
        device = meter(cut, emergency_wh=RESERVE)
        assert device.account.credit == 700 and not device.emergency.used
        assert device.account.reserve == 0 and _use(device, 2000) == 700
        device = None
        points += 1
    assert points > 30


def test_emergency_credit_is_not_taken_where_a_debt_is_as_great():
    memory = Memory()
    device = meter(memory, emergency_wh=RESERVE)
    device.account.credit = -RESERVE
    press(device, "#")
    assert shown(device) == ("Emergency", "Not taken") and not device.emergency.used
    device.account.credit = 1 - RESERVE
    press(device, "#")
    assert device.emergency.used and device.supply.reasons == 0


class _Night:
    """A meter with friendly hours and a clock, whose memory outlives it."""

    def __init__(self, **changes):
        self.given = dict(FRIENDLY)
        self.given.update(changes)
        self.memory, self.now = Memory(), EVENING
        device = self.start()
        device.enter_token(token(10, 1))
        press(device, "#")
        device.elapsed(1000, 1000)
        assert _use(device, 3000) == 3000 and device.account.credit == -2000

    def start(self):
        return meter(self.memory, unix=lambda: self.now, **self.given)


def test_a_supply_that_friendly_hours_keep_on_is_on_after_a_power_cut():
    for mode in (1, 3, 4, 6):
        night = _Night(control_mode=mode)
        night.now += 3600
        device = night.start()
        assert device.supply.reasons == 0 and device.supply.drive(20) is True, mode
        device.elapsed(1000, 1000)
        assert device.supply.reasons == 0 and _use(device, 100) == 100
        device = None
        night.now += 10 * 3600  # 08:00
        device = night.start()
        assert device.supply.reasons & codes.NO_CREDIT
        device = None


def test_a_supply_whose_friendly_hours_ended_without_power_is_off_at_once():
    night = _Night()
    night.now += 11 * 3600
    device = night.start()
    assert device.supply.reasons == codes.NO_CREDIT and device.supply.drive(20) is False
    device.elapsed(1000, 1000)
    assert device.supply.reasons == codes.NO_CREDIT
    device = None
    night.now += 12 * 3600  # the next evening: it was off before
    device = night.start()
    assert device.supply.reasons == codes.NO_CREDIT
    device.elapsed(1000, 1000)
    assert device.supply.reasons == codes.NO_CREDIT


def test_a_supply_that_was_off_stays_off_over_a_power_cut_in_friendly_hours():
    night = _Night()
    night.now += 12 * 3600
    device = night.start()
    device = None
    night.now += 12 * 3600
    for _ in range(2):
        device = night.start()
        device.elapsed(1000, 1000)
        assert device.supply.reasons == codes.NO_CREDIT
        device = None


def test_a_clock_that_was_lost_ends_friendly_hours():
    """Else whoever cuts the power and sets the clock would have them for ever."""
    night = _Night()
    night.now = None
    device = night.start()
    assert device.supply.reasons == codes.NO_CREDIT
    night.now = EVENING
    device.elapsed(1000, 1000)
    assert device.supply.reasons == codes.NO_CREDIT


def test_with_the_setting_taken_away_there_are_no_friendly_hours():
    night = _Night()
    night.given = {}
    assert night.start().supply.reasons == codes.NO_CREDIT


def _begin(device):
    device.elapsed(1000, 1000)


def test_power_cuts_as_friendly_hours_begin_and_end():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(10, 1))
    device.pulses(900)
    data, now = bytes(memory.data), [EVENING]
    device = None
    given = dict(FRIENDLY, unix=lambda: now[0])
    points = 0
    for cut in _cuts(data, _begin, **given):
        now[0] = EVENING
        device = meter(cut, **given)
        device.elapsed(1000, 1000)
        assert device.supply.reasons == 0 and _use(device, 500) == 500
        device = None
        now[0] = EVENING + 11 * 3600
        for _ in range(2):
            device = meter(cut, **given)
            assert device.supply.reasons == codes.NO_CREDIT
            device = None
        now[0] = EVENING
        points += 1
    assert points > 30
