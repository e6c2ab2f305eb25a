"""Each driver with its real part. The bus traffic is printed for tests/host/portable/replay.py."""

import pytest

QUIET_SECONDS = 30.0

BUS = """\
import board
from replay import Recorder
bus = Recorder(board.i2c)
"""

FRAM = (
    BUS
    + """\
from drivers.fram_mb85rc256v import Fram
fram = Fram(bus)
at = fram.size - 64
old = bytearray(64)
fram.read(at, old)
wanted = bytes(range(64))
fram.write(at, wanted)
got = bytearray(64)
fram.read(at, got)
fram.write(at, old)
print(fram.present(), fram.writable(), bytes(got) == wanted)
for entry in bus.recording:
    print(entry)
"""
)

DISPLAY = (
    BUS
    + """\
import time
from drivers.hd44780_pcf8574 import Hd44780
class Items:
    serial, kind, progress, result = 1, 2, 0, -1
    label, value = '0123456789ABCDEF', 'Tjugo wired test'
    status = detail = ''
display = Hd44780(bus, time.sleep_ms)
for _ in range(2):
    display.show(Items)
print(display.working)
for entry in bus.recording:
    print(entry)
"""
)

CLOCK = (
    BUS
    + """\
import time
from drivers.ds3231 import Ds3231
chip = Ds3231(bus)
old = chip.read()
put = chip.write(old or 1795773600)
first = chip.read()
time.sleep_ms(3000)
then = chip.read()
print(put, first is not None, first is not None and then - first in (2, 3, 4), chip.fault)
for entry in bus.recording:
    print(entry)
"""
)

RELAY = """\
import time
import board
relay = board.relay
found = []
for command in (relay.open, relay.close, relay.open):
    command()
    started = time.ticks_ms()
    while relay.busy() and time.ticks_diff(time.ticks_ms(), started) < 1000:
        pass
    length = time.ticks_diff(time.ticks_ms(), started)
    time.sleep_ms(50)
    found.append((length, relay.closed()))
print(found)
"""

IDLE = """\
import time
import board
board.keypad
metering = board.metering
for _ in range(50):
    board.service()
    time.sleep_ms(20)
board.stop_watchdog()
print(board.keypad.get(), metering.take(1000), board.tamper.read() >= 0)
"""

RS485 = """\
import board
line = board.rs485
ms = line.begin(bytes(24))
busy = not line.stream.txdone()
line.end()
print(ms, busy, line.stream.txdone())
"""


def test_fram_keeps_what_is_written(wired):
    first, *recording = wired.exec(FRAM, quiet_seconds=QUIET_SECONDS).splitlines()
    print("\n".join(recording))
    assert first == "True True True"


def test_display_answers(wired):
    first, *recording = wired.exec(DISPLAY, quiet_seconds=QUIET_SECONDS).splitlines()
    print("\n".join(recording))
    assert first == "True"


def test_relay_pulses_end_by_themselves(wired):
    # service() is not called here: the timer ends each pulse.
    found = eval(wired.exec(RELAY, quiet_seconds=QUIET_SECONDS), {})
    assert [closed for _, closed in found] == [False, True, False]
    assert all(50 <= length < 1000 for length, _ in found)


def test_nothing_is_pressed_and_nothing_flows(wired):
    assert wired.exec(IDLE, quiet_seconds=QUIET_SECONDS).split() == ["None", "0", "True"]


def test_the_line_driver_lets_go(wired):
    ms, busy, done = wired.exec(RS485, quiet_seconds=QUIET_SECONDS).split()
    assert int(ms) > 0 and (busy, done) == ("True", "True")


def test_the_clock_chip_goes_on(wired):
    first, *recording = wired.exec(CLOCK, quiet_seconds=QUIET_SECONDS).splitlines()
    print("\n".join(recording))
    if first == "False False False 1":
        pytest.skip("no clock chip is fitted")
    assert first == "True True True 0"
