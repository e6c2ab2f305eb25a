"""The chip-specific parts for ESP32 and ESP32-S3: the pulse counter and the watchdog."""

import machine

EPOCH = 946684800  # of time.time(): 2000-01-01, in UTC seconds since 1970
UART_BUFFERS = {"rxbuf": 512, "txbuf": 256}
SCAN_TIMER = 1
_RELAY_TIMER = 0
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


def coils(pins, _pulse_ms):
    """Return the relay's coils and the `after` of drivers/latching_relay.py for them.

    A timer of the chip ends a pulse; MicroPython calls its function between two instructions of
    the application, so a pulse may be longer by as much as one of these takes.
    """
    timer = machine.Timer(_RELAY_TIMER)

    def after(ms, end):
        timer.init(mode=machine.Timer.ONE_SHOT, period=ms, callback=lambda _timer: end())

    return pins, after


def watchdog_bit():
    """Return whether the watchdog ended the previous run."""
    return machine.reset_cause() == machine.WDT_RESET


def stop_watchdog():
    """Set the watchdog's timeout to an hour, for work over the serial port.

    MicroPython cannot stop the task watchdog of ESP-IDF, only change its timeout.
    """
    machine.WDT(timeout=_AN_HOUR_MS)
