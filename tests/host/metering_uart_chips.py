"""Fakes of PZEM-004T, BL0942 and CSE7766, from their data sheets, at the level of bytes."""

import struct
from collections.abc import Sequence
from fractions import Fraction

from metering_kit import MJ_PER_KWH, Chip, Fault, Line, Load

MILLIVOLTS = 230_000


def crc16(data: bytes) -> bytes:
    """Return the CRC of Modbus RTU as it is sent."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


class Pzem(Chip):
    """A PZEM-004T v3, which keeps its energy register without supply. It imports only."""

    per_mj = Fraction(1000, MJ_PER_KWH)

    def __init__(
        self,
        load: Load,
        faults: Sequence[Fault] = (),
        seed: int = 0,
        wh: int = 0,
        address: int = 1,
    ) -> None:
        super().__init__(load, faults, seed)
        self.line = Line()
        self.line.chip = self._asked
        self.address = address
        self.alarm = 0
        self.error = 0
        self.echo = False
        self._counted = 0  # energy in mJ with supply
        self._since = 0
        self._wh = wh

    def switch_off(self) -> None:
        self._counted += self._energy() - self._since
        self._since = 0

    def switch_on(self) -> None:
        self._since = self._energy()

    def _energy(self) -> int:
        return self.load.energy(self.now)[0]

    def counts(self) -> int:
        live = self._energy() - self._since if self.powered else 0
        return self._wh + int((self._counted + live) * self.per_mj)

    def reset_energy(self, wh: int = 0) -> None:
        """Set the register: by function 0x42, or as another module has it."""
        self._counted = 0
        self._since = self._energy()
        self._wh = wh

    def values(self) -> tuple[int, int, int, int, int, int]:
        """Return V * 10, mA, W * 10, Wh, Hz * 10, power factor * 100."""
        watts = max(0, self.watts())
        return 2300 + self.still(), watts * 1000 // 230, 10 * watts, self.counts(), 500, 100

    def _asked(self, request: bytes) -> None:
        if self.echo:
            self.line.arrived += request
        assert request[:6] == bytes((request[0], 4, 0, 0, 0, 10)) and len(request) == 8
        assert request[6:] == crc16(request[:6])
        if request[0] not in (self.address, 0xF8):
            return
        if self.error:
            answer = bytes((self.address, 0x84, self.error))
        else:
            volts, amperes, watts, energy, hertz, factor = self.values()
            data = struct.pack(">H", volts)
            for value in (amperes, watts, energy):
                data += struct.pack(">HH", value & 0xFFFF, value >> 16)
            data += struct.pack(">HHH", hertz, factor, self.alarm)
            answer = bytes((self.address, 4, 20)) + data
        self.line.arrived += self.arriving(answer + crc16(answer))


class Bl(Chip):
    """A BL0942 whose CF_CNT counts absolute energy, from `first` at its start."""

    per_mj = Fraction("3304.61127") / MJ_PER_KWH
    OURS = 2

    def __init__(
        self, load: Load, faults: Sequence[Fault] = (), seed: int = 0, first: int = 0xFFFC00
    ) -> None:
        super().__init__(load, faults, seed)
        self.line = Line()
        self.line.chip = self._asked
        self.first = first
        self.raw: dict[str, int] = {}
        self.deaf = False  # to writes
        self.switch_on()
        self.first = 0

    def switch_on(self) -> None:
        self.mode = 0x87
        self.cycles = 1
        self.unlocked = False
        self._start = sum(self.load.energy(self.now))
        self._base = self.first

    def counts(self) -> int:
        return self._base + int((sum(self.load.energy(self.now)) - self._start) * self.per_mj)

    def _asked(self, request: bytes) -> None:
        if request[0] == 0xA8 and self.powered:
            self._write(request)
        elif request == b"\x58\xaa":
            self._answer(self._packet(), 0)
        elif request[0] == 0x58 and request[1] == 0x16:
            self._answer(struct.pack("<I", self.cycles)[:3], 0x16)

    def _write(self, request: bytes) -> None:
        if self.deaf or self.fault("silent", "flip", "flips", "noise", "truncate"):
            return  # the same noise damages what is sent to the chip
        assert sum(request[:5]) & 0xFF ^ 0xFF == request[5] and len(request) == 6
        if request[1] == 0x1D:
            self.unlocked = request[2] == 0x55
        elif request[1] == 0x19 and self.unlocked:
            self.mode = int.from_bytes(request[2:5], "little")
        elif request[1] == 0x16 and self.unlocked:
            self.cycles = int.from_bytes(request[2:5], "little")

    def _packet(self) -> bytes:
        watts = self.watts()
        values = {
            "current": int(Fraction(abs(watts), 230) * Fraction("251213.5")),
            "voltage": int(230 * Fraction("15873.36")) + self.still(),
            "power": watts * 596,
            "energy": self.counts() & 0xFFFFFF,
            "period": 20000,
            **self.raw,
        }
        data = b"\x55"
        for name in ("current", "voltage", "current", "power", "energy"):
            data += struct.pack("<i", values[name])[:3]
        return data + struct.pack("<HBBBB", values["period"], 0, int(watts < 0), 0, 0)

    def _answer(self, data: bytes, register: int) -> None:
        checksum = (0x58 + register + sum(data)) & 0xFF ^ 0xFF
        self.line.arrived += self.arriving(data + bytes((checksum,)))


class Cse(Chip):
    """A CSE7766: a frame every `period_ms`, and a CF of 16 bits that is 0 at its start.

    The first frame comes START_MS after the supply.
    """

    VOLTAGE, CURRENT, POWER = 194400, 16400, 5351256
    per_mj = Fraction(1000, POWER)
    START_MS = 500

    def __init__(
        self, load: Load, faults: Sequence[Fault] = (), seed: int = 0, period_ms: int = 60
    ) -> None:
        super().__init__(load, faults, seed)
        self.line = Line()
        self.period_ms = period_ms
        self.header = 0x55
        self.raw: dict[str, int] = {}
        self.switch_on()
        self._start = 0
        self._due = 0

    def switch_on(self) -> None:
        self._start = sum(self.load.energy(self.now))
        self._due = self.now + self.START_MS

    def counts(self) -> int:
        return int((sum(self.load.energy(self.now)) - self._start) * self.per_mj) & 0xFFFF

    def advance(self, ms: int) -> None:
        super().advance(ms)
        while self.powered and self._due <= self.now:
            self._due += self.period_ms
            self.line.arrived += self.arriving(self.frame())

    def frame(self) -> bytes:
        watts = abs(self.watts())
        values = {
            "vc": self.VOLTAGE,
            "v": self.VOLTAGE // 230 + self.still(),
            "ic": self.CURRENT,
            "i": min(0xFFFFFF, self.CURRENT * 230 // watts) if watts else 0xFFFFFF,
            "pc": self.POWER,
            "p": min(0xFFFFFF, self.POWER // watts) if watts else 0xFFFFFF,
            "flags": 0x70 if watts else 0x40,
            "cf": self.counts(),
            **self.raw,
        }
        data = b"".join(
            struct.pack(">I", values[n])[1:] for n in ("vc", "v", "ic", "i", "pc", "p")
        )
        data += struct.pack(">BH", values["flags"], values["cf"])
        return bytes((self.header, 0x5A)) + data + bytes((sum(data) & 0xFF,))
