"""Tests of the board files on fake chips, run by run_portable.py on MicroPython."""

import json
import os
import time

import machine
import network
import rp2

from boards.common import port_esp32, port_rp2
from boards.common.sntp import unix_of
from boards.common.which_store import FILE, FRAM, open_store
from boards.common.wifi import Wifi


class PioLine:
    """A pulse counter of the RP2040, with the levels of its pin in steps of ms."""

    def __init__(self):
        self.counter = port_rp2.PulseCounter(27)
        self.machine = rp2.StateMachine.made[-1]
        self.per_ms = self.machine.freq // 1000

    def hold(self, level, ms):
        self.machine.run([level] * (self.per_ms * ms))
        return self.counter.value()


def test_pio_counts_pulses():
    line = PioLine()
    assert line.hold(1, 100) == 0
    for number in range(1, 10):
        line.hold(0, 30)
        assert line.hold(1, 30) == number


def test_pio_does_not_count_spikes_and_bounce():
    line = PioLine()
    line.hold(1, 50)
    for _ in range(20):
        line.hold(0, 5)
        assert line.hold(1, 1) == 0
    for _ in range(5):
        line.hold(0, 2)
        line.hold(1, 1)
    line.hold(0, 30)  # one pulse that bounces at its beginning and at its end
    for _ in range(5):
        line.hold(1, 2)
        line.hold(0, 1)
    assert line.hold(1, 30) == 1


def test_pio_count_is_whole_although_nobody_looked():
    line = PioLine()
    line.machine.run([1] * 100)
    for _ in range(50):
        line.machine.run([0] * line.per_ms * 30)
        line.machine.run([1] * line.per_ms * 30)
    assert line.machine.rx_fifo() == 8, "full, the rest was dropped"
    line.counter.value()
    line.hold(0, 30)
    assert line.hold(1, 30) == 51


def test_esp32_counter_counts_falling_edges_without_the_program():
    counter = port_esp32.PulseCounter(23)
    machine.Counter.made[-1].pulses = 7
    assert counter.value() == 7
    assert machine.Counter.made[-1].pin.gpio == 23


def test_a_reset_by_program_is_no_watchdog_reset():
    machine.cause = machine.WDT_RESET  # what machine.reset() looks like on an RP2040
    try:
        machine.mem32[0x4005801C] = 0
        assert not port_rp2.watchdog_bit()
        machine.mem32[0x4005801C] = 0x6AB73121
        assert port_rp2.watchdog_bit()
        assert port_esp32.watchdog_bit()
        machine.cause = machine.PWRON_RESET
        assert not port_rp2.watchdog_bit()
        assert not port_esp32.watchdog_bit()
    finally:
        machine.cause = machine.PWRON_RESET
        machine.mem32.clear()


def test_the_watchdog_can_be_stopped_from_the_serial_port():
    port_rp2.stop_watchdog()
    assert machine.mem32[0x4005B000] == 1 << 30


class Chip:
    """A FRAM. `there`: it answers; `kept`: it stores written bytes."""

    size = 512

    def __init__(self, there=True, kept=True):
        self._there = there
        self._kept = kept

    def present(self):
        return self._there

    def writable(self):
        return self._there and self._kept


def opened(chip):
    return open_store(chip, "mark.json", "own.bin")


def forget():
    for name in ("mark.json", "own.bin"):
        try:
            os.remove(name)
        except OSError:
            pass


def refuses(store):
    for act in (store.read, store.write):
        try:
            act(0, bytearray(4))
        except OSError:
            continue
        return False
    return True


def test_a_board_with_fram_uses_it_and_never_a_file_instead():
    forget()
    chip = Chip()
    assert opened(chip) is chip
    with open("mark.json") as mark:
        assert json.load(mark) == {"store": FRAM}
    for broken in (Chip(there=False), Chip(kept=False)):
        assert refuses(opened(broken))
    assert opened(chip) is chip
    assert "own.bin" not in os.listdir()


def test_a_board_without_fram_keeps_to_its_file():
    forget()
    store = opened(Chip(there=False))
    store.write(256, b"token")
    with open("mark.json") as mark:
        assert json.load(mark) == {"store": FILE}
    buf = bytearray(5)
    opened(Chip()).read(256, buf)  # a FRAM fitted later is empty: the ledger stays where it is
    assert buf == b"token"
    forget()


def test_wifi_joins_without_holding_anything_up():
    network.joined[0] = False
    net = Wifi({"wifi": {"ssid": "home", "password": "secret"}}, None)
    before = time.now_ms[0]
    assert not net.up()
    assert network.attempts == [("home", "secret")]
    for _ in range(10):
        net.elapsed(1000)
        assert not net.up()
    assert len(network.attempts) == 1, "one attempt has 20 s"
    net.elapsed(10000)
    assert not net.up()
    assert len(network.attempts) == 2
    network.joined[0] = True
    assert net.up()
    network.joined[0] = False
    assert not net.up()
    assert time.now_ms[0] == before


def test_wifi_without_settings_is_down():
    for settings in ({}, {"wifi": None}, {"wifi": {}}, {"wifi": {"ssid": 5}}):
        assert not Wifi(settings, None).up()


def reply(head, stratum, seconds):
    return bytes([head, stratum]) + bytes(38) + seconds.to_bytes(4, "big") + bytes(4)


def test_time_from_a_server():
    # RFC 4330: 1970 is 2208988800; an NTP time with the top bit clear is after 2036.
    assert unix_of(reply(0x24, 2, 2208988800 + 1767225600)) == 1767225600
    assert unix_of(reply(0x24, 2, 0)) == (1 << 32) - 2208988800
    wrong = [
        reply(0xE4, 2, 3976214400),  # not synchronised
        reply(0x24, 0, 3976214400),  # kiss of death
        reply(0x24, 16, 3976214400),
        reply(0x23, 2, 3976214400),  # our own request
        b"",
        reply(0x24, 2, 3976214400)[:47],
    ]
    for packet in wrong:
        try:
            unix_of(packet)
        except ValueError:
            continue
        raise AssertionError("taken: %r" % packet)
