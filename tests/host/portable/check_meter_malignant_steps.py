"""Malignant load: the step detector on the hard cases."""

from heap_rig import heap_lock, heap_unlock
from malignant_rig import IDLE, isqrt_big, on, run, sense, switched

from drivers.reading import Reading
from meter.malignant.judge import HALF_WAVE, OTHER, RESISTIVE, apparent, threshold
from meter.malignant.steps import Steps

LAPTOP = (150, 40000)


def test_a_heater_is_found_with_every_part_and_interval():
    for gives in ("vi", "vp", "vip"):
        for ms in (400, 500, 1000):
            for watts in (220, 500, 1000, 2000):
                for tenths in (0, 1, 5, 9):
                    loads = switched(IDLE, on(IDLE, watts), tenths)
                    assert run(loads, ms, gives) == [(RESISTIVE, watts)], (gives, ms, watts)


def test_a_slow_part_needs_two_intervals():
    assert run(switched(IDLE, on(IDLE, 1000)), 2000) == [(RESISTIVE, 1000)]


def test_without_apparent_power_nothing_is_found():
    loads = switched(IDLE, on(IDLE, 1000), 4, 14)
    for gives in ("", "v", "i", "p"):
        assert run(loads, 500, gives) == [], gives
    reading = Reading()
    reading.together = False
    assert apparent(sense(reading, IDLE)) is None


def test_samples_that_are_not_measured_anew():
    for ms, times in ((400, 2), (60, 12)):
        loads = []
        for load in switched(IDLE, on(IDLE, 1000)):
            loads += [load] + ["again"] * (times - 1)
        assert run(loads, ms) == [(RESISTIVE, 1000)], ms


def test_reactive_power_that_stays_shows_a_heater_beside_a_heavy_load():
    def found(var):
        steps, reading, kinds = Steps(180, threshold(990)), Reading(), []
        for i in range(16):
            w, s2 = (1000, 1500000) if i < 6 else (1300, 2190000)
            reading.mv, reading.w_x10 = 230000, 10 * w + i % 2
            reading.ma = isqrt_big(s2 * 1000000) // 230
            reading.var_x10 = 2000 if i < 6 else 2000 + var
            kinds.append(steps.sample(500, reading))
        return RESISTIVE in kinds

    assert found(0) and found(10) and not found(400) and not found(-400)


def test_the_decision_comes_within_three_seconds():
    for ms, most in ((400, 7), (500, 6), (1000, 3)):
        loads = switched(IDLE, on(IDLE, 1000), 1)
        steps = Steps(180, threshold(990))
        reading = Reading()
        kinds = [steps.sample(ms, sense(reading, load)) for load in loads]
        assert kinds.index(RESISTIVE) - 6 < most


def test_other_loads_are_not_heaters():
    for watts, n2 in ((300, 60000), (1200, 160000), (400, 20000), (600, 3 * 360000)):
        after = on(IDLE, watts, n2)
        kinds = [kind for kind, _ in run(switched(IDLE, after))]
        assert RESISTIVE not in kinds and HALF_WAVE not in kinds, (watts, n2)


def test_an_inrush_is_no_heater():
    motor = (700, 360000)
    peak = (1500, 4000000)
    assert run([IDLE] * 6 + [peak] + [motor] * 8) == [(OTHER, 600)]


def test_two_appliances_at_once():
    both = on(IDLE, 1500 + 60, 2500)  # a laptop with the kettle
    assert run(switched(IDLE, both)) == [(RESISTIVE, 1560)]
    two = switched(IDLE, on(IDLE, 2000)) + switched(on(IDLE, 2000), on(IDLE, 2600))[6:]
    assert run(two) == [(RESISTIVE, 2000), (RESISTIVE, 600)]


def test_a_slow_ramp_is_no_step_and_hides_none():
    ramp = [IDLE] * 6 + [(100 + 40 * i, 10000) for i in range(1, 15)]
    assert run(ramp + [ramp[-1]] * 8) == []
    quick = [IDLE] * 6 + [(100 + 150 * i, 10000) for i in range(1, 6)] + [(850, 10000)] * 8
    assert RESISTIVE not in [kind for kind, _ in run(quick)]
    lamp = (350, 30000)
    found = run(ramp + [lamp] * 6 + switched(lamp, on(lamp, 900)))
    assert found[-1] == (RESISTIVE, 900)


def test_a_thermostat_is_found_each_time():
    cycle = switched(IDLE, on(IDLE, 1200)) + switched(on(IDLE, 1200), IDLE)[6:]
    assert run(cycle * 3) == [(RESISTIVE, 1200)] * 3


def test_a_heater_behind_a_diode_and_the_diode_bridged():
    half = on(LAPTOP, 500, 250000)
    found = run(switched(LAPTOP, half) + switched(half, on(LAPTOP, 1000))[6:])
    assert found == [(HALF_WAVE, 500), (RESISTIVE, 500)]


def test_a_laptop_on_top_of_a_heater_is_nothing():
    heater = on(IDLE, 2000)
    assert run([heater] * 30 + switched(heater, on(heater, 65, 8000))[6:])[1:] == []


def test_a_dip_of_the_voltage_is_no_step():
    heater = (2000, 0, 230)
    dip = (2000 * 196 * 196 // (230 * 230), 0, 196)
    warm = [heater] * 20
    for length in (1, 2, 5, 20):
        assert run(warm + [dip] * length + [heater] * 10)[1:] == [], length


def test_noise_is_no_step():
    state = 1
    loads = []
    for _ in range(400):
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        loads.append((2000 + (state >> 16) % 25, 40000))
    assert run(loads)[1:] == []


def test_missing_samples():
    heater = on(IDLE, 1000)
    assert run([IDLE] * 6 + [None] * 2 + [heater] * 8) == [(RESISTIVE, 1000)]
    assert run([IDLE] * 6 + [None] * 20 + [heater] * 8) == []
    assert run([IDLE] * 3 + [None] + [IDLE] * 3 + switched(IDLE, heater)) == [(RESISTIVE, 1000)]


def test_everything_at_once_when_the_supply_closes():
    off = (0, 0)
    fridge = (400, 200000)
    steps = Steps(180, threshold(990))
    assert run(switched(fridge, on(fridge, 1000)), steps=steps) == [
        (OTHER, 400),
        (RESISTIVE, 1000),
    ]
    steps.hold()
    still = run([off] * 6 + [(2500, 4000000)] + [on(fridge, 1000)] * 8, steps=steps)
    assert still == [(RESISTIVE, 1000)]
    steps.hold()
    assert run([off] * 6 + [(2500, 4000000)] + [fridge] * 8, steps=steps) == []


def test_the_apparent_power_of_every_part():
    reading = Reading()
    for load in ((1000, 0), (400, 90000), (12000, 25000000)):
        expected = isqrt_big((load[0] * load[0] + load[1]) * 100)
        for gives in ("vi", "vp"):
            assert abs(apparent(sense(reading, load, gives)) - expected) <= expected // 200 + 2
    assert apparent(sense(reading, (300, 0), "v")) is None
    assert apparent(sense(reading, (0, 0), "v")) in (0, 1)


def test_nothing_is_allocated():
    steps = Steps(180, threshold(990))
    reading = Reading()
    heater = on(IDLE, 1000)
    cycle = switched(IDLE, heater) + switched(heater, on(heater, 300, 90000))[6:] + [None] * 2
    found = 0
    for load in cycle * 2:
        if load is None:
            reading.clear()
        else:
            sense(reading, load)
        heap_lock()
        kind = steps.sample(500, reading)
        heap_unlock()
        found += kind == RESISTIVE
    assert found == 2


def test_the_same_results_on_every_runtime():
    state = 7
    steps = Steps(100, threshold(985))
    reading = Reading()
    w, n2 = IDLE
    seen = []
    for i in range(3000):
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        pick = state >> 12
        if pick % 7 == 0:
            w = 50 + (pick >> 4) % 4000
            n2 = (pick >> 3) % 3 * (w * w // 8)
        kind = steps.sample(300 + pick % 900, sense(reading, (w + pick % 5, n2)))
        if kind:
            seen.append((i, kind, steps.step_x10, steps.pf_x1000))
    assert len(seen) > 20
    return seen
