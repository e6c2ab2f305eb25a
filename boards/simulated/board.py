"""The simulated board: the parts of boards/README.md on MicroPython's unix port."""

import os
import select
import sys
import time

from sim_net import Net
from sim_uart import PtyUart, end_process, private_files
from sim_watchdog import Watchdog

from boards.common.clock import Clock
from boards.common.files import FileStore
from boards.common.rs485 import RS485, baudrate_of
from boards.common.simulated import Simulation
from boards.common.which_store import Mark
from runtime.settings_file import load_settings
from runtime.settings_file import save_settings as _save

NAME = "sim"

_SETTINGS = "settings.json"
_FRAM_SIZE = 32768
_COARSE_MS = 20  # longer than a pause of the PC's scheduler


def settings():
    """Return the dict in settings.json, or {}."""
    return load_settings(_SETTINGS)


def save_settings(values):
    """Replace settings.json."""
    _save(_SETTINGS, values)


def report(values, kind="report"):
    """Write a JSON line to the service port."""
    _simulation.port.say({kind: values})


def service(ok=True):
    """Execute commands, report the memory, feed the watchdog. Raise SystemExit at end of input."""
    _simulation.service()
    _watchdog.service(ok)


def stop_watchdog():
    """Do nothing: an interrupted board ends."""


def restart(status=1):
    """End the process; its parent process starts it again."""
    raise SystemExit(status)


def _bytes_waiting():
    return bool(_stdin_poll.poll(0))


def _from_environment(name, default, use):
    """Return `use` of an environment variable. If it fails, write a sentence and exit with 2."""
    value = os.getenv(name, default)
    try:
        return use(value)
    except (OSError, ValueError, TypeError):
        text = "board sim: %s=%s cannot be used, see boards/simulated/README.md\n"
        sys.stderr.write(text % (name, value))
        raise SystemExit(2)


_wrong_s = [0]  # by which the time is wrong for this board, after its clock was set


def _unix():
    if _started is None:
        return int(time.time()) + _wrong_s[0]
    return _started + clock.total_ms() // 1000 + _wrong_s[0]


def _set_time(unix):
    _wrong_s[0] += unix - _unix()


private_files()
_watchdog = Watchdog(time.ticks_ms, time.ticks_diff, end_process)
watchdog_reset = _watchdog.bit_before
_stdin_poll = select.poll()
_stdin_poll.register(sys.stdin.buffer, select.POLLIN)
_started = _from_environment("TJUGO_UNIX", "", lambda text: int(text) if text else None)
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
net = Net()
_uart = _from_environment("TJUGO_UART", "", PtyUart)
rs485 = RS485(_uart, baudrate_of(settings()), coarse_ms=_COARSE_MS)
rs485.stream = _uart.file
_from_environment("TJUGO_SPEED", "1", lambda text: _simulation.set_speed(int(text)))
store = FileStore("ledger.bin", _FRAM_SIZE)
mark = Mark()
data_dir = "jobs"
