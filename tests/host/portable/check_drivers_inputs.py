"""Key pad, buttons, pulse input and S0 meter, with levels as caused by a hand or a meter."""

from heap_rig import heap_lock, heap_unlock

from drivers.buttons import BACK, HOLD, NEXT, Buttons
from drivers.key_queue import KeyQueue
from drivers.keypad_matrix import PHONE_KEYS, KeypadMatrix
from drivers.pulse_input import PulseInput
from drivers.s0_meter import S0Meter

NOBODY = 99


class Matrix:
    """The wires of a key pad: a pressed key joins its row and its column, both ways."""

    def __init__(self):
        self.levels = [1, 1, 1, 1]
        self.pressed = set()
        rows = [self._row(n) for n in range(4)]
        self.keypad = KeypadMatrix(rows, [self._column(n) for n in range(3)])

    def _row(self, number):
        def write(level):
            self.levels[number] = level

        return write

    def _column(self, number):
        def read():
            # What a low row pulls down: its columns, the rows these are joined to, and so on.
            rows = {row for row in range(4) if not self.levels[row]}
            columns = set()
            for _ in range(4):
                joined = {divmod(PHONE_KEYS.index(key), 3) for key in self.pressed}
                columns |= {column for row, column in joined if row in rows}
                rows |= {row for row, column in joined if column in columns}
            return 0 if number in columns else 1

        return read

    def scan(self, times, keys=""):
        self.pressed = set(keys)
        for _ in range(times):
            self.keypad.scan(20)
            assert self.levels == [1, 1, 1, 1], "a row stays down between scans"

    def got(self):
        text = ""
        while True:
            key = self.keypad.get()
            if key is None:
                return text
            text += key


def test_every_key_is_read_once():
    matrix = Matrix()
    for key in PHONE_KEYS:
        matrix.scan(5, key)
        matrix.scan(5)
    assert matrix.got() == PHONE_KEYS
    assert matrix.got() == ""


def test_bounce_is_no_key():
    matrix = Matrix()
    for _ in range(20):
        matrix.scan(1, "5")
        matrix.scan(1)
    assert matrix.got() == ""


def test_bounce_at_both_ends_of_a_press_gives_one_key():
    matrix = Matrix()
    for keys in ("5", "", "5", "5", "5", "", "5", "", "", ""):
        matrix.scan(1, keys)
    assert matrix.got() == "5"


def test_a_held_key_does_not_repeat():
    matrix = Matrix()
    matrix.scan(500, "7")
    assert matrix.got() == "7"


def test_a_second_key_counts_only_after_all_were_released():
    matrix = Matrix()
    matrix.scan(3, "1")
    matrix.scan(3, "12")
    matrix.scan(3, "2")
    assert matrix.got() == "1"
    matrix.scan(3)
    matrix.scan(3, "2")
    assert matrix.got() == "2"


def test_of_two_keys_pressed_together_none_counts():
    matrix = Matrix()
    matrix.scan(5, "15")
    matrix.scan(5, "1")
    matrix.scan(5)
    assert matrix.got() == ""


def test_three_keys_do_not_make_a_fourth():
    # 1, 3 and 7 are three corners of a rectangle; 9 is joined to them through the wires.
    matrix = Matrix()
    matrix.scan(10, "137")
    assert matrix.got() == ""


def test_a_timer_scans_keys_with_a_locked_heap_and_none_is_lost():
    """As a timer does, between any two instructions of the application."""
    matrix = Matrix()
    pressed = [NOBODY]

    def column(number):
        return lambda: (
            pressed[0] == NOBODY or pressed[0] % 3 != number or matrix.levels[pressed[0] // 3] != 0
        )

    pad = KeypadMatrix([matrix._row(n) for n in range(4)], [column(n) for n in range(3)])
    hand = Hand()
    pad.scan(15)
    hand.buttons.scan(15)
    heap_lock()
    try:
        for _ in range(3):
            for number in range(12):
                pressed[0] = number
                for _ in range(4):
                    pad.scan(15)
                pressed[0] = NOBODY
                for _ in range(4):
                    pad.scan(15)
        for level in (0, 0, 0, 0, 0, 1, 1, 1, 1, 1):
            hand.levels[0] = level
            hand.buttons.scan(15)
    finally:
        heap_unlock()
    got = [pad.get() for _ in range(17)]
    assert "".join(got[:16]) == (PHONE_KEYS * 2)[:16] and got[16] is None
    assert hand.buttons.get() == NEXT and hand.buttons.get() is None


def test_keys_of_60_ms_are_seen_by_a_scan_every_15():
    for start in range(15):
        matrix = Matrix()
        for ms in range(200):
            matrix.pressed = {"7"} if start + 20 <= ms < start + 80 else set()
            if ms % 15 == 0:
                matrix.keypad.scan(15)
        assert matrix.got() == "7", start


def test_a_queue_of_keys():
    queue = KeyQueue("abc", 2)
    assert queue.get() is None
    found = ""
    for number in range(20):
        assert queue.put(number % 3) and queue.put((number + 1) % 3) and not queue.put(2)
        found += queue.get() + queue.get()
        assert queue.get() is None
    assert found[:6] == "abbcca"


def test_keys_nobody_fetches_are_kept_up_to_16():
    matrix = Matrix()
    for _ in range(20):
        matrix.scan(3, "4")
        matrix.scan(3)
    assert matrix.got() == "4" * 16


class Line:
    """An S0 line sampled every `step` ms."""

    def __init__(self, step=5):
        self.level = 1
        self.step = step
        self.input = PulseInput(lambda: self.level)

    def hold(self, level, ms):
        self.level = level
        for _ in range(ms // self.step):
            self.input.scan(self.step)
        return self.input.value()


def test_pulses_of_30_ms_are_counted():
    for step in (1, 5, 10):
        line = Line(step)
        for number in range(1, 20):
            assert line.hold(0, 30) == number
            assert line.hold(1, 30) == number


def test_spikes_and_gaps_shorter_than_10_ms_are_not():
    line = Line()
    for _ in range(50):
        line.hold(0, 5)
        assert line.hold(1, 5) == 0
    line.hold(0, 30)
    for _ in range(50):
        line.hold(1, 5)
        assert line.hold(0, 5) == 1
    return line.input.value()


def test_a_line_that_is_low_at_the_start_is_no_pulse():
    line = Line()
    line.level = 0
    line.input = PulseInput(lambda: line.level)
    assert line.hold(0, 100) == 0
    line.hold(1, 100)
    assert line.hold(0, 100) == 1


class Counter:
    def __init__(self, start=0):
        self.count = start

    def value(self):
        return self.count & 0xFFFFFFFF


def test_pulses_are_handed_out_up_to_the_limit_and_none_is_lost():
    counter = Counter(1000)
    meter = S0Meter(counter)
    assert meter.take(10) == 0
    counter.count += 25
    assert [meter.take(10) for _ in range(4)] == [10, 10, 5, 0]


def test_a_counter_that_wraps_loses_nothing():
    counter = Counter(0xFFFFFFFE)
    meter = S0Meter(counter)
    counter.count += 5
    assert meter.take(100) == 5


def test_a_counter_that_falls_back_counts_no_pulses():
    for before, after in ((1000, 0), (10, 9), (3000000000, 5), (0x7FFFFFFF, 0x80100000)):
        counter = Counter(before)
        meter = S0Meter(counter)
        counter.count = after
        meter.elapsed(20)
        assert meter.take(1 << 40) == 0, (before, after)
        assert meter.reading.w_x10 == 0
        counter.count += 3
        assert meter.take(1 << 40) == 3


def power_after(watts, seconds, meter, counter, constant=1000):
    """Run a steady load, with a pulse whenever its energy is full; return the power, 0.1 W."""
    due = w_ms = 3600000000 // constant
    energy = 0
    for _ in range(seconds * 50):
        energy += watts * 20
        while energy >= due:
            energy -= w_ms
            counter.count += 1
        meter.elapsed(20)
    return meter.reading.w_x10


def test_power_is_right_within_two_percent():
    shown = []
    for watts in (100, 500, 2000, 9000, 20000):
        counter = Counter()
        meter = S0Meter(counter)
        power = power_after(watts, 180, meter, counter)
        assert abs(power - 10 * watts) * 50 <= 10 * watts, (watts, power)
        shown.append(power)
    return shown


def test_power_sinks_when_the_load_is_off():
    counter = Counter()
    meter = S0Meter(counter)
    before = meter.reading.number
    assert power_after(3000, 60, meter, counter) > 29000
    assert meter.reading.number != before
    assert power_after(0, 60, meter, counter) <= 600


def test_what_pulses_do_not_tell_is_unknown():
    counter = Counter()
    meter = S0Meter(counter)
    kept = meter.reading
    power_after(3000, 10, meter, counter)
    assert meter.reading is kept
    unknown = (kept.mv, kept.ma, kept.neutral_ma, kept.var_x10, kept.pf_x1000, kept.hz_x100)
    assert unknown == (None,) * 6
    assert meter.take_export() == 0


class Hand:
    """Two buttons, low while pressed, scanned every 20 ms."""

    def __init__(self):
        self.levels = [1, 1]
        self.buttons = Buttons([lambda: self.levels[0], lambda: self.levels[1]])

    def hold(self, button, ms, level=0):
        self.levels[button] = level
        for _ in range(ms // 20):
            self.buttons.scan(20)
        return self.got()

    def release(self, button, ms=200):
        return self.hold(button, ms, 1)

    def got(self):
        text = ""
        while True:
            key = self.buttons.get()
            if key is None:
                return text
            text += key


def test_a_short_press_counts_at_its_end_and_a_long_one_after_3_seconds():
    hand = Hand()
    for button, short in ((0, NEXT), (1, BACK)):
        for ms in (40, 500, 2980):
            assert hand.hold(button, ms) == ""
            assert hand.release(button) == short
        assert hand.hold(button, 2980) == ""
        assert hand.hold(button, 20) == HOLD
        assert hand.hold(button, 60000) == "", "once"
        assert hand.release(button) == ""


def test_bounce_of_a_button_is_no_press():
    hand = Hand()
    assert hand.hold(0, 20) + hand.release(0) == ""
    hand.hold(0, 1000)
    for _ in range(3):  # the contact opens for a moment
        assert hand.release(0, 20) == ""
        assert hand.hold(0, 600) == ""
    assert hand.hold(0, 260) == HOLD
    assert hand.release(0, 20) + hand.hold(0, 40) + hand.release(0) == ""


def test_presses_wait_in_a_queue_with_an_end():
    hand = Hand()
    for _ in range(20):
        for level in (0, 1):
            hand.levels[0] = level
            for _ in range(5):
                hand.buttons.scan(20)
    assert hand.got() == NEXT * 8
