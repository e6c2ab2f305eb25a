"""The emulated board as a meter or collector: the parts of boards/README.md on MPS2-AN385.

RS-485 is machine.UART(1), the service port is the console. Mains, keypad and display are simulated
as in boards/simulated. There is no network.
"""

import select
import sys
import time

import machine
from mps2_parts import Fram, Watchdog
from mps2_parts import restart as _restart

from boards.common.clock import Clock
from boards.common.mark import Mark
from boards.common.no_network import NoNetwork
from boards.common.rs485 import RS485, baudrate_of
from boards.common.simulated import Simulation
from runtime.settings_file import load_settings
from runtime.settings_file import save_settings as _save

NAME = "qemu_mps2"

_SETTINGS = "/settings.json"
_COARSE_MS = 200  # bytes come through a host that may pause
_WATCHDOG_MS = 8000


def settings():
    """Return the dict in settings.json, or {}."""
    return load_settings(_SETTINGS)


def save_settings(values):
    """Replace settings.json."""
    _save(_SETTINGS, values)


def report(values, kind="report"):
    """Write a JSON line to the console."""
    _simulation.port.say({kind: values})


def service(ok=True):
    """Execute commands, report the memory, feed the watchdog if `ok`."""
    _simulation.service()
    if _seal:
        _seal.elapsed(0)
    if ok:
        _watchdog.feed()


def restart(status=0):
    """Reset the board."""
    from boards.common.pauses import before_restart  # rarely needed: not loaded before

    before_restart(status, service)
    _restart()


def _bytes_waiting():
    return bool(_console.poll(0))


_started = [None]  # UTC seconds when the RTC was 0, which it is at each start


def _unix():
    return None if _started[0] is None else int(time.time()) + _started[0]


def _set_time(unix):
    _started[0] = unix - int(time.time())


_watchdog = Watchdog(_WATCHDOG_MS)
watchdog_reset = _watchdog.bit_before
stop_watchdog = _watchdog.stop
_console = select.poll()
_console.register(sys.stdin, select.POLLIN)
clock = Clock(time.ticks_ms, time.ticks_diff, _unix, put=_set_time)
_simulation = Simulation(NAME, clock, sys.stdin.buffer, _bytes_waiting, sys.stdout.write)
keypad = _simulation.keypad
tamper = _simulation.tamper
display = _simulation.display
buzzer = _simulation.buzzer
led = _simulation.led
metering = _simulation.metering
wrong = ""
relay = _simulation.relay
net = NoNetwork()
_given = settings()
_seal = None
if _given.get("sealed"):
    from boards.common.seal import Seal

    _seal = Seal(tamper.read)
_baudrate = baudrate_of(_given)
_uart = machine.UART(1, _baudrate, bits=8, parity=0, stop=1, timeout=0, timeout_char=0)
rs485 = RS485(_uart, _baudrate, coarse_ms=_COARSE_MS)
try:
    _simulation.port.obey({name: _given[name] for name in ("load_w", "speed") if name in _given})
except (ValueError, TypeError) as error:
    report({"error": "settings: %s" % error})
del _given
store = Fram()
mark = Mark("/store.json", _SETTINGS)
data_dir = "/jobs"
