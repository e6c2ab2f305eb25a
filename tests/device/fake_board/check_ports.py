"""Tests of the board files on fake chips, run by run_portable.py on MicroPython."""

import json
import os
import time

import machine
import network
import rp2

from boards.common import face, port_esp32, port_rp2, sntp
from boards.common.sntp import Judge, unix_of
from boards.common.which_store import FILE, FRAM, Mark, open_store
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
    return open_store(chip, "mark.json", "own.bin", "given.json")


def forget():
    for name in ("mark.json", "own.bin", "given.json"):
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


def test_what_is_noted_of_the_ledger_stays_beside_the_choice_of_its_memory():
    forget()
    mark = Mark("mark.json")
    assert mark.get("ledger") is None
    opened(Chip(there=False))
    mark.put({"ledger": "created"})
    mark.put({"reset_at": 5})
    opened(Chip())
    with open("mark.json") as source:
        assert json.load(source) == {"store": FILE, "ledger": "created", "reset_at": 5}
    assert (mark.get("ledger"), mark.get("reset_at")) == ("created", 5)
    forget()


def written(name, text):
    with open(name, "w") as target:
        target.write(text)


def content(name):
    with open(name) as source:
        return json.load(source)


def cannot_read(act, *arguments):
    try:
        act(*arguments)
    except ValueError as error:
        return str(error) == "mark.json cannot be read"
    return False


def test_a_damaged_mark_is_not_an_empty_one():
    for text in ('{"led', "", "[]", "5", '{"store": "file", "reset_at": 5'):
        forget()
        mark = Mark("mark.json", "given.json")
        written("mark.json", text)
        assert refuses(opened(Chip())) and refuses(opened(Chip(there=False)))
        assert cannot_read(mark.get, "ledger") and cannot_read(mark.put, {"reset_at": 5})
        with open("mark.json") as source:
            assert source.read() == text
        assert "own.bin" not in os.listdir()
    forget()


def test_the_settings_of_a_meter_with_a_key_have_a_copy_of_the_mark():
    forget()
    mark = Mark("mark.json", "given.json")
    written("given.json", '{"address": 3}')
    mark.put({"ledger": "created"})
    assert content("given.json") == {"address": 3}, "not provisioned"
    written("given.json", '{"address": 3, "key": "00"}')
    mark.put({"ledger": "created"})
    copy = {"ledger": "created"}
    assert content("given.json") == {"address": 3, "key": "00", "mark": copy}
    mark.put({"reset_at": 5, "reset_by": "A"})
    copy["reset_at"] = 5
    os.remove("mark.json")
    opened(Chip())
    assert content("given.json")["mark"] == copy
    assert (mark.get("ledger"), mark.get("reset_at"), mark.get("reset_by")) == ("created", 5, None)
    mark.put({})
    os.remove("given.json")
    assert (mark.get("ledger"), mark.get("reset_at")) == ("created", 5)
    forget()


def test_damaged_settings_are_not_taken_for_a_mark_that_is_missing():
    forget()
    mark = Mark("mark.json", "given.json")
    written("given.json", '{"key": "00", "ma')
    try:
        raise AssertionError(mark.get("ledger"))
    except ValueError as error:
        assert str(error) == "given.json cannot be read"
    mark.put({"ledger": "created"})
    assert mark.get("ledger") == "created"
    with open("given.json") as source:
        assert source.read() == '{"key": "00", "ma'
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


def test_wifi_names_the_servers_of_its_settings_or_of_the_network():
    network.joined[0] = True
    wifi = {"wifi": {"ssid": "home"}}
    net = Wifi(wifi, None)
    assert net.dns() == [], "not joined yet"
    net.up()
    assert net.dns() == [], "the network gives none"
    network.name_server[0] = "10.0.0.1"
    assert net.dns() == ["10.0.0.1"]
    network.name_server[0] = "0.0.0.0"
    assert Wifi(dict(wifi, dns=["10.0.0.9"]), None).dns() == ["10.0.0.9"]
    assert Wifi(dict(wifi, dns="wrong"), None).dns() == []


STAMP = b"12345678"
UNIX_1970 = 2208988800
TIME_2026 = 1780000000


def reply(head=0x24, stratum=2, seconds=UNIX_1970 + TIME_2026, stamp=STAMP):
    return (
        bytes([head, stratum])
        + bytes(22)
        + stamp
        + bytes(8)
        + seconds.to_bytes(4, "big")
        + b"\0\0\0\0"
    )


def test_time_from_a_server():
    # RFC 4330: 1970 is 2208988800; timestamps restart from 0 on 2036-02-07.
    assert unix_of(reply(), STAMP) == TIME_2026
    assert unix_of(reply(seconds=5), STAMP) == (1 << 32) - UNIX_1970 + 5
    old = unix_of(reply(seconds=UNIX_1970 + 1700000000), STAMP)
    assert old == 1700000000 + (1 << 32), "never before the firmware was made"
    wrong = [
        reply(0xE4),  # not synchronised
        reply(stratum=0),  # kiss of death
        reply(stratum=16),
        reply(0x23),  # our own request
        reply(seconds=0),  # no time
        reply(stamp=b"12345679"),  # of another request
        reply(stamp=bytes(8)),
        b"",
        reply()[:47],
    ]
    for packet in wrong:
        try:
            unix_of(packet, STAMP)
        except ValueError:
            continue
        raise AssertionError("taken: %r" % packet)


def test_a_time_that_is_far_off_needs_two_replies():
    judge = Judge()
    year_2045 = TIME_2026 + 600000000
    assert not judge.believe(year_2045), "the first time may be at most ten years off"
    judge.elapsed(30000)
    assert judge.believe(TIME_2026)
    judge.elapsed(30000)
    assert not judge.believe(year_2045)
    judge.elapsed(30000)
    assert judge.believe(TIME_2026 + 60)
    assert not judge.believe(year_2045)
    judge.elapsed(30000)
    assert not judge.believe(TIME_2026 - 600000000), "two that differ"
    judge.elapsed(30000)
    assert judge.believe(TIME_2026 - 600000000 + 30)
    judge.elapsed(3600000)
    assert judge.believe(TIME_2026 - 600000000 + 3630 + 86400)


def test_a_time_more_than_ten_years_after_the_build_is_never_believed():
    for known in (None, TIME_2026):
        judge = Judge()
        assert known is None or judge.believe(known)
        for seconds in (1, 1, 5, 2000000000, 2000000000):
            assert not judge.believe(unix_of(reply(seconds=seconds), STAMP)), seconds
            judge.elapsed(1000)
        assert judge.believe(TIME_2026 + 5)
    assert Judge().believe(sntp.BUILD + 10 * 365 * 86400)
    assert not Judge().believe(sntp.BUILD + 10 * 365 * 86400 + 1)


class Datagrams:
    """A fake module `socket` with a time server."""

    AF_INET, SOCK_DGRAM = 2, 2
    made = []
    answers = True

    def getaddrinfo(self, host, port, *_rest):
        return [(2, 2, 0, "", (host, port))]

    def socket(self, *_kind):
        self.made.append(self)
        self.request = None
        return self

    def setblocking(self, on):
        assert not on

    def sendto(self, data, address):
        assert len(data) == 48 and address == ("10.0.0.3", 123)
        self.request = data

    def recv(self, _size):
        if not self.answers:
            raise OSError(11)
        return reply(stamp=self.request[40:48])

    def close(self):
        pass


def test_wifi_keeps_the_time_and_waits_for_nobody():
    network.joined[0] = True
    given = []
    net = Wifi({"wifi": {"ssid": "home"}, "ntp": "10.0.0.3"}, given.append)
    before, real, sntp.socket = time.now_ms[0], sntp.socket, Datagrams()
    try:
        net.up()
        Datagrams.answers = False
        for _ in range(200):
            net.elapsed(1000)
        assert given == [] and 5 <= len(Datagrams.made) <= 8
        Datagrams.answers = True
        net.elapsed(1000)
        assert given == [TIME_2026]
        for _ in range(3600):
            net.elapsed(1000)
        assert len(given) == 1
    finally:
        sntp.socket = real
    assert time.now_ms[0] == before


def made(**settings):
    """Return the name of the class and the address of the display of these settings."""
    display = face.make_display(settings, lambda _name: None, time.sleep_ms, machine.Pin)
    return type(display).__name__, getattr(display, "_address", None)


def test_the_display_of_the_settings():
    assert made() == ("Hd44780", 0x27)
    assert made(display_address=63) == ("Hd44780", 63)
    assert made(display="hd44780_20x4", display_address=39) == ("Hd44780", 39)
    assert made(display="ssd1306", display_address=39) == ("Ssd1306", 0x3C)
    assert made(display="ssd1306_32", display_address=61) == ("Ssd1306", 61)
    assert made(display="sh1106") == ("Sh1106", 0x3C)
    assert made(display="tm1637", tm1637_pins=[2, 3]) == ("Tm1637", None)
    for wrong in (
        {"display": "tm1637"},
        {"display": "tm1637", "tm1637_pins": [1]},
        {"display": 5},
    ):
        assert made(**wrong) == ("Hd44780", 0x27)


def test_the_keys_of_the_settings():
    def pin(name):
        return machine.Pin({"key_c1": 20, "key_c2": 21}.get(name, 22))

    assert type(face.make_keypad({}, pin, pin)).__name__ == "KeypadMatrix"
    buttons = face.make_keypad({"keypad": "buttons"}, pin, pin)
    machine.Pin(20).level = 0
    for _ in range(5):
        buttons.scan(20)
    machine.Pin(20).level = 1
    for _ in range(5):
        buttons.scan(20)
    assert buttons.get() == ">"
