"""A start with a voltage that is too high or too low: measured first, and then closed."""

from meter_rig import Memory, meter, reading, shown, token

from meterbus import codes


def _start(mv, memory, blind_s=1, **changes):
    """Start a meter whose part has not measured for `blind_s`; return (commands, meter)."""
    device = meter(memory, **changes)
    sent, closed = [], False
    for second in range(30):
        device.elapsed(1000, 1000)
        device.sensed(reading(mv if second >= blind_s else None, 0, 0, 5000), 0, closed)
        command = device.relay_command(1000)
        if command is not None:
            sent.append((second, command))
            closed = command
    return sent, device


def test_a_start_in_over_voltage_never_closes_the_relay():
    memory = Memory()
    meter(memory).enter_token(token(200, 1))
    for mv in (290000, 120000):
        for mode in (3, 6):
            sent, device = _start(mv, memory, voltage_opens=1, control_mode=mode)
            assert sent and not any(command for _, command in sent), sent
            assert device.supply.reasons & codes.VOLTAGE
            device = None


def test_a_start_with_good_voltage_closes_as_soon_as_it_is_measured():
    memory = Memory()
    meter(memory).enter_token(token(200, 1))
    for mode in (3, 6):
        sent, device = _start(230000, memory, voltage_opens=1, control_mode=mode)
        assert sent == [(2, True)] and device.supply.reasons == 0
        device = None
    device = meter(memory, voltage_opens=1)
    device.elapsed(20, 20)
    assert device.relay_command(20) is None and shown(device)[1] == "Off Please wait"


def test_a_part_that_measures_no_voltage_does_not_keep_the_supply_off():
    memory = Memory()
    meter(memory).enter_token(token(200, 1))
    assert _start(None, memory, voltage_opens=1)[0] == [(9, True)]
    assert _start(None, memory)[0] == [(0, True)]
    assert _start(290000, memory)[0] == [(0, True)]  # it does not open the supply
