"""What differs between chips, for ESP32 and ESP32-S3: the pulse counter and the watchdog."""

import machine

EPOCH = 946684800  # of time.time(): 2000-01-01, in UTC seconds since 1970
UART_BUFFERS = {"rxbuf": 512, "txbuf": 256}
TIMER = 0
WATCHDOG_MS = 8000

_FILTER_NS = 12700  # the longest of the pulse counter unit, against spikes only
_AN_HOUR_MS = 3600000


class PulseCounter:
    """Counts falling edges in the pulse counter unit, also while flash is written.

    The unit's filter is far shorter than contact bounce: an S0 output is a transistor and does not
    bounce, a push button in its place needs 10 kOhm and 100 nF.
    """

    def __init__(self, gpio):
        pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP)
        self._counter = machine.Counter(0, pin, edge=machine.Counter.FALLING, filter_ns=_FILTER_NS)

    def value(self):
        """Pulses since the start."""
        return self._counter.value()


def watchdog_bit():
    """True if the watchdog ended the run before this one."""
    return machine.reset_cause() == machine.WDT_RESET


def stop_watchdog():
    """For who comes over the serial port: the board may stand still for an hour.

    ESP-IDF's task watchdog cannot be taken off from MicroPython, only made patient.
    """
    machine.WDT(timeout=_AN_HOUR_MS)
