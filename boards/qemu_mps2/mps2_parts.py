"""The parts of the emulated MPS2-AN385: a FRAM, a watchdog and a reset."""

import machine
import uctypes

_FRAM_ADDRESS = 0x21200000  # in the PSRAM that QEMU keeps in a file, behind the flash
_FRAM_SIZE = 32768

# A word of SRAM that nothing else uses. It survives a reset, but not the end of QEMU's process.
_MARK_ADDRESS = 0x00300000
_WATCHED = 0x57415443

# CMSDK APB watchdog: counts down at 25 MHz. At 0 it raises the NMI and counts down again; at the
# second 0 it resets the board. A write to INTCLR reloads the counter.
_WDOG_LOAD = 0x40008000
_WDOG_CONTROL = 0x40008008
_WDOG_INTCLR = 0x4000800C
_WDOG_ENABLE = 3  # interrupt and reset
_TICKS_A_MS = 25000

_AIRCR = 0xE000ED0C
_SYSRESETREQ = 0x05FA0004


class Fram:
    """A memory written byte by byte in place, as a serial FRAM; written bytes are permanent."""

    def __init__(self):
        self.size = _FRAM_SIZE
        self._memory = memoryview(uctypes.bytearray_at(_FRAM_ADDRESS, _FRAM_SIZE))

    def read(self, offset, buf):
        """Fill `buf` from `offset`. Raise OSError beyond the end."""
        self._check(offset, buf)
        buf[:] = self._memory[offset : offset + len(buf)]

    def write(self, offset, buf):
        """Write all of `buf` at `offset`. Raise OSError beyond the end."""
        self._check(offset, buf)
        memory = self._memory
        for byte in buf:
            memory[offset] = byte
            offset += 1

    def _check(self, offset, buf):
        if offset < 0 or offset + len(buf) > _FRAM_SIZE:
            raise OSError(22)


class Watchdog:
    """The watchdog, started by the first `feed`.

    bit_before: True if the watchdog ended the previous run.
    """

    def __init__(self, timeout_ms):
        self._load = timeout_ms * _TICKS_A_MS // 2
        armed = machine.mem32[_WDOG_CONTROL] & _WDOG_ENABLE
        self.bit_before = not armed and machine.mem32[_MARK_ADDRESS] == _WATCHED
        if not armed:
            machine.mem32[_MARK_ADDRESS] = 0

    def feed(self):
        """Restart the countdown; the first call starts the watchdog."""
        if machine.mem32[_WDOG_CONTROL] != _WDOG_ENABLE:
            machine.mem32[_MARK_ADDRESS] = _WATCHED
            machine.mem32[_WDOG_LOAD] = self._load
            machine.mem32[_WDOG_CONTROL] = _WDOG_ENABLE
        machine.mem32[_WDOG_INTCLR] = 1

    def stop(self):
        """Stop the watchdog until the next feed()."""
        machine.mem32[_WDOG_CONTROL] = 0
        machine.mem32[_MARK_ADDRESS] = 0


def restart():
    """Reset the board within the emulator, which machine.reset() would end."""
    machine.mem32[_MARK_ADDRESS] = 0
    machine.mem32[_AIRCR] = _SYSRESETREQ
    while True:
        pass
