"""Malignant load: heaters beside other loads, and other loads that are like heaters."""

from malignant_rig import IDLE, on, part, run, switched

from meter.malignant.judge import OTHER, RESISTIVE

STEPS = 8  # from so many the gain is known as well as it can be
KNOWN = (switched(IDLE, on(IDLE, 1500)) + switched(on(IDLE, 1500), IDLE)[6:]) * STEPS


def after_known(loads, ms=500):
    """Return what was found for these loads after the part's gain is known."""
    found = run(KNOWN + loads, ms)
    assert found[:STEPS] == [(RESISTIVE, 1500)] * STEPS
    return found[STEPS:]


def test_a_cold_wire_takes_more_at_first():
    cold = part(IDLE, on(IDLE, 1040), 6)
    found = run([IDLE] * 6 + [cold, on(IDLE, 1010)] + [on(IDLE, 1000)] * 6)
    assert len(found) == 1 and found[0][0] == RESISTIVE


def test_a_halogen_heater_has_an_inrush_and_is_found():
    lamp = on(IDLE, 900)
    assert after_known([IDLE] * 6 + [(900, 1500000)] + [lamp] * 8) == [(RESISTIVE, 900)]
    universal = on(IDLE, 900, 55000)  # a motor of power factor 0.97
    assert after_known([IDLE] * 6 + [(900, 1500000)] + [universal] * 8) == [(OTHER, 900)]


def test_a_heater_begins_just_after_another_load_ended():
    heater = on((40, 1000), 1400)
    other = on((40, 1000), 1300)
    loads = [other] * 6 + [part((40, 1000), other, 1)] + [heater] * 6
    kinds = [kind for kind, _ in after_known(switched(IDLE, other)[6:] + loads)]
    assert kinds.count(RESISTIVE) == 2


def test_a_soft_start_whose_reactive_power_is_hidden_is_no_heater():
    before = (900, 250000)
    after = on(before, 1200, 6000)
    ramp = [(900 + 1200 * i // 4, 252000) for i in (1, 2, 3)]
    assert RESISTIVE not in [kind for kind, _ in after_known([before] * 9 + ramp + [after] * 8)]
    within = (1300, 120000)  # a third of the step, with less of I^2 than a resistance
    kinds = [kind for kind, _ in after_known([before] * 9 + [within] + [after] * 8)]
    assert RESISTIVE not in kinds


def test_a_small_step_beside_electronics_must_fit_closely():
    before = (250, 15000)
    for n2, expected in ((0, RESISTIVE), (-700, OTHER)):
        after = on(before, 230, n2)
        found = after_known(switched(before, after))
        assert found[-1][0] == expected, (n2, found)


def test_a_load_that_is_hidden_needs_less_room_where_the_gain_is_known():
    before = (1000, 60000)
    after = on(before, 600, 21000)  # power factor 0.97
    assert found_kind(run(switched(before, after))) != RESISTIVE
    assert found_kind(after_known(switched(before, after))) != RESISTIVE
    near = on(before, 600, -6000)
    assert found_kind(after_known(switched(before, near))) == RESISTIVE


def found_kind(found):
    """Return the kind of the last step found."""
    return found[-1][0]
