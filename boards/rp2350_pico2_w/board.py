"""Raspberry Pi Pico 2 W: the parts of boards/README.md. The wiring is in pins.py."""

import pins

from boards.common import port_rp2
from boards.common.hardware import Hardware
from boards.common.wifi import Wifi

_hardware = Hardware(pins, port_rp2, Wifi)
stop_watchdog = port_rp2.stop_watchdog


def __getattr__(name):
    part = globals()[name] = _hardware.part(name)
    return part
