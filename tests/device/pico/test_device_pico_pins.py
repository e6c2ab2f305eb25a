"""The parts of boards/rp2040_pico on the emulated Pico: pulses, relay, key pad.

The pins are driven and recorded in emulated time, so the times here are those of the board and do
not depend on the load of this machine.
"""

import importlib.util

import pytest

from tjugo.toolchain.tools import REPO

MS = 1e6  # ns
KEYS = "123456789*0#"  # row by row

SET_UP = """\
import time
import board
from machine import Pin
metering, relay, keypad = board.metering, board.relay, board.keypad
lamp = Pin({lamp}, Pin.OUT, value=0)
def go():
    lamp(1)
    lamp(0)
def count(ms):
    total = 0
    end = time.ticks_add(time.ticks_ms(), ms)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        total += metering.take(1000)
        time.sleep_ms(20)
    return total
def wait(ms):
    for _ in range(ms // 15):
        board.service()
        time.sleep_ms(15)
def look(ms):
    wait(ms)
    return keypad.get()
"""

IRQ = """\
seen = 0
def fell(_pin):
    global seen
    seen += 1
Pin({gpio}, Pin.IN, Pin.PULL_UP).irq(fell, Pin.IRQ_FALLING, hard=True)
"""


def gpios() -> dict[str, int]:
    """Return the GPIO numbers of the board's wiring table, by function."""
    path = REPO / "boards" / "rp2040_pico" / "pins.py"
    spec = importlib.util.spec_from_file_location("pico_pins_table", path)
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    return {row[0]: row[1] for row in table.PINS}


GPIO = gpios()
LAMP = GPIO["led"]  # its change starts what the tests play


@pytest.fixture(scope="module")
def edges_at_start(pico, loaded):
    """Create the board's parts once for all tests here. Return the coils' edges meanwhile."""
    loaded.soft_reset()
    pico.drive(GPIO["pulse"], 1)
    pico.watch(GPIO["relay_open"], GPIO["relay_close"])
    loaded.exec(SET_UP.format(lamp=LAMP), quiet_seconds=120.0)
    return pico.edges()


@pytest.fixture
def parts(edges_at_start, loaded):
    """Return the board with `metering`, `relay` and `keypad`."""
    return loaded


def pulses(number, low_ms, high_ms):
    """Return steps for PicoBoard.play: the level is high at rest, each pulse is low."""
    return [(high_ms * MS, 0), (low_ms * MS, 1)] * number


# The steps, and the number of pulses to be counted: the minimum of IEC 62053-31 is 30 ms.
TRAINS = {
    "shortest": (pulses(20, 30, 30), 20),
    "long": (pulses(5, 90, 40), 5),
    "spikes": (pulses(10, 1, 60), 0),
    "bounce": ([step for _ in range(8) for step in pulses(2, 2, 3) + pulses(1, 35, 40)], 8),
}


@pytest.mark.parametrize("train", TRAINS)
def test_pulses_counted_by_pio(pico, parts, train):
    steps, expected = TRAINS[train]
    pico.play(GPIO["pulse"], steps, LAMP)
    total_ms = sum(after for after, _level in steps) / MS
    assert int(parts.exec(f"go()\nprint(count({round(total_ms) + 60}))")) == expected


def test_pulses_come_while_nobody_looks(pico, parts):
    """Check that the state machine keeps the number while the FIFO is full."""
    pico.play(GPIO["pulse"], pulses(20, 30, 30), LAMP)
    first = int(parts.exec("go(); time.sleep_ms(1250); print(metering.take(1000))"))
    pico.play(GPIO["pulse"], pulses(1, 30, 30), LAMP)
    assert first < 20
    assert first + int(parts.exec("go(); print(count(120))")) == 21


def test_pulses_counted_by_pin_irq(pico, parts):
    parts.exec(IRQ.format(gpio=GPIO["pulse"]))
    pico.play(GPIO["pulse"], pulses(50, 30, 30), LAMP)
    assert int(parts.exec("go(); time.sleep_ms(3100); print(seen)")) == 50


@pytest.mark.parametrize("command", ["open", "close"])
def test_a_relay_pulse(pico, parts, command):
    """Check that one coil has one pulse of 50 ms, and the other none."""
    pico.watch(GPIO["relay_open"], GPIO["relay_close"])
    parts.exec(f"relay.{command}()\nwait(200)")
    edges = pico.edges()
    assert [edge[1:] for edge in edges] == [
        (GPIO[f"relay_{command}"], 1),
        (GPIO[f"relay_{command}"], 0),
    ]
    assert abs(edges[1][0] - edges[0][0] - 50 * MS) <= MS
    assert parts.exec("print(relay.busy(), relay.closed())") == f"False {command == 'close'}\n"


BUSY = """\
import machine
relay.{command}()
state = machine.disable_irq()
for _ in range(100000):
    pass
machine.enable_irq(state)
lamp(1)
lamp(0)
wait(200)
"""


@pytest.mark.parametrize("command", ["open", "close"])
def test_a_relay_pulse_ends_while_the_program_is_busy_and_interrupts_are_off(pico, parts, command):
    """Check that nothing but the state machine ends a pulse, within a millisecond of 50."""
    coil = GPIO[f"relay_{command}"]
    pico.watch(GPIO["relay_open"], GPIO["relay_close"], LAMP)
    parts.exec(BUSY.format(command=command), quiet_seconds=120.0)
    edges = pico.edges()
    assert [edge[1:] for edge in edges[:2]] == [(coil, 1), (coil, 0)]
    assert abs(edges[1][0] - edges[0][0] - 50 * MS) <= MS
    assert edges[2][0] - edges[0][0] > 60 * MS, "the program was not busy for longer than a pulse"
    assert parts.exec("print(relay.busy(), relay.closed())") == f"False {command == 'close'}\n"


def test_never_both_coils(pico, parts):
    coils = (GPIO["relay_open"], GPIO["relay_close"])
    pico.watch(*coils)
    parts.exec("relay.close()\ntime.sleep_ms(10)\nrelay.open()\nwait(200)")
    level = dict.fromkeys(coils, 0)
    for _when, gpio, new in pico.edges():
        level[gpio] = new
        assert sum(level.values()) < 2
    assert sum(level.values()) == 0
    assert parts.exec("print(relay.closed())") == "False\n"


def test_the_coils_are_dead_at_the_start(edges_at_start):
    assert {gpio for _when, gpio, _level in edges_at_start} == {
        GPIO["relay_open"],
        GPIO["relay_close"],
    }
    assert all(level != 1 for _when, _gpio, level in edges_at_start)


def pair_of(name):
    """Return the GPIOs that a key joins."""
    at = KEYS.index(name)
    return GPIO[f"key_r{at // 3 + 1}"], GPIO[f"key_c{at % 3 + 1}"]


@pytest.fixture
def key(pico, parts):
    """Return a function that presses (True) or releases a key by its label."""
    pairs = {name: pair_of(name) for name in KEYS}
    yield lambda name, down: pico.contact(*pairs[name], down)
    for pair in pairs.values():
        pico.contact(*pair, False)
    parts.exec("look(60)")


def test_every_key(parts, key):
    seen = ""
    for name in KEYS:
        key(name, True)
        seen += parts.exec("print(look(60) or '', end='')")
        key(name, False)
        assert parts.exec("print(look(60))") == "None\n"
    assert seen == KEYS


def test_a_second_key_waits_until_all_are_released(parts, key):
    key("5", True)
    assert parts.exec("print(look(60))") == "5\n"
    key("6", True)
    assert parts.exec("print(look(60))") == "None\n"
    key("5", False)
    assert parts.exec("print(look(60))") == "None\n"
    key("6", False)
    assert parts.exec("print(look(60))") == "None\n"
    key("6", True)
    assert parts.exec("print(look(60))") == "6\n"


def test_a_key_that_is_not_there_is_not_seen(pico, parts):
    """Press three keys at the corners of a rectangle, which look like four."""
    for name in "124":
        pico.press(*pair_of(name), [(10 * MS, True), (150 * MS, False)], LAMP)
    assert parts.exec("go()\nprint(look(240))") == "None\n"


def test_a_bouncing_key_is_one(pico, parts):
    bounces = [(5 * MS, down) for down in (True, False, True, False, True)]
    pico.press(*pair_of("5"), [*bounces, (80 * MS, False)], LAMP)
    assert parts.exec("go()\nprint(look(150), look(90))") == "5 None\n"


def test_keys_of_60_ms_during_the_longest_reply(pico, parts):
    """253 characters at 9600 baud take 290 ms, in which the application does not tick."""
    for number, name in enumerate("58"):
        pico.press(*pair_of(name), [((20 + 130 * number) * MS, True), (60 * MS, False)], LAMP)
    sent = "time.sleep_ms(board.rs485.begin(bytes(253)))\nboard.rs485.end()"
    seen = parts.exec(f"go()\n{sent}\nprint(keypad.get(), keypad.get(), keypad.get())")
    assert seen == "5 8 None\n"
