"""Display drivers against chips that decode what they receive: what a person sees."""

from display_chips import Bus, Hd44780Chip, Items, OledChip, Tm1637Chip
from heap_rig import heap_lock, heap_unlock

from drivers.display_layout import (
    ALARM,
    ENTRY,
    MESSAGE,
    STATE,
    VALUE,
    lines,
    pair,
    plain,
    squeezed,
)
from drivers.hd44780_pcf8574 import Hd44780
from drivers.sh1106 import Sh1106
from drivers.ssd1306 import Ssd1306
from drivers.tm1637 import Tm1637
from sts_portable import results

CALLS = 20  # more than any display needs for all that it shows
TOKEN = "12345678901234567890"


def settle(display, items):
    for _ in range(CALLS):
        display.show(items)
    assert display.working


def state(items, value="20.00 kWh", status="On", detail="2000 W"):
    return items.put(STATE, "Credit", value, status, detail)


def entry(items, digits, hint=""):
    return items.put(ENTRY, "Token", digits, hint, "", len(digits))


def hd44780(columns, rows):
    chip = Hd44780Chip()
    bus = Bus(chip, 0x27)
    return chip, bus, Hd44780(bus, lambda _ms: None, 0x27, columns, rows)


def test_lcd_16x2():
    chip, _, display = hd44780(16, 2)
    items = Items()
    for change, seen in (
        (lambda: state(items), ["Credit  20.00kWh", "On        2000 W"]),
        (lambda: state(items, "0.00 kWh", "Off", "No credit"),
         ["Credit   0.00kWh", "Off No credit   "]),
        (lambda: state(items, "---", "Relay fault", ""), ["Credit       ---", "Relay fault     "]),
        (lambda: state(items, "-2147483.64 kWh"), ["Credit  -2147483", "On        2000 W"]),
        (lambda: entry(items, "123"), ["123             ", "                "]),
        (lambda: entry(items, "1234567"), ["1234 567        ", "            7/20"]),
        (lambda: entry(items, TOKEN[:18]), ["1234 5678 9012  ", "3456 78    18/20"]),
        (lambda: entry(items, TOKEN, "#enter"), ["1234 5678 9012  ", "3456 7890 #enter"]),
        (lambda: entry(items, TOKEN, "20 max"), ["1234 5678 9012  ", "3456 7890 20 max"]),
        (lambda: items.put(MESSAGE, "Trop de cr\u00e9dit", "OverflowError"),
         ["Trop de credit  ", "OverflowError   "]),
        (lambda: items.put(ALARM, "Memory fault", "Token not taken"),
         ["Memory fault    ", "Token not taken "]),
        (lambda: items.put(VALUE, "8" * 16, "8" * 16), ["8" * 16] * 2),
    ):  # fmt: skip
        change()
        settle(display, items)
        assert chip.seen(16, 2) == seen, chip.seen(16, 2)


def test_lcd_20x4():
    chip, _, display = hd44780(20, 4)
    items = Items()
    for change, seen in (
        (lambda: state(items), ["Credit     20.00 kWh", "", "On            2000 W", ""]),
        (lambda: entry(items, TOKEN[:17]),
         ["Token          17/20", "1234 5678 9012 3456", "7", ""]),
        (lambda: entry(items, TOKEN, "#enter"),
         ["Token          20/20", "1234 5678 9012 3456", "7890", "#enter"]),
        (lambda: items.put(MESSAGE, "Used", "UsedError"), ["", "Used", "UsedError", ""]),
    ):  # fmt: skip
        change()
        settle(display, items)
        assert [line.rstrip() for line in chip.seen(20, 4)] == seen, chip.seen(20, 4)


def displays():
    """Return (display, chip's bus or pins, traffic()) of each kind."""
    found = []
    for columns, rows in ((16, 2), (20, 4)):
        _, bus, display = hd44780(columns, rows)
        found.append((display, bus, lambda bus=bus: len(bus.sent)))
    for made, chip, height in (
        (Ssd1306, OledChip(), 64),
        (Ssd1306, OledChip(pages=4), 32),
        (Sh1106, OledChip(132, first=2), 64),
    ):
        bus = Bus(chip, 0x3C)
        found.append((made(bus, height=height), bus, lambda bus=bus: len(bus.sent)))
    chip = Tm1637Chip()
    found.append((Tm1637(chip.clock, chip.data), chip, lambda: chip.edges))
    return found


def test_nothing_is_sent_and_nothing_allocated_while_nothing_changes():
    for display, _, traffic in displays():
        items = state(Items())
        settle(display, items)
        before = traffic()
        heap_lock()
        try:
            for _ in range(CALLS):
                display.show(items)
        finally:
            heap_unlock()
        assert traffic() == before, display
        state(items, "19.99 kWh")
        settle(display, items)
        assert traffic() > before


def test_a_call_sends_a_line_or_a_page_at_most():
    for display, bus, _ in displays()[:-1]:
        items = state(Items())
        display.show(items)  # starts it
        for _ in range(CALLS):
            bus.sent = []
            display.show(items)
            assert sum(bus.sent) <= 4 + 129
    return True


def test_a_missing_display_holds_nothing_up_and_is_written_when_it_is_there():
    for display, chip, traffic in displays():
        items = state(Items())
        chip.missing = True
        for _ in range(3):
            display.show(items)
        assert not display.working
        before = traffic()
        for _ in range(10):
            display.show(items)
        assert traffic() == before
        chip.missing = False
        for _ in range(60):
            display.show(items)
        settle(display, items)
        if not hasattr(chip, "sent"):
            assert chip.seen() == " 20.00h"


def oled(height=64):
    chip = OledChip(pages=height // 8)
    return chip, Ssd1306(Bus(chip, 0x3C), height=height)


def test_oled_64():
    chip, display = oled()
    items = Items()
    settle(display, state(items))
    assert chip.settings[0x8D] == 0x14 and chip.settings[0xDA] == 0x12
    assert chip.text(0, 1) == "Credit" and chip.text(8, 2) == "20.00 kWh"
    assert chip.text(32, 2) == "On" and chip.text(48, 2) == "2000 W"
    settle(display, state(items, "---", "Coup\u00e9", "D\u00e9faut m\u00e9moire"))
    assert chip.text(8, 2) == "---" and chip.text(32, 2) == "Coupe"
    assert chip.text(48, 1) == "Defaut memoire"
    settle(display, items.put(MESSAGE, "Expired", "KeyExpiredError"))
    assert chip.text(8, 2) == "Expired" and chip.text(32, 1) == "KeyExpiredError"
    return chip.art()


def test_oled_64_entry():
    chip, display = oled()
    items = Items()
    settle(display, entry(items, TOKEN[:17]))
    seen = [chip.text(top, 2) for top in (16, 32, 48)]
    assert seen == ["1234 5678", "9012 3456", "7"], seen
    assert (chip.text(0, 1, 0, 90), chip.text(0, 1, 98)) == ("Token", "17/20")
    settle(display, entry(items, TOKEN, "20 max"))
    assert chip.text(48, 2) == "7890" and chip.text(0, 1, 0, 90) == "20 max"
    art = chip.art()
    ink = [line for line in art[48:62] if "#" in line]
    assert len(ink) == 14, "digits of 14 dots"
    return art


def test_oled_32():
    chip, display = oled(32)
    items = Items()
    settle(display, state(items, "123456.78 kWh", "Off", "No credit"))
    assert chip.settings[0xDA] == 0x02
    assert chip.text(0, 1) == "Credit" and chip.text(8, 2) == "123456kWh"
    assert chip.text(24, 1) == "Off No credit"
    settle(display, items.put(MESSAGE, "Used", "UsedError"))
    assert chip.text(0, 2) == "Used" and chip.text(16, 2) == "UsedError"


def test_oled_32_entry_shows_the_last_rows():
    chip, display = oled(32)
    items = Items()
    for count, rows, side in (
        (5, ("1234 5", ""), ("5", "/20")),
        (16, ("1234 5678", "9012 3456"), ("16", "/20")),
        (17, ("9012 3456", "7"), ("17", "/20")),
    ):
        settle(display, entry(items, TOKEN[:count]))
        assert (chip.text(0, 2, 0, 108), chip.text(16, 2, 0, 108)) == rows, count
        assert (chip.text(0, 1, 110), chip.text(8, 1, 110)) == side
    for hint, mark in (("#enter", "#"), ("20 max", "!")):
        settle(display, entry(items, TOKEN, hint))
        assert chip.text(16, 2, 110) == mark
    return chip.art()


def test_sh1106_has_its_dots_two_columns_further():
    chip = OledChip(132, first=2)
    display = Sh1106(Bus(chip, 0x3C))
    items = Items()
    settle(display, entry(items, TOKEN[:8]))
    assert chip.settings[0xAD] == 0x8B and 0x8D not in chip.settings
    assert chip.text(16, 2) == "1234 5678"
    other, plain_one = oled()
    settle(plain_one, items)
    assert chip.art() == other.art()


def tm1637():
    chip = Tm1637Chip()
    return chip, Tm1637(chip.clock, chip.data)


def test_tm1637():
    chip, display = tm1637()
    items = Items()
    for change, seen in (
        (lambda: state(items), " 20.00h"),
        (lambda: state(items, "123.45 kWh"), "123.45h"),
        (lambda: state(items, "-1234.56 kWh"), "-1234h"),
        (lambda: state(items, "123456.78 kWh"), "123456"),
        (lambda: state(items, "1234567.89 kWh"), "oFL   "),  # "123456" is ten times too low
        (lambda: state(items, "-123456.78 kWh"), "oFL   "),
        (lambda: items.put(VALUE, "Power", "1234567 W"), "oFL   "),
        (lambda: state(items, "-0.04 kWh"), " -0.04h"),
        (lambda: state(items, "---"), "  --- "),
        (lambda: entry(items, "1"), "1. 1   "),
        (lambda: entry(items, TOKEN[:4]), "1. 1234"),
        (lambda: entry(items, TOKEN[:5]), "2. 5   "),
        (lambda: entry(items, TOKEN, "#enter"), "5. 7890"),
        (lambda: entry(items, TOKEN, "20 max"), "FuLL  "),
        (lambda: items.put(MESSAGE, "Accepted", "+5.0 kWh", result=results.ACCEPT), "Acc   "),
        (lambda: items.put(MESSAGE, "Used", "UsedError", result=results.USED_ERROR), "E 10  "),
        (lambda: items.put(MESSAGE, "Next", "1stKCT", result=results.FIRST_KCT), "nEt   "),
        (lambda: items.put(VALUE, "Voltage", "230.4 V"), " 230.4u"),
        (lambda: items.put(VALUE, "Power", "2001 W"), " 2001P"),
        (lambda: items.put(VALUE, "Current", "8.6 A"), "   8.6A"),
        (lambda: items.put(VALUE, "Meter", "01000000016"), "000016"),
        (lambda: items.put(VALUE, "Last result", "13"), "13    "),
        (lambda: items.put(VALUE, "8" * 16, "8" * 16), "888888"),
        (lambda: items.put(MESSAGE, "Locked", "Wait"), "Loc Ed"),
    ):
        change()
        settle(display, items)
        assert chip.seen() == seen, (chip.seen(), seen)


def test_letters_without_accents():
    assert plain("Cr\u00e9dito l\u00e5st N\u00ba \u00d1") == "Credito last No N"
    assert plain("\u20ac\u4e2d") == "??"
    text = "ASCII ~"
    assert plain(text) is text


def test_every_line_has_the_columns_of_the_display():
    items = Items()
    for columns, rows in ((16, 2), (20, 4)):
        for change in (
            lambda: state(items),
            lambda: state(items, "x" * 30, "y" * 30, "z" * 30),
            lambda: entry(items, TOKEN, "h" * 30),
            lambda: items.put(MESSAGE, "x" * 30, "y" * 30),
        ):
            change()
            made = lines(items, columns, rows)
            assert [len(line) for line in made] == [columns] * rows
    assert pair("", "5", 3) == "  5"
    assert pair("Crédito", "-1000000000.00 KES", 16) == "Crédi-1000000000"
    assert squeezed("-0.04 kWh", 7) == "0.0kWh" and squeezed("-0.14 kWh", 7) == "-0.1kWh"
