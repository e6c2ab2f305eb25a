"""A real board: every part that boards/README.md requires, created from the board's pin table.

A part is created when the application first uses it, so that one board.py serves a meter and a
collector, and a collector needs no key pad. The coils of the relay must be off in every case:
they are switched off at the start.
"""

import json
import sys
import time

import machine
from machine import Pin

from boards.common.clock import Clock
from boards.common.day_time import DayTime
from boards.common.face import OLEDS, make_display, make_keypad
from boards.common.rs485 import RS485, baudrate_of
from boards.common.scanner import Scanner
from boards.common.which_store import Mark, open_store
from drivers.fram_mb85rc256v import Fram
from drivers.latching_relay import PULSE_MS, LatchingRelay
from meterbus import codes
from runtime.settings_file import load_settings, save_settings

_SETTINGS = "settings.json"
_I2C_HZ = 100000  # the maximum of a PCF8574
_FAST_I2C_HZ = 400000  # of the graphic displays
_RATED_MV = 230000
_RELAY_PERCENT = 70
# Setting magnet: the level of the pin while a magnet is near.
_MAGNET_LEVELS = {"low": 0, "high": 1}


class _Switches:
    """The covers' switches and the sensor of a magnet. pins: (bit of codes.TAMPER, pin, level)."""

    def __init__(self, pins):
        self._pins = pins

    def read(self):
        """Return the bits of the pins that have their level."""
        bits = 0
        for bit, pin, level in self._pins:
            if pin() == level:
                bits |= bit
        return bits


def _low(pin):
    """Return a function that returns whether the pin is low."""
    return lambda: not pin()


class Hardware:
    """The board. `pins`: its module pins.py; `port`: port_rp2 or port_esp32.

    wifi: the class Wifi, or None for a board without Wi-Fi.
    """

    data_dir = "jobs"

    def __init__(self, pins, port, wifi=None):
        self.NAME = pins.NAME
        self.watchdog_reset = port.watchdog_bit()
        self._gpio = {row[0]: row[1] for row in pins.PINS}
        self._pins = pins
        self._port = port
        self._wifi = wifi
        self._settings = self.settings()
        self._watchdog = None
        self._watched = self._settings.get("watchdog") is not False
        self._parts = {}
        self._served = []  # functions of elapsed ms, called by service()
        self._last = time.ticks_ms()
        day = DayTime(port.EPOCH, self._settings, lambda: self.part("i2c"), self._serve)
        self._wrong = day.wrong
        self.clock = Clock(time.ticks_ms, time.ticks_diff, day.unix, put=day.set, fault=day.fault)
        self._coils = (self._output("relay_open"), self._output("relay_close"))
        if self._settings.get("sealed"):
            from boards.common.seal import Seal  # heap only where it is needed

            self._serve(Seal(lambda: self.part("tamper").read()).elapsed)

    def part(self, name):
        """Return the part of this name, created at the first call. Raise AttributeError if none.

        Attributes of this object are parts too: board.py passes all its attributes on.
        """
        made = self._parts.get(name)
        if made is None:
            maker = _MAKERS.get(name)
            made = maker(self) if maker else getattr(self, name)
            self._parts[name] = made
        return made

    # Attributes of every board

    def settings(self):
        """Return the dict in settings.json, or {}."""
        return load_settings(_SETTINGS)

    def save_settings(self, values):
        """Replace settings.json."""
        save_settings(_SETTINGS, values)

    def service(self, ok=True):
        """Report elapsed time to the parts; feed the watchdog if `ok`, start it at first."""
        now = time.ticks_ms()
        ms = time.ticks_diff(now, self._last)
        self._last = now
        for part in self._served:
            part(ms)
        if not self._watched:
            return
        if self._watchdog is None:
            self._watchdog = machine.WDT(timeout=self._port.WATCHDOG_MS)
        if ok:
            self._watchdog.feed()

    def report(self, values, kind="report"):
        """Write a JSON line to the console; kind "report" only with the setting "report": true."""
        if kind != "report" or self._settings.get("report") is True:
            sys.stdout.write(json.dumps({kind: values}) + "\n")

    def restart(self, status=1):
        """Switch the coils off and reset the board."""
        for coil in self._coils:
            coil(0)
        from boards.common.pauses import before_restart  # rarely needed: not loaded before

        before_restart(status, self.service)
        machine.reset()

    # Pins and buses

    def _output(self, name):
        return Pin(self._gpio[name], Pin.OUT, value=0)

    def _optional(self, name):
        if name not in self._gpio:
            raise AttributeError(name)  # the board has none
        return self._output(name)

    def _input(self, name):
        gpio = self._gpio[name]
        if gpio in getattr(self._pins, "NO_PULL", ()):
            return Pin(gpio, Pin.IN)
        return Pin(gpio, Pin.IN, Pin.PULL_UP)

    def _serve(self, elapsed):
        """Have every service() call `elapsed(ms)`."""
        self._served.append(elapsed)

    # Parts

    def _make_i2c(self):
        sda, scl = Pin(self._gpio["i2c_sda"]), Pin(self._gpio["i2c_scl"])
        fast = self._settings.get("display") in OLEDS
        freq = _FAST_I2C_HZ if fast else _I2C_HZ
        return machine.I2C(self._pins.I2C, sda=sda, scl=scl, freq=freq)

    def _make_rs485(self):
        baudrate = baudrate_of(self._settings)
        uart = machine.UART(
            self._pins.UART,
            baudrate=baudrate,
            bits=8,
            parity=0,  # even
            stop=1,
            tx=Pin(self._gpio["rs485_tx"]),
            rx=Pin(self._gpio["rs485_rx"]),
            **self._port.UART_BUFFERS,
        )
        echo = self._settings.get("rs485_echo") is True
        return RS485(uart, baudrate, self._output("rs485_de"), echo=echo, time=time)

    def _make_metering(self):
        if self._settings.get("metering", "s0") == "s0":
            meter = self._s0_meter()
        else:
            from boards.common.metering_parts import Bench, make  # heap only where it is needed

            bench = Bench(self._pins, self._port, self._settings, lambda: self.part("i2c"))
            meter, wrong = make(bench)
            self._wrong = wrong or self._wrong
        self._serve(meter.elapsed)
        return meter

    def _s0_meter(self):
        from drivers.s0_meter import S0Meter

        constant = self._settings.get("pulses_per_kwh")
        if isinstance(constant, bool) or not isinstance(constant, int) or constant < 1:
            constant = 1000  # the default; the meter does not work with a wrong setting
        return S0Meter(self._port.PulseCounter(self._gpio["pulse"]), constant)

    def _make_wrong(self):
        self.part("metering")
        return self._wrong

    def _make_relay(self):
        contact = None
        if self._settings.get("relay_sense") is True:
            contact = _low(self._input("relay_sense"))
        self._coils, after = self._port.coils(self._coils, PULSE_MS)
        relay = LatchingRelay(*self._coils, contact, self._voltage_is_enough, after)
        self._serve(relay.elapsed)
        return relay

    def _voltage_is_enough(self):
        """Return whether the voltage is at least 70 % of the rated one, or is not measured."""
        millivolts = self.part("metering").reading.mv
        return millivolts is None or millivolts * 100 >= _RATED_MV * _RELAY_PERCENT

    def _make_keypad(self):
        keypad = make_keypad(
            self._settings,
            lambda name: Pin(self._gpio[name], Pin.OPEN_DRAIN, value=1),
            self._input,
        )
        self._scanner = Scanner(self._port.SCAN_TIMER, keypad.scan)
        return keypad

    def _make_display(self):
        return make_display(self._settings, self.part, time.sleep_ms, Pin)

    def _make_tamper(self):
        found = [(codes.METER_COVER, self._input("cover"), 1)]
        if self._settings.get("terminal_cover") is True:
            found.append((codes.TERMINAL_COVER, self._input("terminal_cover"), 1))
        level = _MAGNET_LEVELS.get(self._settings.get("magnet"))
        if level is not None:
            found.append((codes.MAGNET, self._input("magnet"), level))
        return _Switches(found)

    def _make_store(self):
        return open_store(Fram(self.part("i2c")))

    def _make_mark(self):
        return Mark()

    def _make_net(self):
        if self._wifi is None:
            from boards.common.no_network import NoNetwork

            return NoNetwork()
        net = self._wifi(self._settings, self.clock.set)
        self._serve(net.elapsed)
        return net


_MAKERS = {
    "i2c": Hardware._make_i2c,
    "rs485": Hardware._make_rs485,
    "metering": Hardware._make_metering,
    "wrong": Hardware._make_wrong,
    "relay": Hardware._make_relay,
    "keypad": Hardware._make_keypad,
    "display": Hardware._make_display,
    "tamper": Hardware._make_tamper,
    "buzzer": lambda self: self._optional("buzzer"),
    "led": lambda self: self._optional("led"),
    "store": Hardware._make_store,
    "mark": Hardware._make_mark,
    "net": Hardware._make_net,
}
