"""The chip-specific parts for RP2040 and RP2350: pulse counter, coils, watchdog."""

# The names inside a PIO program are defined by its decorator.
# ruff: noqa: F821
# mypy: disable-error-code="name-defined,call-overload"

import sys

import machine
import rp2

EPOCH = 0  # of time.time(), in UTC seconds since 1970
UART_BUFFERS = {"rxbuf": 512, "txbuf": 256}
SCAN_TIMER = -1  # any
WATCHDOG_MS = 8000  # the chip's longest is 8388

_PULSE_HZ = 1000000
_PULSE_CYCLES = 2  # that a pulse has besides those that are counted
_SET_LOW = 0xE000  # set(pins, 0)
_FIRST_COIL = 2  # state machine; 0 and 1 count pulses

_FILTER_US = 10000
_CYCLES = 64  # of the program below, from an edge to its acceptance
# Data sheets of RP2040, 4.7.6, and RP2350, 12.9.7: the same registers at another place.
_WATCHDOG = 0x400D8000 if "RP2350" in sys.implementation._machine else 0x40058000
_WATCHDOG_CTRL_CLEAR = _WATCHDOG + 0x3000  # CTRL, at its alias where written ones clear bits
_WATCHDOG_ENABLE = 1 << 30
_WATCHDOG_SCRATCH4 = _WATCHDOG + 0x1C
_STARTED_AS_WATCHDOG = 0x6AB73121  # the SDK's value; machine.reset() leaves 0


@rp2.asm_pio(fifo_join=rp2.PIO.JOIN_RX)
def _count_low_pulses():
    """Push the total number of pulses at every pulse.

    A number is dropped if the FIFO is full; x keeps the count, and the next pulse pushes it.
    """
    mov(x, invert(null))
    wrap_target()
    label("high")
    wait(0, pin, 0)
    set(y, 31)
    label("low")
    jmp(pin, "high")  # up again too soon: a spike
    jmp(y_dec, "low")
    jmp(x_dec, "counted")  # x counts downwards; it goes on in the next line either way
    label("counted")
    mov(isr, invert(x))
    push(noblock)
    label("again")
    set(y, 31)
    label("rising")
    jmp(pin, "is_high")
    jmp("again")
    label("is_high")
    jmp(y_dec, "rising")
    wrap()


class PulseCounter:
    """A counter of low pulses in a state machine, also while flash is written.

    unit: number of the state machine. filter_us: a level that lasts less, high or low, is a spike.
    """

    def __init__(self, gpio, unit=0, filter_us=_FILTER_US):
        pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP)
        self._count = 0
        self._machine = rp2.StateMachine(
            unit,
            _count_low_pulses,
            freq=_CYCLES * 1000000 // filter_us,
            in_base=pin,
            jmp_pin=pin,
        )
        self._machine.active(1)

    def value(self):
        """Return the pulses since the start, modulo 2^32."""
        while self._machine.rx_fifo():
            self._count = self._machine.get()
        return self._count


@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)
def _pulse():
    """Output one pulse for each number received."""
    pull()
    mov(x, osr)
    set(pins, 1)
    label("on")
    jmp(x_dec, "on")
    set(pins, 0)


class _Coil:
    """An output for one pulse, which a state machine ends: also while interrupts are off.

    Called with 1 it begins the pulse, with 0 it ends it at once.
    """

    def __init__(self, unit, pin, pulse_ms):
        self._cycles = pulse_ms * (_PULSE_HZ // 1000) - _PULSE_CYCLES
        self._machine = rp2.StateMachine(unit, _pulse, freq=_PULSE_HZ, set_base=pin)
        self._machine.active(1)

    def __call__(self, level):
        if level:
            self._machine.put(self._cycles)
        else:
            self._machine.restart()  # waits for the next number
            self._machine.exec(_SET_LOW)


def coils(pins, pulse_ms):
    """Return the relay's coils and the `after` of drivers/latching_relay.py for them: none is
    needed."""
    return [_Coil(_FIRST_COIL + n, pin, pulse_ms) for n, pin in enumerate(pins)], None


def watchdog_bit():
    """Return whether the watchdog ended the previous run.

    machine.reset() uses the watchdog too, and reset_cause() does not distinguish the two.
    """
    started = machine.mem32[_WATCHDOG_SCRATCH4] == _STARTED_AS_WATCHDOG
    return started and machine.reset_cause() == machine.WDT_RESET


def stop_watchdog():
    """Stop the watchdog, for work over the serial port while the application does not run."""
    machine.mem32[_WATCHDOG_CTRL_CLEAR] = _WATCHDOG_ENABLE
