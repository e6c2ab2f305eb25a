"""The processor of the emulated Pico in C, pico_core.c, in place of rp2040py's.

A state of rp2040py's RP2040 is taken over before each call and given back after it: registers and
memory are shared. Peripherals, interrupts and alarms stay those of rp2040py, and so is every
instruction that concerns them. Events take place at the same instruction as in rp2040py's own
loop, and while the processor sleeps the PIO is executed at its own times.
"""

import ctypes
import os
import shutil
import time
from pathlib import Path
from typing import Any

from rp2040py.sio import RPSIO

from tjugo.emulated.build_once import Progress, built, sha256
from tjugo.errors import TjugoError
from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import BUILD

COMPILER = "cc"
CYCLE_NS = 8.0
_FLAGS = ("-O2", "-Wall", "-Wextra", "-ffreestanding", "-nostdlib", "-shared", "-fPIC")
_HERE = Path(__file__).parent
_SOURCES = ("pico_core.c", "pico_core.h", "pico_thumb.h")
_BATCH_SECONDS = 0.005
_MOST_CYCLES = 1_000_000  # of one call: a few milliseconds
_ROUNDS = 32  # between two looks at the clock of this machine

_SLOW, _READ, _WAITING = 1, 2, 3  # enum reason
_KEPT = 8
# Registers of I2C0, I2C1, UART0, UART1 and the pins whose reading has no effect, and whose value
# changes only by an event: a loop that polls them is executed in C.
_STEADY = frozenset(
    [block + at for block in (0x40044000, 0x40048000) for at in (0x34, 0x70, 0x74, 0x78)]
    + [block + 0x18 for block in (0x40034000, 0x40038000)]
    + [0xD0000004]
)
_SHARED = ("spin_lock", "div_dividend", "div_divisor", "div_quotient", "div_remainder", "div_csr")


class State(ctypes.Structure):
    """The struct Core of pico_core.h."""

    _fields_ = (
        *[(name, ctypes.c_void_p) for name in ("registers", "ram", "flash", "bootrom")],
        *[(name, ctypes.c_double) for name in ("nanos", "timer_start")],
        *[(name, ctypes.c_int64) for name in ("budget", "cycles")],
        *[
            (name, ctypes.c_uint32)
            for name in ("apsr", "primask", "event", "handler", "pending", "updated")
        ],
        *[(name, ctypes.c_uint32) for name in ("address", "kept")],
        *[(name, ctypes.c_uint32 * _KEPT) for name in ("kept_address", "kept_value")],
        *[(name, ctypes.c_uint32) for name in (*_SHARED, "div_cycles")],
    )


class SharedSio(RPSIO):
    """rp2040py's SIO with the divider and the spin locks in a State."""

    state: State


def _shared(name: str) -> property:
    return property(
        lambda sio: getattr(sio.state, name),
        lambda sio, value: setattr(sio.state, name, int(value)),
    )


for _name in _SHARED:
    setattr(SharedSio, _name, _shared(_name))


def library(progress: Progress = lambda line: None) -> Path:
    """Return the compiled pico_core.c, compiled if it has changed. Raise TjugoError."""
    if shutil.which(COMPILER) is None:
        raise TjugoError(
            "The emulated Pico needs a C compiler; run: "
            "sudo apt-get install -y --no-install-recommends gcc",
            status=2,
        )
    out = BUILD / "pico-core" / "core.so"
    inputs = {name: sha256(_HERE / name) for name in _SOURCES} | {"flags": " ".join(_FLAGS)}
    inputs["compiler"] = run([COMPILER, "--version"]).splitlines()[0]

    def build() -> None:
        new = out.with_suffix(".new")  # another emulator may be executing the old one
        run([COMPILER, *_FLAGS, "-o", str(new), str(_HERE / _SOURCES[0]), "-lgcc"])
        os.replace(new, out)

    return built(out, inputs, build, progress)


class FastCore:
    """The processor of an RP2040 of rp2040py. `core`: the compiled pico_core.c."""

    def __init__(self, mcu: Any, core: Path) -> None:
        self._mcu = mcu
        self._state = State()
        self._call = ctypes.CDLL(str(core)).run
        self._argument = ctypes.byref(self._state)
        self._buffers = {
            "registers": memoryview(mcu.core.registers),
            "ram": mcu.sram,
            "flash": mcu.flash,
            "bootrom": mcu.bootrom,
        }
        for name, buffer in self._buffers.items():
            start = (ctypes.c_char * buffer.nbytes).from_buffer(buffer)
            setattr(self._state, name, ctypes.addressof(start))
        mcu.sio.state = self._state
        mcu.sio.__class__ = SharedSio
        mcu.sio.reset()
        self._advanced = int(mcu.clock.nanos / CYCLE_NS)

    def batch(self) -> bool:
        """Run for a few milliseconds of this machine's time. Return False if nothing is scheduled.

        Only an event from outside can wake the board then.
        """
        mcu = self._mcu
        self._state.kept = 0  # a pin may have been driven since the last batch
        end = time.monotonic() + _BATCH_SECONDS
        while time.monotonic() < end:
            for _ in range(_ROUNDS):
                if mcu.simulator.stopped:
                    return True
                if not mcu.core.waiting:
                    self.execute(_MOST_CYCLES)
                elif not self.sleep():
                    return False
        return True

    def execute(self, most: int) -> None:
        """Execute instructions until the next event, or at least `most` cycles."""
        mcu, core, state = self._mcu, self._mcu.core, self._state
        state.budget = min(most, self._cycles_to_event())
        state.nanos, state.timer_start = mcu.clock.nanos, mcu.timer._epoch_nanos
        state.apsr, state.primask, state.event = core.apsr, core.pm, core.event_registered
        state.handler, state.updated = core.current_mode, core.interrupts_updated
        state.pending = (
            core.pending_interrupts & core.enabled_interrupts
            or core.pending_pend_sv
            or core.pending_systick
            or core.pending_svcall
            or core.pending_nmi
        )
        state.div_cycles = 0
        reason = self._call(self._argument)
        cycles = state.cycles
        core.apsr, core.pm, core.event_registered = state.apsr, state.primask, state.event
        core.interrupts_updated = state.updated
        core.cycles += cycles + state.div_cycles
        core.waiting = reason == _WAITING
        if cycles:
            self._pass(cycles * CYCLE_NS)
        if reason == _READ and cycles < state.budget and self._keep(state.address):
            return
        state.kept = 0
        if reason and reason != _WAITING:
            self._pass(core.execute_instruction() * CYCLE_NS)

    def _keep(self, address: int) -> bool:
        """Have the value of a register for C, until the next event. Return whether it may."""
        state, place = self._state, self._state.kept
        if address not in _STEADY or place == _KEPT:
            return False
        state.kept_address[place] = address
        state.kept_value[place] = self._mcu.read_uint32(address)
        state.kept = place + 1
        return True

    def _cycles_to_event(self) -> int:
        """Return after how many cycles, at least 1, an alarm or the PIO is due."""
        clock = self._mcu.clock
        cycles = _MOST_CYCLES
        if clock.has_scheduled_alarm:
            cycles = min(cycles, int(-(-clock.nanos_to_next_alarm // CYCLE_NS)))
        for pio in self._mcu.pio:
            if not pio.stopped:
                cycles = min(cycles, (pio.next_due_fp - pio.cycle_fp + 255) >> 8)
        return max(1, cycles)

    def sleep(self) -> bool:
        """Advance to the next event. Return False if nothing is scheduled."""
        clock = self._mcu.clock
        due = [
            ((pio.next_due_fp - pio.cycle_fp + 255) >> 8) * CYCLE_NS
            for pio in self._mcu.pio
            if not pio.stopped and any(m.enabled and not m.waiting for m in pio.machines)
        ]
        if clock.has_scheduled_alarm:
            due.append(clock.nanos_to_next_alarm)
        if not due:
            return False
        self._state.kept = 0
        self._pass(max(0.0, min(due)))
        return True

    def _pass(self, nanos: float) -> None:
        """Advance the clock, and the PIO by the cycles of it."""
        clock = self._mcu.clock
        clock.tick(nanos)
        total = int(clock.nanos / CYCLE_NS)
        for pio in self._mcu.pio:
            if not pio.stopped:
                pio.advance(total - self._advanced)
        self._advanced = total
