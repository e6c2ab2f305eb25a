"""The chip-specific parts for ESP32 and ESP32-S3: the pulse counter and the watchdog."""

import machine

EPOCH = 946684800  # of time.time(): 2000-01-01, in UTC seconds since 1970
UART_BUFFERS = {"rxbuf": 512, "txbuf": 256}
TIMER = 0
WATCHDOG_MS = 8000

_LONGEST_FILTER_US = 12  # of the pulse counter unit, against spikes only
_AN_HOUR_MS = 3600000


class PulseCounter:
    """A counter of falling edges in the pulse counter unit, also while flash is written.

    unit: number of the counter. filter_us: a shorter level is a spike.

    The filter of the unit is much shorter than contact bounce. An S0 output is a transistor and
    does not bounce; a push button in its place needs 10 kOhm and 100 nF.
    """

    def __init__(self, gpio, unit=0, filter_us=_LONGEST_FILTER_US):
        pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP)
        filter_ns = 1000 * min(filter_us, _LONGEST_FILTER_US)
        self._counter = machine.Counter(
            unit, pin, edge=machine.Counter.FALLING, filter_ns=filter_ns
        )

    def value(self):
        """Return the pulses since the start."""
        return self._counter.value()


def watchdog_bit():
    """Return whether the watchdog ended the previous run."""
    return machine.reset_cause() == machine.WDT_RESET


def stop_watchdog():
    """Set the watchdog's timeout to an hour, for work over the serial port.

    MicroPython cannot stop the task watchdog of ESP-IDF, only change its timeout.
    """
    machine.WDT(timeout=_AN_HOUR_MS)
