"""What the detector learns of a metering part, and what it decides by that."""

from malignant_rig import IDLE, on, part, run, switched

from meter.malignant.gain import GAIN, Gain
from meter.malignant.judge import HALF_WAVE, OTHER, RESISTIVE, clean


def learned(*shown):
    """Return a gain after steps that show these tan2, from nothing to 1000 W."""
    gain = Gain()
    for tan2 in shown:
        gain.forget()
        gain.show(tan2, 10000, 0)
        gain.learn()
    return gain


def test_the_gain_is_the_mean_of_what_steps_show():
    assert (learned().value, learned().steps) == (0, 0)
    assert learned(8).value == 8 * GAIN
    assert learned(8, 0).value == 4 * GAIN
    assert learned(8, 0, 4).value == 4 * GAIN
    assert learned(1000).value == learned(15).value  # no part is as wrong as that
    return learned(3, 4, 5, 6, 7, 8, 9, 10, 11).value


def test_a_step_is_learned_once():
    gain = learned(8)
    gain.forget()
    gain.learn()
    assert (gain.value, gain.steps) == (8 * GAIN, 1)


def test_each_step_leaves_less_doubt():
    doubts = [learned(*[0] * steps).doubt(10000, 100000) for steps in range(10)]
    assert doubts[0] > doubts[1] > doubts[2] > doubts[3] > doubts[8] == doubts[9]
    return doubts


def test_a_step_after_which_there_are_only_resistances():
    limit = 20
    assert clean(0, 15, limit, 0, True, False)
    assert not clean(0, 25, limit, 0, True, False)  # too much doubt,
    assert clean(0, 25, limit, 10, True, False)  # unless N was there before, and is gone
    assert not clean(15, 10, limit, 0, True, False)
    assert clean(10, 15, limit, 0, False, True)
    assert not clean(10, 15, limit, 0, False, False)
    assert not clean(-30, 20, limit, 0, True, True)  # S below P by more than the part's error


def test_a_heater_within_two_samples():
    heater = on(IDLE, 900)
    for one, two in ((2, 7), (4, 9)):
        loads = [IDLE] * 6 + [part(IDLE, heater, one), part(IDLE, heater, two)] + [heater] * 6
        found = run(loads)
        assert found and found[0][0] == RESISTIVE, (one, two, found)
        ramp = [(w, n2 + 40000) for w, n2 in loads[6:8]]
        found = run(loads[:6] + ramp + [(heater[0], heater[1] + 40000)] * 6)
        assert not found or found[0][0] == OTHER, found


def test_a_half_wave_beside_missing_samples_may_be_a_motor():
    half = on(IDLE, 500, 250000)
    assert run(switched(IDLE, half))[-1][0] == HALF_WAVE
    lost = [IDLE] * 6 + [None, None] + [half] * 6
    assert all(kind < HALF_WAVE for kind, _ in run(lost))
