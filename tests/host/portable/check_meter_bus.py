"""The meter on its bus: register view and token entry, through real frames."""

from meter_rig import DRN, KEY, Memory, reading, slots, token
from modbus_rig import Line

from meterbus import client, codes, frame, registers
from sts_portable import results

NAN = [0x7FC0, 0]
MEASURED = reading(230000, 0, 0, 5000)
LEDGER = {
    "sdm_import",
    "sdm_total",
    "energy_wh",
    "credit",
    "token_result",
    "sequence",
    "power_fail_count",
    "tamper",
    "lockout_s",
    "restorations_left",
    "result",
    "result_ref",
}
# No load was switched on, and the clock was not set.
STEP = {"step_w", "step_pf", "unix"}
ANSWER = {"result_credit", "result_sequence", "result_mac"}
KEY_REGISTER = {"krn", "ti", "sgc", "ken", "kt"}


def test_a_poll_of_the_state():
    line = Line(ti=7, krn=3, ken=200, sgc=654321)
    line.meter.enter_token(token(200))
    line.meter.pulses(1234)
    line.meter.sensed(reading(230000, 8695, 20000, 5000), True, True)
    for function in (3, 4):
        found = line.read(registers.STATE_START, registers.STATE_COUNT, function)
        assert found["energy_wh"] == 1234
        assert found["credit"] == 1876
        assert (found["control_state"], found["open_reasons"]) == (1, 0)
        assert found["token_result"] == results.ACCEPT
        assert (found["krn"], found["ti"], found["kt"]) == (3, 7, 2)
        assert (found["ken"], found["sgc"]) == (200, 654321)
        assert found["status"] == codes.STATUS_COVER_OPEN | codes.STATUS_RELAY_CLOSED
        assert (found["power_w"], found["power_limit_w"]) == (2000, 0)
        assert (found["drn"], found["power_fail_count"]) == (DRN, 0)


def test_a_client_made_for_an_sdm120():
    line = Line()
    line.meter.enter_token(token(200))
    line.meter.pulses(1250)
    line.meter.sensed(reading(230500, 2500, 5760, 4998), False, True)
    assert line.ask(client.read_request(1, 4, 0, 125)).exception == 0
    found = line.read(0, 80, 4)
    assert found["sdm_voltage"] == 230.5
    assert found["sdm_current"] == 2.5
    assert found["sdm_power"] == 576
    assert abs(found["sdm_frequency"] - 49.98) < 0.001
    assert found["sdm_import"] == 1.25
    assert line.read(0x156, 2, 4) == {"sdm_total": 1.25}
    assert line.ask(client.read_request(1, 4, 2, 2)).values() == NAN
    assert line.ask(client.read_request(1, 4, 3, 1)).values() == NAN[1:]
    assert line.ask(client.read_request(1, 3, 0, 2)).exception == 2


def test_a_client_made_for_an_sdm630():
    line = Line()
    line.meter.sensed(reading(230000, 10000, 20700, 5000), False, True)
    words = line.ask(client.read_request(1, 4, 0, 80)).values()
    assert words[2:6] == NAN + NAN  # the voltages of two phases that it does not have
    found = line.read(0, 80, 4)
    assert (found["sdm_current"], found["sdm_sum_power"]) == (10, 2070)
    assert (found["sdm_apparent"], found["sdm_reactive"]) == (2300, None)
    assert abs(found["sdm_pf"] - 0.9) < 0.001


def test_the_power_factor_is_that_of_the_part_with_the_direction():
    line = Line()
    measured = reading(230000, 10000, -10000, 5000)
    measured.pf_x1000, measured.var_x10 = 450, -5005
    line.meter.sensed(measured, False, True)
    found = line.read(0, 80, 4)
    assert abs(found["sdm_pf"] + 0.45) < 0.001
    assert found["sdm_reactive"] == -500.5
    measured = reading(230000, 0, 0, 5000)  # no load: it has no power factor
    line.meter.sensed(measured, False, True)
    assert line.read(0, 80, 4)["sdm_pf"] is None
    measured = reading(230000, 10000, 20700, 5000)
    measured.together = False
    line.meter.sensed(measured, False, True)
    assert line.read(0, 80, 4)["sdm_pf"] is None


def test_what_is_unknown_does_not_hide_the_rest_of_an_sdm_block():
    """A meter that counts pulses measures no voltage; its energy is in the same block."""
    line = Line()
    line.meter.enter_token(token(200))
    line.meter.pulses(1250)
    line.meter.sensed(reading(None, None, 5760, None), False, True)
    found = line.read(0, 80, 4)
    assert (found["sdm_voltage"], found["sdm_current"], found["sdm_frequency"]) == (None,) * 3
    assert (found["sdm_power"], found["sdm_import"]) == (576, 1.25)
    assert line.ask(client.read_request(1, 4, 0, 8)).exception == frame.SERVER_DEVICE_FAILURE


def test_what_a_damaged_ledger_leaves_unknown_is_refused_and_never_0():
    memory = Memory()
    Line(memory).meter.enter_token(token(200))
    for start, _ in slots(memory.data):
        memory.data[start + 20] ^= 1
    line = Line(memory)
    line.meter.sensed(MEASURED, False, False)
    line.meter.pulses(500)
    assert line.unknown() == LEDGER | KEY_REGISTER | STEP | ANSWER
    assert line.code("energy_wh", "drn") == frame.SERVER_DEVICE_FAILURE
    assert line.code("energy_wh", "power_fail_count") == frame.SERVER_DEVICE_FAILURE
    assert line.read(registers.DEVICE_START, registers.DEVICE_COUNT) == {
        "drn": DRN,
        "device_status": codes.STATUS_LEDGER_FAULT,
        "device_reasons": codes.LEDGER_FAULT,
        "device_control_state": codes.DISCONNECTED,
        "known": 0x3C,
    }
    report = line.meter.report()
    assert (report["credit_wh"], report["energy_wh"], report["sequence"]) == (None, None, None)


def test_reversed_power_has_a_sign_where_the_register_has_one():
    line = Line()
    for w_x10, power_w, sdm_power in (
        (-5004, 500, -500.4),
        (-4, 0, -0.4),
        (5, 1, 0.5),
        (4, 0, 0.4),
    ):
        line.meter.sensed(reading(None, None, w_x10, None), False, True)
        found = line.read(registers.STATE_START, registers.STATE_COUNT)
        assert found["power_w"] == power_w
        assert abs(line.read(0x0C, 2, 4)["sdm_power"] - sdm_power) < 0.01
    line.meter.sensed(reading(None, None, -5004, None), False, True)
    assert line.meter.report()["power_w"] == -500
    assert line.meter.keys.short_code("814") == ("Power", "-500 W")


def test_what_the_board_cannot_measure_is_refused():
    line = Line()
    assert (
        line.unknown()
        == {
            "sdm_voltage",
            "sdm_current",
            "sdm_power",
            "sdm_frequency",
            "sdm_sum_power",
            "power_w",
            "restorations_left",
        }
        | STEP
        | ANSWER
    )
    for values, unknown in (
        (
            (None, None, 0, None),
            {"sdm_voltage", "sdm_current", "sdm_frequency"},
        ),
        ((0, 0, None, 0), {"sdm_power", "sdm_sum_power", "power_w"}),
        ((0, 0, 0, 0), set()),
    ):
        line.meter.sensed(reading(*values), False, False)
        assert line.unknown() == unknown | STEP | ANSWER | {"restorations_left"}
    line.meter.sensed(reading(None, None, 50, None), False, False)
    assert line.code("energy_wh", "drn") == 0  # a poll asks for no more than power
    assert line.ask(client.read_request(1, 4, 0x50, 8)).exception == 0  # a gap of the SDM's map
    line.meter.sensed(reading(0, 0, None, 0), False, False)
    assert line.code("energy_wh", "drn") == frame.SERVER_DEVICE_FAILURE
    assert line.code("energy_wh", "power_fail_count") == 0


def test_the_key_register_of_wrong_settings_is_not_made_up():
    assert Line(krn=0).unknown() >= KEY_REGISTER
    expected = codes.KNOWN_LEDGER | codes.KNOWN_KEY
    assert not Line(address=0).meter.known() & ~expected
    assert Line().unknown().isdisjoint(KEY_REGISTER)


def test_identification():
    line = Line()
    assert line.ask(client.identify_request(1, 2)).objects() == {
        0: "Tjugo",
        1: "prepaid-meter",
        2: "0.1.0",
        4: "Tjugo prepaid meter",
        5: "rig",
        6: DRN,
    }


def test_the_key_is_nowhere_on_the_bus():
    line = Line()
    answers = b""
    for start in range(0x0000, 0x1200, 2):
        for function in (3, 4):
            answers += bytes(line.ask(client.read_request(1, function, start, 2)).data)
    assert len(answers) > 100
    for i in range(len(KEY) - 3):
        assert KEY[i : i + 4] not in answers
