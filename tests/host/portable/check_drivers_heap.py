"""Metering drivers allocate nothing while they measure, with small, negative and greatest values.

On MicroPython the heap is locked meanwhile: with 31-bit integers a greater one is an allocation.
"""

import struct

from heap_rig import heap_lock, heap_unlock

from drivers.ade7953 import Ade7953
from drivers.atm90e26 import Atm90e26
from drivers.bl0942 import Bl0942
from drivers.cse7766 import Cse7766
from drivers.hlw8012 import BL0937, Hlw8012
from drivers.pzem004t import Pzem004t
from drivers.s0_meter import S0Meter
from meterbus import crc

GAINS = (1012345, 987654, 1054321)
TICK_MS = 20


class Uart:
    """A chip that answers a request with the next of its answers, by the request's second byte.

    answers: {second byte: [bytes]}, 0 for those that come unasked, every 60 ms.
    """

    def __init__(self, answers):
        self._answers = answers
        self._number = 0
        self._calls = 0
        self._answer = b""
        self._at = 0

    def any(self):
        return len(self._answer) - self._at

    def readinto(self, buf, count):
        for i in range(count):
            buf[i] = self._answer[self._at]
            self._at += 1
        return count

    def write(self, data):
        self.send(data[1])

    def every_third(self):
        """Send an answer to 0 at every third call."""
        self._calls += 1
        if self._calls % 3 == 0:
            self.send(0)

    def send(self, key):
        answers = self._answers.get(key)
        if answers is not None:
            self._number += 1
            self._answer = answers[self._number % len(answers)]
            self._at = 0


def measure(driver, before=None, seconds=30):
    """Run the driver, the second half with a locked heap; return what it has measured."""
    for _ in range(seconds * 500 // TICK_MS):
        if before is not None:
            before()
        driver.elapsed(TICK_MS)
    driver.take(1 << 28)
    driver.take_export()
    taken = 0
    heap_lock()
    try:
        for _ in range(seconds * 500 // TICK_MS):
            if before is not None:
                before()
            driver.elapsed(TICK_MS)
            taken += driver.take(1000) + driver.take_export()
    finally:
        heap_unlock()
    reading = driver.reading
    return taken, reading.fault, reading.mv, reading.ma, reading.w_x10, reading.pf_x1000


def modbus(*words):
    data = bytearray(25)
    struct.pack_into(">BBB10H", data, 0, 1, 4, 20, *words)
    crc.append(data, 23)
    return bytes(data)


def test_pzem004t():
    found = []
    for words in (
        (0,) * 10,
        (2301, 0x1234, 1, 5000, 0, 7, 0, 500, 98, 0),
        (0xFFFF, 0xFFFF, 0xFF, 0xFFFF, 0xFF, 0xFFFF, 0xFF, 0xFFFF, 0xFFFF, 0xFFFF),
    ):
        good = modbus(*words)
        answers = [good, good, good[:20], good, b"\x00" * 50, b""]
        found.append(measure(Pzem004t(Uart({4: answers}), GAINS)))
    assert found[0][1:5] == (0, 0, 0, 0)
    assert found[1][3] == 69329  # 70196 mA and the gain
    return found


def packet(current, voltage, power, energy):
    data = b"\x55"
    for value in (current, voltage, current, power, energy):
        data += struct.pack("<i", value)[:3]
    data += struct.pack("<HI", 20000, 0)
    return data + bytes(((0x58 + sum(data)) & 0xFF ^ 0xFF,))


def test_bl0942():
    mark = b"\x02\x00\x00" + bytes(((0x58 + 0x16 + 0x02) & 0xFF ^ 0xFF,))
    start = b"\x01\x00\x00" + bytes(((0x58 + 0x16 + 0x01) & 0xFF ^ 0xFF,))
    found = []
    most = 0x7FFFFF
    for current, voltage, power in (
        (0, 0, 0),
        (251213, 3650000, 137080),
        (7500000, 3650000, -10000),
        (0xFFFFFF, 0xFFFFFF, -most),
        (0xFFFFFF, 3650000, most),
    ):
        for marks in ([mark], [mark, mark, mark, start, start, start]):
            answers = [b""]
            for energy in (0xFFFFFE, 0xFFFFFF, 0, 3, 9, 20, 1):
                answers.append(packet(current, voltage, power, energy))
            found.append(measure(Bl0942(Uart({0xAA: answers, 0x16: marks}), GAINS)))
    assert found[4][4] < 0
    return found


def frame(header, voltage, current, power, flags, energy):
    data = b"".join(
        struct.pack(">I", value)[1:] for value in (194400, voltage, 16400, current, 5351256, power)
    )
    data += struct.pack(">BH", flags, energy)
    return bytes((header, 0x5A)) + data + bytes((sum(data) & 0xFF,))


def test_cse7766():
    found = []
    for header, voltage, current, power, flags in (
        (0x55, 845, 3565, 23266, 0x70),
        (0x55, 1, 1, 1, 0x70),
        (0x55, 0, 0, 0, 0x70),
        (0xF2, 845, 0xFFFFFF, 0xFFFFFF, 0x40),
        (0xAA, 845, 3565, 23266, 0x70),
    ):
        frames = [
            frame(header, voltage, current, power, flags, energy & 0xFFFF)
            for energy in range(65500, 65600, 9)
        ]
        uart = Uart({0: frames})

        found.append(measure(Cse7766(uart, GAINS), uart.every_third, 12))
    return found


class Pulses:
    def __init__(self, step, start=0):
        self._step = step
        self._count = start

    def value(self):
        self._count += self._step
        return self._count


def test_pulses():
    found = []
    for step in (0, 1, 40):
        chip = Hlw8012(Pulses(step), Pulses(4), lambda _level: None, BL0937, GAINS)
        found += [measure(chip), measure(S0Meter(Pulses(step)))]
    return found


class Spi:
    """An ATM90E26 whose measurements are all `value`, and its energy `energy`."""

    def __init__(self, value, energy):
        self._registers = {0x20: 0x8765, 0x30: 0x8765, 0x01: 0, 0x40: energy, 0x41: energy}
        self._registers[0x4A], self._registers[0x4C] = value // 100, 5000
        self._value = value
        self._last = 0

    def select(self, _level):
        pass

    def write_readinto(self, sent, received):
        register = sent[0] & 0x7F
        if register != 6:
            self._last = self._registers.get(register, self._value)
        received[1] = self._last >> 8
        received[2] = self._last & 0xFF


def test_atm90e26():
    found = []
    for value, energy in ((0, 0), (1000, 1), (0x8000, 65535), (0xFFFF, 600), (0x7FFF, 1200)):
        chip = Spi(value, energy)
        found.append(measure(Atm90e26(chip, chip.select, GAINS)))
    return found


class I2c:
    """An ADE7953: `value` is in the signed registers, `unsigned` in the others."""

    def __init__(self, value, unsigned):
        self._signed = struct.pack(">i", value)
        self._unsigned = struct.pack(">i", unsigned)
        self._energy = struct.pack(">i", value // 47)
        self._last = 0

    def readfrom_mem_into(self, _address, register, buf, addrsize=8):
        if register == 0x102:
            buf[0] = 0
            buf[1] = 4
        elif register == 0x10E:
            buf[0], buf[1] = 0x11, 0x7A
        elif register == 0x1FE:
            buf[0] = self._last >> 8
            buf[1] = self._last & 0xFF
            return
        else:
            unsigned = 0x31A <= register <= 0x31C
            source = self._unsigned if unsigned else self._signed
            if register in (0x31E, 0x3FF):
                source = self._energy
            for i in range(len(buf)):
                buf[i] = source[i]
        if register != 0x3FF:
            self._last = register


def test_ade7953():
    found = []
    greatest = 0xFFFFFF
    for value, unsigned in (
        (0, 0),
        (70000, 5980000),
        (-70000, 5980000),
        (0x7FFFFFFF, greatest),
        (-0x80000000, greatest),
        (149000, greatest),
        (5, 0x7FFFFFFF),
    ):
        found.append(measure(Ade7953(I2c(value, unsigned), GAINS)))
    assert found[1][0] == found[2][0] > 0
    assert found[2][4] < 0
    return found
