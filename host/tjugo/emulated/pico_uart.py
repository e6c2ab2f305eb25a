"""The RP2040's UART with a line on which characters have their real duration.

rp2040py's own UART sends in no time and is never busy, and its transmit interrupt never ends. Here
a character occupies the line for its bits at the rate set by the firmware, in emulated time, so
that `txdone`, DE and silences can be measured. The model follows the PrimeCell UART (PL011) in the
RP2040 data sheet, 4.2. Break, bit errors, DMA and flow control are not modelled.
"""

from collections import deque
from collections.abc import Callable

from rp2040py.peripherals.uart import RPUART

_DR, _IFLS = 0x00, 0x34

_FR_BUSY, _FR_TXFF, _FR_TXFE = 1 << 3, 1 << 5, 1 << 7
_FR_RXFE, _FR_RXFF = 1 << 4, 1 << 6
_INT_RX, _INT_TX, _INT_RX_TIMEOUT = 1 << 4, 1 << 5, 1 << 6
_LCR_PARITY, _LCR_TWO_STOP = 1 << 1, 1 << 3
_DR_OVERRUN = 1 << 11

_IFLS_RESET = 0x12
_LEVELS = (4, 8, 16, 24, 28)  # of 32, by the trigger's number in IFLS
_FIFO_CHARACTERS = 32
_TIMEOUT_BITS = 32

# The source of clk_peri by AUXSRC of CLK_PERI_CTRL (RP2040 data sheet, 2.15.7). In rp2040py it is
# always the system clock, while MicroPython selects the 48 MHz of USB.
_PERI_SOURCE_SHIFT = 5
_SYSTEM_HZ = 125e6
_PERI_HZ = {2: 48e6, 4: 12e6}

# Start and end of a character on the line, ns of emulated time, and its value.
OnCharacter = Callable[[float, float, int], None]


class LineUart(RPUART):
    """A replacement of `replaced`, one of the chip's UARTs; the caller installs it on the bus.

    on_character: called after the last stop bit of each character sent by the board.
    """

    def __init__(self, replaced: RPUART, on_character: OnCharacter) -> None:
        super().__init__(replaced.rp2040, replaced.name, replaced.irq, replaced.dreq)
        self._on_character = on_character
        self._fifo: deque[int] = deque()
        self._shifting: tuple[float, int] | None = None
        self._arriving: deque[int] = deque()
        self._overrun = False
        self._trigger = _IFLS_RESET
        clock = self.rp2040.clock
        self._sent_alarm = clock.create_alarm(self._sent)
        self._arrived_alarm = clock.create_alarm(self._arrived)
        self._timeout_alarm = clock.create_alarm(self._timed_out)

    def reset(self) -> None:
        """Reset registers and both FIFOs, but not the characters on their way to the board."""
        super().reset()
        self._sent_alarm.cancel()
        self._timeout_alarm.cancel()
        self._fifo.clear()
        self._shifting = None
        self._overrun = False
        self._trigger = _IFLS_RESET

    @property
    def bit_ns(self) -> float:
        """The duration of one bit, ns, by the divisors that the firmware has written."""
        source = self.rp2040.clocks.peri_ctrl >> _PERI_SOURCE_SHIFT & 7
        return 16e9 * (self.baud_divider or 1.0) / _PERI_HZ.get(source, _SYSTEM_HZ)

    @property
    def character_ns(self) -> float:
        """The duration of start bit, data, parity and stop bits, ns."""
        format_ = self._line_ctrl_register
        extra = bool(format_ & _LCR_PARITY) + bool(format_ & _LCR_TWO_STOP)
        return (1 + self.word_length + 1 + extra) * self.bit_ns

    def receive(self, data: bytes) -> None:
        """Receive characters from the other side, one after the other from now on."""
        if data and not self._arriving:
            self._arrived_alarm.schedule(self.character_ns)
        self._arriving.extend(data)

    @property
    def flags(self) -> int:
        """The flag register UARTFR."""
        fifo = len(self._fifo)
        held = fifo > 0 or self._shifting is not None
        return (
            (_FR_BUSY if held else 0)
            | (_FR_TXFE if fifo == 0 else 0)
            | (_FR_TXFF if fifo >= self._depth else 0)
            | (_FR_RXFE if self.rx_fifo.empty else 0)
            | (_FR_RXFF if self.rx_fifo.full else 0)
        )

    def check_interrupts(self) -> None:
        pending = self._interrupt_status & self._interrupt_mask
        self.rp2040.set_interrupt(self.irq, bool(pending))

    def read_uint32(self, offset: int) -> int:
        if offset == _DR:
            return self._take()
        if offset == _IFLS:
            return self._trigger
        return int(super().read_uint32(offset))

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == _DR:
            self._send(value & 0xFF)
        elif offset == _IFLS:
            self._trigger = value & 0x3F
        else:
            super().write_uint32(offset, value)

    @property
    def _depth(self) -> int:
        return _FIFO_CHARACTERS if self.fifos_enabled else 1

    @property
    def _send_level(self) -> int:
        return _LEVELS[min(self._trigger & 7, 4)] if self.fifos_enabled else 0

    @property
    def _receive_level(self) -> int:
        return _LEVELS[min(self._trigger >> 3, 4)] if self.fifos_enabled else 1

    def _send(self, value: int) -> None:
        if len(self._fifo) < self._depth:
            self._fifo.append(value)
        if len(self._fifo) > self._send_level:
            self._interrupt_status &= ~_INT_TX
            self.check_interrupts()
        if self._shifting is None:
            self._shift_next()

    def _shift_next(self) -> None:
        if not self._fifo:
            return
        before = len(self._fifo)
        self._shifting = (self.rp2040.clock.nanos, self._fifo.popleft())
        self._sent_alarm.schedule(self.character_ns)
        # The interrupt is raised when the FIFO falls to its level, not while it is empty.
        if before > self._send_level >= len(self._fifo):
            self._interrupt_status |= _INT_TX
            self.check_interrupts()

    def _sent(self) -> None:
        if self._shifting is None:
            return
        start, value = self._shifting
        self._shifting = None
        self._on_character(start, self.rp2040.clock.nanos, value)
        self._shift_next()

    def _arrived(self) -> None:
        value = self._arriving.popleft()
        if self.enabled and self.rx_enabled:
            self._store(value)
        if self._arriving:
            self._arrived_alarm.schedule(self.character_ns)

    def _store(self, value: int) -> None:
        if self.rx_fifo.full:
            self._overrun = True
            return
        self.rx_fifo.push(value | (_DR_OVERRUN if self._overrun else 0))
        self._overrun = False
        if self.rx_fifo.item_count >= self._receive_level:
            self._interrupt_status |= _INT_RX
        self._timeout_alarm.schedule(_TIMEOUT_BITS * self.bit_ns)
        self.check_interrupts()

    def _timed_out(self) -> None:
        if not self.rx_fifo.empty:
            self._interrupt_status |= _INT_RX_TIMEOUT
            self.check_interrupts()

    def _take(self) -> int:
        value = int(self.rx_fifo.pull())
        if self.rx_fifo.item_count < self._receive_level:
            self._interrupt_status &= ~_INT_RX
        if self.rx_fifo.empty:
            self._interrupt_status &= ~_INT_RX_TIMEOUT
        self.check_interrupts()
        return value
