"""The supply: orders and keys by control mode, overload, voltage, and tampering."""

from meter_rig import FIRST_TID, KEY, Memory, meter, press, reading, shown, token

from meterbus import codes
from sts_portable import results, vendor

CREDIT = codes.NO_CREDIT
LOCKED = codes.OVERLOAD | codes.KEY_AWAITED


def _with_credit(memory=None, **changes):
    device = meter(memory or Memory(), **changes)
    assert device.enter_token(token(10000, 1)) in (results.ACCEPT, results.USED_ERROR)
    assert device.supply.reasons & CREDIT == 0
    return device


def _limit(watts, number=50):
    return vendor.management(KEY, 7, 0, FIRST_TID + number, 0, mpl=watts)


def _run(device, seconds, watts, mv=230000, **more):
    """Let supply time pass in seconds with this load while the relay is closed."""
    for _ in range(seconds):
        closed = not device.supply.reasons
        w_x10 = None if watts is None else 10 * watts if closed else 0
        device.sensed(reading(mv, 0, w_x10, 5000), 0, closed)
        device.elapsed(1000, 1000)
        device.relay_command(1000)


def _events(device):
    found = []
    for sequence in range(1, device.events.sequence + 1):
        entry = device.events.entry(sequence)
        if entry:
            found.append(entry[1])
    return found


# Control modes


def test_the_utilitys_order_by_control_mode():
    """mode: (state after its order to open, after its order to close, after a key)."""
    found = {}
    for mode in range(8):
        memory = Memory()
        device = _with_credit(memory, control_mode=mode)
        press(device, "#")
        taken = device.supply.order(False)
        device.elapsed(0, 0)
        states = [taken, device.supply.control_state()]
        device = meter(memory, control_mode=mode)  # it is kept over a power failure
        assert device.supply.control_state() == states[1]
        device.supply.order(True)
        device.elapsed(0, 0)
        states.append(device.supply.control_state())
        press(device, "#")
        states.append(device.supply.control_state())
        found[mode] = states
    assert found[0] == [False, 1, 1, 1]
    for mode in (1, 3, 5, 6):
        assert found[mode] == [True, 0, 2, 1], mode
    for mode in (2, 4, 7):
        assert found[mode] == [True, 0, 1, 1], mode


def test_new_credit_closes_the_supply_or_waits_for_a_key():
    for mode in range(8):
        memory = Memory()
        device = meter(memory, control_mode=mode)
        state = codes.CONNECTED if mode == 0 else codes.READY_FOR_RECONNECTION
        assert device.supply.control_state() == state, mode
        device.enter_token(token(10, 1))
        waits = mode in (1, 2, 3, 4)
        assert bool(device.supply.reasons) == waits, mode
        again = meter(memory, control_mode=mode)
        assert again.supply.reasons == (codes.KEY_AWAITED if waits else 0)
        press(again, "#")
        assert again.supply.control_state() == codes.CONNECTED
        assert meter(memory, control_mode=mode).supply.reasons == 0


def test_a_key_closes_nothing_while_there_is_another_reason():
    device = meter(control_mode=3)
    press(device, "###")
    assert device.supply.reasons == CREDIT | codes.KEY_AWAITED
    device = _with_credit(control_mode=6)
    device.supply.order(False)
    device.elapsed(0, 0)
    press(device, "#")
    assert device.supply.control_state() == codes.DISCONNECTED


def test_a_key_opens_the_supply_where_the_mode_permits_it():
    for mode in range(8):
        device = _with_credit(control_mode=mode)
        press(device, "#")
        device.elapsed(0, 0)
        allowed = device.supply.key_opens()
        device.elapsed(0, 0)
        assert allowed == (mode in (1, 2, 5)), mode
        assert bool(device.supply.reasons) == allowed


def test_a_meter_with_a_fault_is_open_in_each_mode():
    memory = Memory()
    meter(memory)
    memory.broken = True
    device = meter(memory, control_mode=0)
    assert device.supply.control_state() == codes.DISCONNECTED


def test_closing_too_often_waits_and_opening_never_does():
    device = _with_credit()
    supply = device.supply
    sent = []
    for _ in range(30):
        for reasons in (0, CREDIT):
            supply.reasons = reasons
            supply.contact_closed = not reasons
            sent.append(supply.drive(1000))
    assert sent.count(True) == 10 and sent[-1] is None and supply.drive(1000) is None
    supply.reasons = 0
    waited = 0
    while supply.drive(1000) is None:
        waited += 1
    assert 100 < waited < 200 and supply.reasons == 0


def test_a_contact_that_waits_is_not_displayed_as_closed():
    for mode in (6, 0):
        device = _with_credit(control_mode=mode)
        supply, closed = device.supply, False
        for turn in range(23):
            if turn % 2:
                supply.reasons = codes.TAMPERED
            command = device.relay_command(1000)
            closed = closed if command is None else command
            device.elapsed(0, 1000)
            device.sensed(reading(w_x10=0), 0, closed)
            supply.judge(supply.open_reasons())
        assert not closed and supply.reasons == codes.RELAY_RESTS
        device.panel.dismiss()
        assert shown(device)[1] == "Off Please wait"
        assert supply.control_state() == codes.READY_FOR_RECONNECTION
        for _ in range(180):
            closed = device.relay_command(1000) or closed
            device.sensed(reading(w_x10=0), 0, closed)
        assert closed and supply.reasons == 0
        assert shown(device)[1] == "On           0 W"


# Overload


def test_an_overload_trips_four_times_and_then_stays_open_until_a_key():
    device = _with_credit()
    assert device.enter_token(_limit(1000)) == results.ACCEPT
    assert device.limiter.threshold_w() == 1000
    _run(device, 300, 1000)
    assert device.supply.reasons == 0  # at the limit, not over it
    for trip in range(1, 5):
        _run(device, 29, 1001)
        assert device.supply.reasons == 0, trip
        _run(device, 2, 1001)
        reasons = codes.OVERLOAD if trip < 4 else LOCKED
        assert device.supply.reasons == reasons and device.limiter.trips == trip
        _run(device, 117, 1001)
        assert device.supply.reasons == reasons
        _run(device, 3, 0)
    assert device.supply.reasons == LOCKED and device.limiter.state == 2
    _run(device, 5000, 0)
    assert device.supply.reasons == LOCKED
    press(device, "#")
    assert device.supply.reasons == 0 and device.limiter.trips == 0
    found = _events(device)
    assert found.count(codes.EVENT_OVERLOAD) == 3
    assert found.count(codes.EVENT_OVERLOAD_LOCKED) == 1


def test_a_quiet_time_makes_trips_be_forgotten():
    device = _with_credit()
    device.enter_token(_limit(1000))
    _run(device, 31, 2000)
    assert device.limiter.trips == 1
    _run(device, 121, 0)
    assert device.supply.reasons == 0
    _run(device, 1801, 500)
    assert device.limiter.trips == 0


def test_a_short_overload_and_an_unknown_power_do_not_trip():
    device = _with_credit()
    device.enter_token(_limit(1000))
    for _ in range(100):
        _run(device, 29, 5000)
        _run(device, 1, 0)
    _run(device, 29, 5000)
    _run(device, 600, None)
    assert device.supply.reasons == 0
    _run(device, 2, 5000)
    assert device.supply.reasons == codes.OVERLOAD


def test_an_overload_and_its_limit_are_kept_over_a_power_failure():
    memory = Memory()
    device = _with_credit(memory)
    device.enter_token(_limit(1000))
    for _ in range(4):
        _run(device, 31, 2000)
        _run(device, 121, 0)
    assert device.limiter.state == 2
    again = meter(memory)
    assert (again.limiter.limit_w, again.limiter.state) == (1000, 2)
    assert again.supply.reasons == LOCKED
    press(again, "#")
    assert meter(memory).supply.reasons == 0


def test_a_limit_of_zero_is_none_and_the_setting_stays():
    device = _with_credit(overload_w=3000)
    assert device.limiter.threshold_w() == 3000
    device.enter_token(_limit(5000, 51))
    assert device.limiter.threshold_w() == 3000
    device.enter_token(_limit(2000, 52))
    assert device.limiter.threshold_w() == 2000
    device.enter_token(_limit(0, 53))
    assert device.limiter.threshold_w() == 3000


# Voltage


def test_voltage_out_of_limits_is_recorded_and_opens_if_set_so():
    for opens in (0, 1):
        device = _with_credit(voltage_opens=opens)
        _run(device, 2, 100)
        _run(device, 9, 100, 280000)
        assert device.voltage.state == 0
        _run(device, 2, 100, 280000)
        assert device.voltage.state == 1
        assert device.supply.reasons == (codes.VOLTAGE if opens else 0)
        _run(device, 60, 100, 273000)  # within the hysteresis
        _run(device, 60, 100, None)  # unknown is not "good"
        assert device.voltage.state == 1
        _run(device, 11, 100, 270000)
        assert device.voltage.state == 0 and device.supply.reasons == 0
        _run(device, 11, 100, 150000)
        assert device.voltage.state == 2
        found = _events(device)
        assert [found.count(codes.EVENT_VOLTAGE_GOOD + n) for n in (0, 1, 2)] == [1, 1, 1]


# Tampering


def _sense(device, switches, seconds, value=None, closed=True):
    value = value or reading(230000, 0, 0, 5000)
    for _ in range(seconds * 5):
        device.sensed(value, switches, closed)
        device.elapsed(200, 200)
        device.relay_command(200)


def _clear(number=70):
    return vendor.management(KEY, 7, 5, FIRST_TID + number, 0, pad=0)


def test_each_switch_is_latched_and_only_a_token_clears_it():
    for bit in (codes.METER_COVER, codes.TERMINAL_COVER, codes.MAGNET):
        memory = Memory()
        device = _with_credit(memory)
        _sense(device, 0, 5)
        _sense(device, bit, 1)
        _sense(device, 0, 60)
        assert device.tamper.latched == bit and device.tamper.now == 0
        assert device.status() & codes.STATUS_TAMPER
        assert device.supply.reasons == 0  # recorded only
        again = meter(memory)
        assert again.tamper.latched == bit
        assert again.enter_token(_clear()) == results.ACCEPT
        assert shown(again)[1] == "Tamper cleared"
        assert meter(memory).tamper.latched == 0
        found = _events(again)
        assert found.count(codes.EVENT_TAMPER) == found.count(codes.EVENT_TAMPER_CLEARED) == 1


def test_what_still_lasts_is_latched_again():
    device = _with_credit()
    _sense(device, codes.MAGNET, 1)
    device.enter_token(_clear())
    assert device.tamper.latched == 0
    _sense(device, codes.MAGNET, 1)
    assert device.tamper.latched == codes.MAGNET


def test_a_moment_is_not_tampering():
    device = _with_credit()
    for _ in range(50):
        device.sensed(reading(230000, 0, 0, 5000), codes.METER_COVER, True)
        device.elapsed(0, 100)
        device.sensed(reading(230000, 0, 0, 5000), 0, True)
        device.elapsed(0, 100)
    assert device.tamper.latched == 0


def test_tampering_opens_the_supply_if_set_so():
    memory = Memory()
    device = _with_credit(memory, tamper_opens=codes.TERMINAL_COVER)
    _sense(device, codes.METER_COVER, 1)
    assert device.supply.reasons == 0
    _sense(device, codes.TERMINAL_COVER, 1)
    assert device.supply.reasons == codes.TAMPERED
    again = meter(memory, tamper_opens=codes.TERMINAL_COVER)
    assert again.supply.reasons == codes.TAMPERED
    press(again, "#")
    assert again.enter_token(token(10, 3)) == results.ACCEPT
    assert again.supply.reasons == codes.TAMPERED
    again.enter_token(_clear())
    assert again.supply.reasons == 0


def test_what_happened_without_power_is_marked():
    memory = Memory()
    _with_credit(memory)
    device = meter(memory)
    _sense(device, codes.METER_COVER, 1)
    last = device.events.sequence
    entries = [device.events.entry(number) for number in range(1, last + 1)]
    assert [one[2] for one in entries if one[1] == codes.EVENT_TAMPER] == [0x101]


def test_reversed_current_lasts_ten_seconds_and_is_none_where_export_is_permitted():
    reverse = reading(230000, 1000, -2300, 5000)
    for export in (0, 1):
        device = _with_credit(export=export)
        _sense(device, 0, 9, reverse)
        assert device.tamper.latched == 0
        _sense(device, 0, 2, reverse)
        assert device.tamper.latched == (0 if export else codes.REVERSE)


def test_a_bypass_is_a_difference_of_the_wires_or_a_load_while_the_relay_is_open():
    other = reading(230000, 5000, 11500, 5000)
    other.neutral_ma = 5600
    device = _with_credit()
    _sense(device, 0, 11, other)
    assert device.tamper.latched == codes.BYPASS
    other.neutral_ma = 5400  # within ten percent
    device = _with_credit()
    _sense(device, 0, 11, other)
    assert device.tamper.latched == 0
    device = meter()  # open: no credit
    _sense(device, 0, 11, reading(230000, 1000, 2300, 5000), closed=False)
    assert device.tamper.latched == codes.BYPASS


def test_what_is_not_to_be_detected_is_not():
    device = _with_credit(tamper_detects=codes.MAGNET)
    _sense(device, codes.METER_COVER | codes.MAGNET, 1)
    assert device.tamper.latched == codes.MAGNET
