"""FRAM and display drivers against register traffic according to their data sheets."""

from replay import Recorder, Replay

from drivers.display_layout import MESSAGE
from drivers.fram_mb85rc256v import SIZE, Fram
from drivers.hd44780_pcf8574 import Hd44780

FRAM = 0x50
LCD = 0x27
LAST = SIZE - 1


def raises(kind, function, *arguments):
    try:
        function(*arguments)
    except kind:
        return True
    return False


def test_fram_reads_and_writes_at_16_bit_addresses():
    bus = Replay(
        [
            ("writeto_mem", FRAM, 0x0100, b"token"),
            ("readfrom_mem", FRAM, 0x0100, b"token"),
            ("writeto_mem", FRAM, LAST - 2, b"ab"),
        ]
    )
    fram = Fram(bus)
    fram.write(0x0100, b"token")
    buf = bytearray(5)
    fram.read(0x0100, buf)
    assert buf == b"token"
    fram.write(LAST - 2, b"ab")
    assert bus.done()


def test_fram_does_not_wrap_around():
    fram = Fram(Replay([]))
    assert raises(ValueError, fram.write, LAST - 1, b"ab")
    assert raises(ValueError, fram.read, -1, bytearray(1))
    assert raises(ValueError, fram.read, 0, bytearray(SIZE))


def test_fram_that_does_not_answer():
    fram = Fram(Replay([("missing", FRAM)] * 4))
    assert not fram.present()
    assert not fram.writable()
    assert raises(OSError, fram.write, 0, b"a")
    assert raises(OSError, fram.read, 0, bytearray(1))


def test_fram_with_write_protect_answers_but_does_not_keep():
    kept = ("readfrom_mem", FRAM, LAST, b"\x55")
    tried = ("writeto_mem", FRAM, LAST, b"\xaa")
    bus = Replay([kept, tried, kept])
    assert not Fram(bus).writable()
    assert bus.done()
    assert Fram(Replay([kept, tried, ("readfrom_mem", FRAM, LAST, b"\xaa")])).writable()


def nibble(high, rs=0):
    """Return the writes of a nibble to the expander: with E, then without, backlight on."""
    return bytes((high << 4 | 0x0C | rs, high << 4 | 0x08 | rs))


def byte(value, rs=0):
    return nibble(value >> 4, rs) + nibble(value & 15, rs)


def line(row, text):
    data = byte(0x80 | row << 6) + b"\x08\x09"
    for char in text:
        data += byte(ord(char), 1)
    return ("writeto", LCD, data)


# Hitachi's figure 24, "4-bit interface": three times 3, once 2, then function set and the rest.
WAKE = [("writeto", LCD, nibble(n)) for n in (3, 3, 3, 2)]
SET_UP = [("writeto", LCD, byte(c)) for c in (0x28, 0x08, 0x01, 0x06, 0x0C)]


class Items:
    """A message of two texts."""

    kind = MESSAGE
    status = detail = ""
    progress = serial = 0
    result = -1


class Display:
    def __init__(self, recording):
        self.bus = Replay(recording)
        self.slept = []
        self.display = Hd44780(self.bus, self.slept.append)
        self.items = Items()

    def show(self, label, value):
        items = self.items
        if items.serial == 0 or (label, value) != (items.label, items.value):
            items.label, items.value = label, value
            items.serial += 1
        self.display.show(items)
        return self.display.working


def test_display_starts_and_writes_a_line_a_call():
    one, two = "Credit   9.99kWh", "Load 230 W      "
    on = Display(WAKE + SET_UP + [line(0, one), line(1, two)])
    assert on.show(one, two) and not on.bus.done()
    assert on.show(one, two) and on.bus.done()
    # 4.1 ms after the first, 1.52 ms after clear, and 100 us after the second at least.
    assert on.slept[0] >= 5 and on.slept[1] >= 1 and on.slept[6] >= 2
    assert on.show(one, two), "nothing to do is nothing sent"


def test_display_sends_only_the_line_that_changed():
    a, b, c = "a" * 16, "b" * 16, "c" * 16
    on = Display(WAKE + SET_UP + [line(0, a), line(1, b), line(1, c)])
    on.show(a, b)
    on.show(a, b)
    on.show(a, c)
    assert on.bus.done()


def test_display_cuts_and_fills_to_16_and_replaces_what_is_not_ascii():
    on = Display(WAKE + SET_UP + [line(0, "0123456789abcdef"), line(1, "e?" + " " * 14)])
    on.show("0123456789abcdefXYZ", "\u00e9\u20ac")
    on.show("0123456789abcdefXYZ", "\u00e9\u20ac")
    assert on.bus.done()


def test_display_that_is_missing_holds_nothing_up_and_is_asked_again():
    text = "x" * 16
    on = Display([("missing", LCD)] + WAKE + SET_UP + [line(0, text)])
    calls = 1
    assert not on.show(text, "")
    while not on.show(text, ""):
        calls += 1
        assert calls < 1000
    assert on.bus.done()
    return calls


def test_display_that_was_pulled_off_is_written_anew():
    text = "x" * 16
    again = WAKE + SET_UP + [line(0, "y" * 16), line(1, text)]
    on = Display(WAKE + SET_UP + [line(0, text), line(1, text), ("missing", LCD)] + again)
    on.show(text, text)
    on.show(text, text)
    assert not on.show("y" * 16, text)
    calls = 0
    while not on.bus.done():
        on.show("y" * 16, text)
        calls += 1
        assert calls < 1000


def test_what_a_recorder_wrote_down_can_be_played():
    recording = [
        ("writeto_mem", FRAM, 3, b"ab"),
        ("readfrom_mem", FRAM, 3, b"ab"),
        ("writeto", LCD, b"\x08"),
        ("missing", LCD),
    ]
    recorder = Recorder(Replay(recording))
    recorder.writeto_mem(FRAM, 3, b"ab", addrsize=16)
    recorder.readfrom_mem_into(FRAM, 3, bytearray(2), addrsize=16)
    recorder.writeto(LCD, b"\x08")
    assert raises(OSError, recorder.writeto, LCD, b"\x08")
    assert recorder.recording == recording


def test_replay_refuses_what_was_not_recorded():
    fram = Fram(Replay([("writeto_mem", FRAM, 0, b"a")]))
    assert raises(AssertionError, fram.write, 1, b"a")
    assert raises(AssertionError, fram.write, 1, b"a"), "after the end"
