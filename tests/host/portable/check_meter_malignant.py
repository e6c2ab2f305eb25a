"""Malignant load: the feature's restorations; check_meter_malignant_steps.py has its detector."""

from malignant_rig import IDLE, on, sense
from meter_rig import Memory, PowerCut, meter

from drivers.reading import Reading
from meterbus import codes


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


def test_an_alarm_that_waits_does_not_silence_the_next_heater():
    one = device(mode=1)
    plug(one)
    plug(one, 2000)
    entries = [one.events.entry(n) for n in range(1, one.events.sequence + 1)]
    found = [entry[2] for entry in entries if entry[1] == codes.EVENT_MALIGNANT]
    assert len(found) == 2 and found[0] < 1100 < 1900 < found[1], found


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
    assert one.malignant.restore() is True
    assert one.malignant.restore() is False
    assert reasons(one) == 0 and one.malignant.left() == 2


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
