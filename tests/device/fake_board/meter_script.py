"""A script for MicroPython that boots the meter on a fake chip and drives its pins.

Usage: meter_script.py TOKEN CREDIT_WH    in the folder of the board's flash. It prints "done".
"""

import gc
import sys
import time

import machine

from meterbus import codes

# The customer's token and its credit, and the wiring.
TOKEN, CREDIT_WH = sys.argv[1], int(sys.argv[2])
TICK_MS = 20
KEYS = "123456789*0#"
FRAM, DISPLAY = 0x50, 0x27


def lines_of(sent):
    """Return the lines {0: .., 1: ..} of a display that received these bytes."""
    text = [bytearray(16), bytearray(16)]
    row = column = 0
    high = None
    for data in sent:
        for at in range(1, len(data)):
            before = data[at - 1]
            if not before & 4 or data[at] & 4:
                continue
            if len(data) == 2:  # the start, while the bus is still 8 bits wide
                high = None
                continue
            nibble = before >> 4
            if high is None:
                high = nibble
                continue
            value = high << 4 | nibble
            high = None
            if before & 1:
                text[row][column] = value
                column += 1
            elif value & 0x80:
                row, column = value >> 6 & 1, value & 15
    return [bytes(line).decode() for line in text]


class KeyMatrix:
    """The wires of the seven pins: a pressed key connects its row and its column."""

    def __init__(self, gpio):
        self.pressed = None
        self._rows = [machine.Pin(gpio["key_r%d" % n]) for n in (1, 2, 3, 4)]
        for number in (1, 2, 3):
            machine.Pin(gpio["key_c%d" % number]).read = self._reader(number - 1)

    def _reader(self, column):
        def read():
            if self.pressed is None or self.pressed % 3 != column:
                return 1
            return self._rows[self.pressed // 3].level

        return read


class Bench:
    """The application of `board`, tick by tick."""

    def __init__(self):
        import board
        import pins

        from meter.app import App
        from runtime.boot import Health

        self.board = board
        self.gpio = {row[0]: row[1] for row in pins.PINS}
        self.coils = [machine.Pin(self.gpio[name]) for name in ("relay_open", "relay_close")]
        assert [coil.level for coil in self.coils] == [0, 0], "a coil has current at the start"
        assert not machine.WDT.made, "the watchdog runs before the application"
        self.app = App(board, Health())
        self.keys = KeyMatrix(self.gpio)

    def ticks(self, count):
        for _ in range(count):
            self.app._tick()
            time.sleep_ms(TICK_MS)
            assert sum(coil.level for coil in self.coils) < 2, "both coils have current"

    def type(self, text):
        for key in text:
            self.keys.pressed = KEYS.index(key)
            self.ticks(3)
            self.keys.pressed = None
            self.ticks(3)

    def type_while_busy(self, text):
        """Press keys for 60 ms while the application does not tick: it sends a long reply."""
        for key in text:
            self.keys.pressed = KEYS.index(key)
            time.sleep_ms(60)
            self.keys.pressed = None
            time.sleep_ms(60)

    def report(self):
        return self.app._meter.report()

    def shown(self):
        return lines_of(machine.I2C.sent)

    def pulse(self):
        """Make one pulse of the energy meter at the pin."""
        if machine.Counter.made:
            machine.Counter.made[0].pulses += 1
            return
        import rp2

        machine_ = rp2.StateMachine.made[0]
        for levels in ([1] * 200, [0] * (machine_.freq * 30 // 1000), [1] * 200):
            machine_.run(levels)


def main():
    gc.threshold(16384)  # as the application does
    machine.I2C.memory[FRAM] = bytearray(32768)
    machine.I2C.displays = (DISPLAY,)
    bench = Bench()
    bench.ticks(5)
    assert machine.WDT.made[0].fed == 5
    assert bench.report()["open_text"] == "No credit", bench.report()
    assert bench.shown() == ["Credit   0.00kWh", "Off No credit   "], bench.shown()
    opened, closed = bench.coils
    bench.ticks(10)
    assert opened.rises == 1, "the contact is sent to open once at power-up"
    assert opened.level == 0 and closed.rises == 0

    bench.type(TOKEN[:3] + "9*" + TOKEN[3:] + "#")
    assert bench.report()["credit_wh"] == CREDIT_WH, bench.report()
    bench.ticks(1)
    assert (closed.rises, opened.rises) == (1, 1)
    bench.ticks(10)
    assert closed.level == 0 and bench.board.relay.closed()
    assert bench.report()["status"] & codes.STATUS_RELAY_CLOSED

    bench.pulse()
    bench.ticks(1)
    bench.pulse()
    bench.ticks(1)
    assert bench.report()["energy_wh"] == 2
    assert bench.report()["credit_wh"] == CREDIT_WH - 2

    bench.ticks(20)
    if "led" in bench.gpio:
        led = machine.Pin(bench.gpio["led"])
        assert led.rises == 2 and led.level == 0
    if "buzzer" in bench.gpio:
        assert machine.Pin(bench.gpio["buzzer"]).rises > 4

    bench.type_while_busy("802#")
    bench.ticks(1)
    assert bench.shown()[0] == "Last result     ", bench.shown()

    # The credit is in the FRAM: a second application finds it there.
    from meter.core import Meter

    for _ in range(10):
        bench.pulse()
        bench.ticks(1)
    again = Meter(bench.board.settings(), bench.board.store, 1000)
    assert again.account.credit <= CREDIT_WH - 10
    assert again.account.energy_wh >= 10
    cover = machine.Pin(bench.gpio["cover"])
    cover.level = 0
    bench.ticks(1)
    assert not bench.report()["status"] & codes.STATUS_COVER_OPEN
    cover.level = 1
    bench.ticks(1)
    assert bench.report()["status"] & codes.STATUS_COVER_OPEN
    uart = machine.UART.made[0]
    assert uart.options["parity"] == 0 and uart.options["baudrate"] == 9600
    assert machine.Pin(bench.gpio["rs485_de"]).level == 0
    print("done")


main()
