"""Fakes of ATM90E26 (SPI) and ADE7953 (I2C), from their data sheets, at the level of registers."""

import struct
from collections.abc import Sequence
from fractions import Fraction

from metering_kit import MJ_PER_KWH, Chip, Fault, Load


class Atm(Chip):
    """An ATM90E26. Faults: "silent" (MISO floats high), "low" (MISO low), "flip" (of what is
    read), "deaf" (the chip is not reached), "cut"."""

    per_mj = Fraction(32000, MJ_PER_KWH)
    CAL, ADJ = range(0x21, 0x2C), range(0x31, 0x3B)

    def __init__(self, load: Load, faults: Sequence[Fault] = (), seed: int = 0) -> None:
        super().__init__(load, faults, seed)
        self.raw: dict[int, int] = {}
        self.selected = False
        self.transfers = 0
        self.switch_on()

    def switch_on(self) -> None:
        self.registers = dict.fromkeys(range(0x70), 0)
        self.registers[0x20] = self.registers[0x30] = 0x6886
        self.last = 0
        self._seen = list(self.load.energy(self.now))
        self._counted = [Fraction(0), Fraction(0)]

    def _accumulate(self) -> None:
        now = self.load.energy(self.now)
        if self.registers[0x20] == 0x8765:
            for i in (0, 1):
                self._counted[i] += (now[i] - self._seen[i]) * self.per_mj
        self._seen = list(now)

    def select(self, level: int) -> None:
        self.selected = not level

    def write_readinto(self, sent: bytearray, received: bytearray) -> None:
        """Do one access of 24 bits."""
        assert self.selected and len(sent) == len(received) == 3
        self.transfers += 1
        register = sent[0] & 0x7F
        reached = self.powered and not self.fault("deaf")
        value = 0xFFFF
        if reached and sent[0] & 0x80:
            value = self._read(register)
        elif reached:
            self._write(register, sent[1] << 8 | sent[2])
        if self.fault("flip") and self.chance.random() < 0.1:
            value ^= 1 << self.chance.randrange(16)
        if self.fault("silent") or not reached:
            value = 0xFFFF
        if self.fault("low"):
            value = 0
        received[:] = struct.pack(">BH", 0xFF, value)

    def _read(self, register: int) -> int:
        if register == 0x06:
            return self.last
        value = self.registers[register]
        if register in (0x40, 0x41):
            self._accumulate()
            counted = self._counted[register - 0x40]
            value = int(counted) & 0xFFFF
            self._counted[register - 0x40] = counted - int(counted)
        elif register in self.raw:
            value = self.raw[register]
        elif register == 0x01:
            value = 0xC000 * (not self._checked(0x20)) | 0x3000 * (not self._checked(0x30))
        else:
            value = self._measured().get(register, value)
        self.last = value
        return value

    def _measured(self) -> dict[int, int]:
        watts = self.watts()
        milliamperes = min(0xFFFF, abs(watts) * 1000 // 230)
        return {
            0x48: milliamperes,
            0x49: 23000 + self.still(),
            0x4A: watts & 0xFFFF,
            0x4B: 0xFFF6,
            0x4C: 5001,
            0x4D: 0x8000 * (watts < 0) | 998,
            0x68: milliamperes + 1,
        }

    def _checked(self, start: int) -> bool:
        """Return whether the checksum of a block that was written is right."""
        if self.registers[start] != 0x8765:
            return True
        block, at = (self.CAL, 0x2C) if start == 0x20 else (self.ADJ, 0x3B)
        data = b"".join(struct.pack(">H", self.registers[register]) for register in block)
        xor = 0
        for byte in data:
            xor ^= byte
        return self.registers[at] == xor << 8 | sum(data) & 0xFF

    def _write(self, register: int, value: int) -> None:
        self._accumulate()
        for start, block, checksum in ((0x20, self.CAL, 0x2C), (0x30, self.ADJ, 0x3B)):
            if register in block or register == checksum:
                assert self.registers[start] == 0x5678, "settings are locked"
        self.registers[register] = value
        self.last = value


class Ade(Chip):
    """An ADE7953. Faults: "silent" (no acknowledge), "flip" (of what is read), "break" (no
    acknowledge at the end of an access that has had its effect), "cut"."""

    per_mj = Fraction(23716 * 1000, MJ_PER_KWH)
    SIZES = (1, 2, 3, 4)

    def __init__(self, load: Load, faults: Sequence[Fault] = (), seed: int = 0) -> None:
        super().__init__(load, faults, seed)
        self.raw: dict[int, int] = {}
        self.switch_on()

    def switch_on(self) -> None:
        self.registers = {0x102: 0x8004, 0x120: 0}
        self.last_register = self.last = 0
        self._unlocked = False
        self._seen = self._net()
        self._fraction = Fraction(0)

    def _net(self) -> int:
        imported, exported = self.load.energy(self.now)
        return imported - exported

    def readfrom_mem_into(
        self, address: int, register: int, buf: bytearray, addrsize: int
    ) -> None:
        self._begin(address, register, len(buf), addrsize)
        value = self._read(register)
        data = bytearray((value & (1 << 8 * len(buf)) - 1).to_bytes(len(buf), "big"))
        if self.fault("flip") and self.chance.random() < 0.1:
            data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        self._break()
        buf[:] = data

    def writeto_mem(self, address: int, register: int, buf: bytes, addrsize: int) -> None:
        self._begin(address, register, len(buf), addrsize)
        value = int.from_bytes(buf, "big")
        if register == 0x120 and not self._unlocked:
            value = self.registers[0x120]
        self._unlocked = register == 0x0FE and value == 0xAD
        self.registers[register] = value
        self.last_register, self.last = register, value
        self._break()

    def _begin(self, address: int, register: int, length: int, addrsize: int) -> None:
        assert address == 0x38 and addrsize == 16
        assert length == self.SIZES[register >> 8]
        if not self.powered or self.fault("silent"):
            raise OSError(5)

    def _break(self) -> None:
        if self.fault("break") and self.chance.random() < 0.5:
            raise OSError(5)

    def _read(self, register: int) -> int:
        if register == 0x1FE:
            return self.last_register
        if register == 0x3FF:
            return self.last
        if register == 0x31E:
            exact = (self._net() - self._seen) * self.per_mj + self._fraction
            value = int(exact)
            self._fraction = exact - value
            self._seen = self._net()
        else:
            value = self.raw.get(register, self._measured().get(register, 0))
            value = self.registers.get(register, value)
        self.last_register, self.last = register, value
        return value

    def _measured(self) -> dict[int, int]:
        watts = self.watts()
        return {
            0x31A: abs(watts) * 100000 // 230,
            0x31B: abs(watts) * 100000 // 230 + 500,
            0x31C: (230_000 + self.still()) * 26,
            0x312: watts * 154,
            0x314: -154,
            0x10A: -0x7FFF if watts < 0 else 0x7FFF,
            0x10E: 4474,
        }
