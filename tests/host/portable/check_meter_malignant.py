"""Malignant load: the step detector on the hard cases, and the feature's restorations."""

from meter_rig import Memory, PowerCut, meter

from drivers.reading import Reading
from meter.malignant.judge import HALF_WAVE, OTHER, RESISTIVE, apparent, threshold
from meter.malignant.steps import Steps
from meterbus import codes

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """See above."""


VOLTS = 230


def sense(reading, load, gives="vi"):
    """Make `reading` that of a load (P in W, N^2, V or 230). gives: v, i, p (power factor).

    The power is never the same twice: a part that gives the same values has not measured anew.
    """
    w, n2 = load[:2]
    volts = load[2] if len(load) > 2 else VOLTS
    s_x100 = isqrt_big((w * w + n2) * 10000)
    reading.clear()
    reading.w_x10 = 10 * w + (reading.number & 1)
    if "v" in gives:
        reading.mv = 1000 * volts
    if "i" in gives:
        reading.ma = s_x100 * 10 // volts
    if "p" in gives:
        reading.pf_x1000 = 100000 * w // s_x100 if s_x100 else 1000
    reading.changed()
    return reading


def isqrt_big(value):
    """Return the integer square root of any integer."""
    root = value
    while root * root > value:
        root = (root + value // root) // 2
    return root


def run(loads, ms=500, gives="vi", low_w=180, steps=None):
    """Return what the detector found for these loads, one a sample; None is a missing one."""
    steps = steps or Steps(low_w, threshold(990))
    reading = Reading()
    found = []
    for load in loads:
        if load is None:
            reading.clear()
        elif load != "again":
            sense(reading, load, gives)
        kind = steps.sample(ms, reading)
        if kind:
            found.append((kind, (steps.step_x10 + 5) // 10))
    return found


def part(before, after, tenths):
    """Return the sample of which `tenths` are after the step: P and I^2 have the same part."""
    w = (before[0] * (10 - tenths) + after[0] * tenths) // 10
    s2 = [one[0] * one[0] + one[1] for one in (before, after)]
    return w, max(0, (s2[0] * (10 - tenths) + s2[1] * tenths) // 10 - w * w)


IDLE = (100, 10000)
LAPTOP = (150, 40000)


def on(before, watts, n2=0):
    """Return the load `before` and a resistance."""
    return before[0] + watts, before[1] + n2


def switched(before, after, tenths=4, count=8):
    return [before] * 6 + [part(before, after, tenths)] + [after] * count


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


# The feature


def device(memory=None, **changes):
    given = {"mode": 2, "restore_s": 60, "restorations": 2}
    given.update(changes)
    return meter(memory, malignant=given)


class Indexed(Reading):
    """A Reading whose values can be had as (mV, mA, W, Hz * 100) too."""

    def __getitem__(self, i):
        return (self.mv, self.ma, self.w_x10 // 10, self.hz_x100)[i]


def plug(one, watts=1000):
    """Switch a heater on at an idle meter."""
    reading = Indexed()
    for load in [IDLE] * 6 + [on(IDLE, watts)] * 8:
        one.elapsed(500, 500)
        one.sensed(sense(reading, load), False, True)


def reasons(one):
    one.pulses(0)
    return one.supply.reasons & (codes.MALIGNANT_LOAD | codes.MALIGNANT_LOCKED)


def test_modes():
    for mode, expected in ((0, 0), (1, 0), (2, codes.MALIGNANT_LOAD)):
        one = device(mode=mode)
        plug(one)
        assert reasons(one) == expected
        assert bool(one.status() & codes.STATUS_MALIGNANT) == (mode > 0)
        one.elapsed(61000, 61000)
        assert reasons(one) == 0 and not one.status() & codes.STATUS_MALIGNANT


def test_off_by_default():
    one = meter()
    plug(one)
    assert reasons(one) == 0 and not one.known() & codes.KNOWN_STEP


def test_a_part_that_cannot_tell_is_named():
    one = device()
    reading = Indexed()
    for gives, text in (("vi", "2"), ("", "Not supported"), ("vi", "2")):
        one.elapsed(500, 500)
        one.sensed(sense(reading, on(IDLE, 1000), gives), False, True)
        assert bool(one.known() & codes.KNOWN_MALIGNANT) == (gives == "vi")
        assert one.keys.short_code("871") == ("Restorations", text)


def test_intervals_leave_a_permitted_heater_out():
    one = device(low_w_1=180, high_w_1=900, low_w_2=1100, high_w_2=3000)
    plug(one, 1000)
    assert reasons(one) == 0 and one.keys.short_code("870") == ("Last step", "1000 W pf 1.00")
    plug(one, 1500)
    assert reasons(one)


def test_wrong_parameters_are_reported():
    for given, wrong in (
        ({"mode": 3}, "malignant.mode"),
        ({"mode": True}, "malignant.mode"),
        ({"pf_x1000": 1001}, "malignant.pf_x1000"),
        ({"low_w_1": 900, "high_w_1": 800}, "malignant.high_w_1"),
        ({"modus": 1}, "malignant has an unknown name"),
        ([], "malignant"),
    ):
        assert meter(malignant=given).settings.wrong == wrong
    assert meter(malignant={}).settings.wrong == ""


def test_restorations_and_the_lock():
    memory = Memory()
    one = device(memory)
    for left in (1, 0):
        plug(one)
        assert reasons(one) == codes.MALIGNANT_LOAD
        assert one.display().label == "Heater found"
        one.elapsed(60000, 60000)
        assert reasons(one) == 0 and one.keys.short_code("871") == ("Restorations", "%d" % left)
    plug(one)
    assert reasons(one) == codes.MALIGNANT_LOCKED
    one.elapsed(3 * 86400 * 1000, 1000)
    one = device(memory)
    assert reasons(one) == codes.MALIGNANT_LOCKED
    assert one.keys.short_code("871") == ("Restorations", "Ask operator")
    for by in ("", None, "x" * 41):
        assert one.malignant.restore(by) is False
    assert one.malignant.restore("A. Meyer") is True
    assert one.malignant.restore("A. Meyer") is False
    assert reasons(one) == 0 and one.malignant.left() == 2
    assert reasons(device(memory)) == 0


def test_a_day_later_the_restorations_are_back():
    one = device()
    plug(one)
    one.elapsed(60000, 60000)
    assert one.malignant.left() == 1
    one.elapsed(86400 * 1000 - 75000, 1000)
    assert one.malignant.left() == 1
    one.elapsed(75000, 1000)
    assert one.malignant.left() == 2


def test_power_cuts_neither_shorten_the_wait_nor_clear_the_lock():
    memory = Memory()
    one = device(memory)
    plug(one)
    for _ in range(5):
        one.elapsed(50000, 50000)
        one = device(memory)
        assert reasons(one) == codes.MALIGNANT_LOAD
    for cut in range(0, 257, 16):
        image = Memory(memory.data)
        one = device(image)
        image.cut_after = cut
        try:
            one.elapsed(60000, 60000)
        except PowerCut:
            pass
        image.cut_after = None
        again = device(image)
        if reasons(again):
            assert again.malignant.left() == 2
        else:
            assert again.malignant.left() == 1
