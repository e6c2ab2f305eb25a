"""The chips on an I2C bus of the emulated Pico, with the real duration of every bit.

rp2040py's I2C completes each byte in no time, and without a chip that answers the firmware waits
for its time-out. Here a byte with its acknowledge bit takes nine clocks at the rate set by the
firmware, in emulated time, and a byte without acknowledge ends the transfer as on the real chip.
"""

from collections.abc import Callable
from typing import Protocol

from rp2040py.peripherals.i2c import R_TX_EMPTY, RPI2C, I2CMode

_CYCLE_NS = 8.0
_BYTE_CLOCKS = 9
_FRAM_BYTES = 32768
_FRAM_ADDRESS_BYTES = 2

# End of a transfer, ns, and the bytes after the address.
Transfer = tuple[float, list[int]]


class Chip(Protocol):
    """A chip at an address. All values are bytes."""

    def start(self, reading: bool) -> None:
        """Begin a transfer in this direction."""

    def write(self, value: int) -> None:
        """Take a byte."""

    def read(self) -> int:
        """Return the next byte."""

    def stop(self, when: float) -> None:
        """End the transfer, at this time in ns."""


class Receiver:
    """A chip that is only written to, like a display: its transfers are recorded."""

    def __init__(self) -> None:
        self._transfers: list[Transfer] = []
        self._data: list[int] = []

    def transfers(self) -> list[Transfer]:
        """Return the transfers since the last call."""
        taken, self._transfers = self._transfers, []
        return taken

    def start(self, _reading: bool) -> None:
        self._data = []

    def write(self, value: int) -> None:
        self._data.append(value)

    def read(self) -> int:
        return 0xFF

    def stop(self, when: float) -> None:
        self._transfers.append((when, self._data))
        self._data = []


class FramChip:
    """MB85RC256V: two address bytes, then data without limit of a page."""

    def __init__(self) -> None:
        self.content = bytearray(_FRAM_BYTES)
        self._at = 0
        self._address_bytes = 0

    def start(self, reading: bool) -> None:
        self._address_bytes = 0 if reading else _FRAM_ADDRESS_BYTES

    def write(self, value: int) -> None:
        if self._address_bytes:
            self._address_bytes -= 1
            self._at = (self._at << 8 | value) % _FRAM_BYTES
            return
        self.content[self._at] = value
        self._at = (self._at + 1) % _FRAM_BYTES

    def read(self) -> int:
        value = self.content[self._at]
        self._at = (self._at + 1) % _FRAM_BYTES
        return value

    def stop(self, when: float) -> None:
        del when


# name -> (7-bit address, class)
CHIPS: dict[str, tuple[int, Callable[[], Chip]]] = {
    "ssd1306": (0x3C, Receiver),
    "fram": (0x50, FramChip),
}


class TimedI2c(RPI2C):
    """A replacement of `replaced`, one of the chip's I2C controllers; the caller installs it.

    chips: the chips on the bus, by address.
    """

    def __init__(self, replaced: RPI2C, chips: dict[int, Chip]) -> None:
        super().__init__(replaced.rp2040, replaced.name, replaced.irq)
        self._chips = chips
        self._chip: Chip | None = None
        self._then: Callable[[], None] = self.complete_stop
        self._alarm = self.rp2040.clock.create_alarm(lambda: self._then())
        self.on_start = lambda _repeated: self._after(1, self.complete_start)
        self.on_connect = self._connect
        self.on_write_byte = self._write
        self.on_read_byte = self._read
        self.on_stop = self._end

    def reset(self) -> None:
        """Reset the registers and end the transfer."""
        self._alarm.cancel()
        super().reset()

    def _set_interrupts(self, mask: int) -> None:
        # rp2040py reports the FIFO as empty when the last byte begins, not when it has been sent.
        super()._set_interrupts(mask & ~R_TX_EMPTY if self._busy else mask)

    def _after(self, clocks: int, then: Callable[[], None]) -> None:
        self._then = then
        self._alarm.schedule(clocks * (self.scl_high_period + self.scl_low_period) * _CYCLE_NS)

    def _connect(self, address: int, mode: I2CMode) -> None:
        self._chip = self._chips.get(address)
        if self._chip is not None:
            self._chip.start(mode == I2CMode.READ)
        self._after(_BYTE_CLOCKS, self._connected)

    def _connected(self) -> None:
        self.complete_connect(self._chip is not None)
        if self._chip is None:
            super()._set_interrupts(R_TX_EMPTY)  # it was flushed

    def _write(self, value: int) -> None:
        if self._chip is not None:
            self._chip.write(value)
        self._after(_BYTE_CLOCKS, self._written)

    def _written(self) -> None:
        self.complete_write(True)
        if self._tx_fifo.empty:
            super()._set_interrupts(R_TX_EMPTY)

    def _read(self, _acknowledged: bool) -> None:
        value = 0xFF if self._chip is None else self._chip.read()
        self._after(_BYTE_CLOCKS, lambda: self.complete_read(value))

    def _end(self) -> None:
        chip, self._chip = self._chip, None
        if chip is not None:
            chip.stop(self.rp2040.clock.nanos)
        self._after(1, self.complete_stop)
