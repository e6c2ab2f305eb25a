"""ESP32-S3-DevKitC-1: what boards/README.md asks for. The wiring is in pins.py."""

import pins

from boards.common import port_esp32
from boards.common.hardware import Hardware
from boards.common.wifi import Wifi

_hardware = Hardware(pins, port_esp32, Wifi)
stop_watchdog = port_esp32.stop_watchdog


def __getattr__(name):
    part = globals()[name] = _hardware.part(name)
    return part
