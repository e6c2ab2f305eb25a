"""The processor in C, pico_core.c, against rp2040py's own, and where that one is wrong."""

import random

import pytest
from rp2040py.rp2040 import RP2040

from tjugo.emulated import pico_fast
from tjugo.emulated.pico_emulator import Emulator
from tjugo.emulated.pico_flash import write_flash

CODE = 0x20001000
DATA, DATA_BYTES = 0x20002000, 0x9000
STACK = 0x20008000
FLASH = 0x10000000
EDGES = (0, 1, 2, 31, 32, 33, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF)
# Instructions of 32 bits, first and second half: BL, barriers, MRS and MSR of PRIMASK.
FIRST = (0xF000, 0xF3BF, 0xF3EF, 0xF380, 0xF387)
SECOND = (0xD123, 0xF800, 0xFFFE, 0x8F50, 0x8F40, 0x8F60, 0x8010, 0x8710, 0x8810)
BREAKPOINT, UNDEFINED = 0xBE, 0xDE  # first bytes; they call a debugger
STMIA = 0xC0, 0xC7
BLX_LR_PC = (0x8FE, 0x8FF)  # the second is unpredictable
SHIFTS = (0x102, 0x103, 0x104, 0x107)  # of the first ten bits: by the number in a register
COUNT = 20_000
BOOT_MS = 40
BUSY = b"n = 0\nwhile True:\n    n += 12345678 // 7\n"
CYCLE_NS = 8.0
CARRY = 1 << 29


@pytest.fixture(scope="module")
def chips():
    """Return an RP2040 of rp2040py, another one, and the processor in C of that."""
    theirs, ours = RP2040(), RP2040()
    return theirs, ours, pico_fast.FastCore(ours, pico_fast.library())


def put(chip, code, registers, flags=0):
    """Write instructions, and set all registers."""
    for number, half in enumerate(code):
        chip.write_uint16(CODE + 2 * number, half)
    core = chip.core
    for number, value in enumerate(registers):
        core.registers[number] = value
    core.apsr, core.cycles = flags, 0
    core.pm = core.waiting = core.event_registered = core.interrupts_updated = False


def seen(chip):
    """Return everything that an instruction may change."""
    core = chip.core
    memory = bytes(chip.sram[DATA & 0xFFFFF : (DATA & 0xFFFFF) + DATA_BYTES])
    state = (core.pm, core.waiting, core.event_registered, core.cycles)
    return [hex(value) for value in core.registers], hex(core.apsr), state, memory


def differs_there(op, registers):
    """Return whether rp2040py is wrong in this case: there is a test for each below."""
    if STMIA[0] <= op >> 8 <= STMIA[1]:
        return bool(op >> (op >> 8 & 7) & 1)
    if op >> 3 in BLX_LR_PC:
        return True
    count = registers[op >> 3 & 7] & 0xFF
    return op >> 6 in SHIFTS and (count == 0 or count > 32)


def value(chance):
    """Return a value for a register: an edge, any number, or an address in memory."""
    kind = chance.random()
    if kind < 0.3:
        return chance.choice(EDGES)
    return chance.getrandbits(32) if kind < 0.5 else DATA + 4 * chance.randrange(2000)


def test_every_instruction_does_what_it_does_in_rp2040py(chips):
    theirs, ours, core = chips
    chance = random.Random(1)
    data = chance.randbytes(DATA_BYTES)
    for chip in (theirs, ours):
        chip.sram[DATA & 0xFFFFF : (DATA & 0xFFFFF) + DATA_BYTES] = data
    done = 0
    while done < COUNT:
        op = chance.choice(FIRST) if chance.random() < 0.1 else chance.randrange(0xE800)
        registers = [value(chance) for _ in range(13)]
        registers += [STACK + 4 * chance.randrange(1000), chance.getrandbits(32), CODE]
        if op >> 8 in (BREAKPOINT, UNDEFINED) or differs_there(op, registers):
            continue
        code, flags = (op, chance.choice(SECOND)), chance.getrandbits(4) << 28
        put(theirs, code, registers, flags)
        put(ours, code, registers, flags)
        theirs.core.execute_instruction()
        core.execute(1)
        assert seen(ours) == seen(theirs), (hex(op), [hex(one) for one in registers])
        done += 1


def test_stmia_advances_its_base_though_it_is_stored(chips):
    _theirs, ours, core = chips
    put(ours, (0xC003,), [DATA, 7, *[0] * 13, CODE])  # STMIA r0!, {r0, r1}
    core.execute(1)
    assert ours.core.registers[0] == DATA + 8
    assert [ours.read_uint32(DATA + at) for at in (0, 4)] == [DATA, 7]


def test_blx_lr_goes_where_lr_was(chips):
    _theirs, ours, core = chips
    put(ours, (0x47F0,), [*[0] * 14, FLASH + 1, CODE])
    core.execute(1)
    assert list(ours.core.registers)[14:] == [(CODE + 2) | 1, FLASH]


@pytest.mark.parametrize("op", [0x4088, 0x40C8, 0x4108, 0x41C8])  # LSLS LSRS ASRS RORS r0, r1
@pytest.mark.parametrize("flags", [0, CARRY])
def test_a_shift_by_0_keeps_the_carry(chips, op, flags):
    _theirs, ours, core = chips
    put(ours, (op,), [0x80000001, 0, *[0] * 13, CODE], flags)
    core.execute(1)
    assert ours.core.registers[0] == 0x80000001
    assert ours.core.apsr & CARRY == flags


@pytest.mark.parametrize(("op", "carry"), [(0x4088, 0), (0x40C8, 0), (0x4108, CARRY)])
def test_a_shift_by_more_than_32(chips, op, carry):
    _theirs, ours, core = chips
    put(ours, (op,), [0x80000000, 63, *[0] * 13, CODE])
    core.execute(1)
    assert ours.core.apsr & CARRY == carry
    assert ours.core.registers[0] == (0xFFFFFFFF if carry else 0)


def test_the_boot_is_the_same_instruction_by_instruction(image, tmp_path):
    """Compare registers, memory, cycles and emulated time after each millisecond."""
    for name in ("theirs", "ours"):
        write_flash(tmp_path / name, {"main.py": BUSY})
    boards = [Emulator(image, tmp_path / name) for name in ("theirs", "ours")]
    theirs, ours = (board.device.mcu for board in boards)
    for chip in (theirs, ours):
        chip.core.pc = FLASH
    for ms in range(1, BOOT_MS):
        while (left := ms * 1e6 - ours.clock.nanos) > 0:
            assert not ours.core.waiting
            boards[1].core.execute(max(1, int(left / CYCLE_NS)))
        while theirs.clock.nanos < ours.clock.nanos:
            theirs.clock.tick(theirs.core.execute_instruction() * CYCLE_NS)
        assert seen(ours) == seen(theirs), ms
        assert ours.clock.nanos == theirs.clock.nanos
    assert bytes(ours.sram) == bytes(theirs.sram)
