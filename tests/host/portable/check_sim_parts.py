"""The shared parts of boards: RS-485, and the simulated clock, mains, memory and service port."""

import os

from display_chips import Items

from boards.common import files, rs485, service_port, simulated
from boards.common.clock import Clock
from boards.common.mains import Metering, Relay
from drivers.display_layout import STATE
from runtime import settings_file


class Ticks:
    """Real time, set by hand. It wraps as ticks do."""

    def __init__(self):
        self.now = 0

    def ticks_ms(self):
        self.now += 1
        return self.now % 1000

    def ticks_diff(self, a, b):
        return (a - b + 500) % 1000 - 500


class Uart:
    """A UART that records the calls; what is sent is received again."""

    def __init__(self):
        self.log = []
        self.heard = b""
        self.busy = 2

    def enable(self, level):
        self.log.append("on" if level else "off")

    def write(self, frame):
        self.log.append("write")
        self.heard += bytes(frame)

    def txdone(self):
        self.busy -= 1
        self.log.append("wait" if self.busy else "done")
        return self.busy == 0

    def read(self, size):
        got, self.heard = self.heard[:size], self.heard[size:]
        return got or None


def test_time_on_the_wire():
    assert rs485.frame_ms(8, 9600) == 10  # 88 bits: 9.17 ms
    assert rs485.frame_ms(256, 115200) == 25
    for baudrate, silence in ((2400, 17), (4800, 9), (9600, 5), (19200, 3), (38400, 2)):
        assert rs485.silence_ms(baudrate) == silence


def test_the_baud_rate_of_settings_that_are_wrong():
    for asked in (None, "fast", 9601, 0, -1):
        assert rs485.baudrate_of({"baudrate": asked}) == 9600
    assert rs485.baudrate_of({}) == 9600
    assert rs485.baudrate_of({"baudrate": 19200}) == 19200


def test_the_driver_is_on_from_before_the_frame_until_its_last_bit():
    uart = Uart()
    line = rs485.RS485(uart, 9600, uart.enable)
    assert line.begin(bytes(8)) == 7  # ms to sleep; the last three are waited for
    line.end()
    assert uart.log == ["on", "write", "wait", "done", "off"]
    assert line.begin(bytes(1)) == 0


def test_the_shortest_silence_is_the_boards():
    assert rs485.RS485(Uart(), 9600).gap_ms == 5
    line = rs485.RS485(Uart(), 9600, coarse_ms=20)
    assert (line.gap_ms, line.turn_ms) == (20, 5)


def test_our_own_echo_is_dropped_and_nothing_else():
    uart = Uart()
    line = rs485.RS485(uart, 9600, uart.enable, echo=True, time=Ticks())
    line.begin(b"12345678")
    uart.heard += b"reply"
    line.end()
    assert uart.read(99) == b"reply"


def test_an_echo_that_does_not_come_is_not_waited_for():
    uart = Uart()
    line = rs485.RS485(uart, 9600, uart.enable, echo=True, time=Ticks())
    line.begin(b"12345678")
    uart.heard = b"123"
    line.end()
    assert uart.read(99) is None


def _clock(speed=1):
    ticks = Ticks()
    ticks.ticks_ms = lambda: ticks.now % 1000
    return ticks, Clock(ticks.ticks_ms, ticks.ticks_diff, lambda: 0, speed)


def test_supply_time_is_real_time_times_speed():
    ticks, clock = _clock(60)
    ticks.now += 100
    assert clock.elapsed_ms() == 6000
    assert clock.elapsed_ms() == 0
    ticks.now += 10
    clock.set_speed(1)
    ticks.now += 10
    assert clock.elapsed_ms() == 610


def test_supply_time_goes_on_when_the_ticks_wrap():
    ticks, clock = _clock()
    watch = clock.stopwatch()
    total = 0
    for _ in range(40):
        ticks.now += 100
        total += clock.elapsed_ms()
    assert total == 4000
    ticks.now += 5
    assert watch() == 4005


def _mains():
    passed = [0]

    def elapsed_ms():
        ms = passed[0]
        passed[0] = 0
        return ms

    metering = Metering(elapsed_ms)
    moves = []

    def changed(closed):
        metering.relay_moved(closed)
        moves.append(closed)

    return passed, metering, Relay(changed), moves


def _measured(metering):
    found = metering.reading
    return found.mv, found.ma, found.w_x10, found.pf_x1000, found.hz_x100


def test_it_measures_each_part_of_a_second_of_supply_time():
    passed, metering, _, _ = _mains()
    kept, before = metering.reading, metering.reading.number
    for ms, number in ((20, 0), (770, 0), (10, 1), (60, 1), (12000, 2)):
        passed[0] = ms
        metering.elapsed(20)
        assert metering.reading is kept and kept.number == before + number
    assert metering.take_export() == 0


def test_a_negative_load_is_exported():
    passed, metering, relay, _ = _mains()
    relay.close()
    metering.put("load_w", -1500)
    passed[0] = 7200000
    assert (metering.take(99999), metering.take_export(), metering.take_export()) == (0, 3000, 0)
    assert _measured(metering) == (230000, 6521, -15000, 1000, 5000)
    passed[0] = 3600000
    metering.put("load_w", 2000)
    relay.open()
    passed[0] = 3600000
    assert (metering.take(99999), metering.take_export()) == (0, 1500)


def test_what_appliances_take_depends_on_the_voltage():
    _, metering, relay, _ = _mains()
    relay.close()
    metering.put("load_w", 60)
    metering.put("mains", (230, 2000, 100, 75, 0, 0, 0))
    found = metering.reading
    assert (found.w_x10, found.var_x10) == (21600, 750)
    assert (found.pf_x1000, found.ma, found.neutral_ma) == (999, 9396, 9396)
    metering.put("mains", (115, 2000, 100, 75, 0, 0, 0))
    assert (found.mv, found.w_x10, found.var_x10) == (115000, 6150, 187)
    metering.put("mains", (115, 2000, 100, 75, 0, 1000, 0))
    assert found.neutral_ma - found.ma == 2173
    relay.open()
    assert (found.ma, found.w_x10, found.neutral_ma) == (0, 0, 2173)


def test_reversed_current_is_exported():
    passed, metering, relay, _ = _mains()
    relay.close()
    metering.put("load_w", 1000)
    metering.put("mains", (230, 0, 0, 0, 0, 0, 1))
    passed[0] = 3600000
    assert (metering.take(9999), metering.take_export()) == (0, 1000)
    assert (metering.reading.w_x10, metering.reading.pf_x1000) == (-10000, 1000)


def test_load_becomes_pulses_while_the_relay_is_closed():
    passed, metering, relay, moves = _mains()
    metering.put("load_w", 2000)
    passed[0] = 3600000
    assert metering.take(99999) == 0
    assert _measured(metering) == (230000, 0, 0, None, 5000)
    relay.close()
    relay.close()
    assert moves == [False, True]
    passed[0] = 3600000
    assert metering.take(99999) == 2000
    assert _measured(metering) == (230000, 8695, 20000, 1000, 5000)


def test_many_short_times_make_the_same_energy():
    passed, metering, relay, _ = _mains()
    relay.close()
    metering.put("load_w", 333)
    pulses = 0
    for _ in range(7200):
        passed[0] = 1000
        pulses += metering.take(99)
    assert pulses == 666


def test_pulses_that_are_not_taken_wait_until_the_relay_opens():
    passed, metering, relay, _ = _mains()
    relay.close()
    metering.put("load_w", 1000)
    passed[0] = 3600000
    assert metering.take(10) == 10
    assert metering.take(10) == 10
    relay.open()
    relay.close()
    assert metering.take(10) == 0


class Port:
    """A stream of bytes, and the input it received."""

    def __init__(self, text):
        self._bytes = text
        self.said = ""

    def ready(self):
        return self._bytes != b""

    def read(self, _size):
        byte, self._bytes = self._bytes[:1], self._bytes[1:]
        return b"" if byte == b"\x04" else byte

    def write(self, text):
        self.said += text


def _obey(text):
    done = []
    port = Port(text)
    lines = service_port.Lines(port, port.ready)
    commands = {"load_w": lambda value: done.append(service_port.whole_number(value, 0, 9))}
    service_port.ServicePort(lines, port.write, commands).poll()
    return done, port.said


def test_commands_line_by_line():
    assert _obey(b'{"load_w": 5}\n\n{"load_w": 6}\n{"load_w"') == ([5, 6], "")


def test_commands_that_are_none_are_named():
    for text in (b"x", b"[]", b'{"up": 1}', b'{"load_w": 10}', b'{"load_w": true}', b"\xff"):
        done, said = _obey(text + b"\n")
        assert done == []
        assert said.startswith('{"error": ') and said.count("\n") == 1


def test_the_end_of_input_ends_the_board():
    try:
        _obey(b'{"load_w": 5}\n\x04')
    except SystemExit as end:
        assert not end.args[0]
        return
    raise AssertionError("not ended")


def test_settings_that_are_none():
    name = "check_sim_settings.tmp"
    for text in ("", "{", "[1]", "5", '{"a": 1', '{"a": {"b": 1}', '{"a": "}', "{}, {}", "{},0"):
        with open(name, "w") as target:
            target.write(text)
        assert settings_file.load_settings(name) == {}
        try:
            settings_file.read_settings(name)
        except ValueError as error:
            assert str(error) == name + " cannot be read"
        else:
            raise AssertionError("read: %r" % text)
    settings_file.save_settings(name, {"a": 1})
    assert settings_file.load_settings(name) == {"a": 1}
    os.remove(name)
    assert settings_file.load_settings(name) == settings_file.read_settings(name) == {}


def test_memory_in_a_file_keeps_what_is_not_written():
    name = "check_sim_store.tmp"
    store = files.FileStore(name, 64)
    store.write(10, b"abc")
    store.write(11, b"x")
    again = files.FileStore(name, 128)
    raw = bytearray(5)
    again.read(9, raw)
    assert raw == b"\x00axc\x00"
    again.read(123, raw)
    assert raw == bytes(5)
    os.remove(name)


def test_memory_in_several_files_is_one():
    """Written across the ends of its files, and read again by another object."""
    name = "check_sim_store.tmp"
    files.Files(name, 9000).write(500, bytes(range(1, 251)) * 16)
    again = files.Files(name, 9000)
    raw = bytearray(4020)
    again.read(490, raw)
    assert raw == bytes(10) + bytes(range(1, 251)) * 16 + bytes(10)
    again.read(8990, memoryview(raw)[:10])
    assert raw[:10] == bytes(10)
    for offset in (-1, 8991):
        try:
            again.write(offset, raw[:10])
        except OSError:
            continue
        raise AssertionError(offset)
    found = sorted(one for one in os.listdir() if one.startswith("check_sim_store"))
    for one in found:
        os.remove(one)
    return found


def test_the_simulated_display_has_all_letters_and_reports_changes_only():
    said = []
    display = simulated.Display(said.append)
    items = Items()
    for _ in range(3):
        items.put(STATE, "Cr\u00e9dit", "5.00 kWh", "On", "60 W")
        display.show(items)
        display.show(items)
    assert said == [{"display": ["Cr\u00e9dit   5.00kWh", "On          60 W"]}]
    items.put(STATE, "Cr\u00e9dit", "5.00 kWh", "On", "61 W")
    display.show(items)
    assert len(said) == 2
