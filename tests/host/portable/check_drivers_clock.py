"""The clock chip DS3231: its registers, its faults, and a meter whose clock lost the time."""

from meter_rig import meter, token

from drivers.chip_clock import ChipClock
from drivers.ds3231 import OK, SILENT, STOPPED, WRONG, Ds3231
from sts_portable import results

START = 1795773600  # 2026-11-27 10:00:00 UTC, a Friday
START_REGISTERS = b"\x00\x00\x10\x05\x27\x11\x26"
MINUTE = 60000


class Chip:
    """The registers of a chip on its bus. `there`: it answers; `runs`: its oscillator does."""

    def __init__(self, registers=START_REGISTERS, status=0):
        self.registers = bytearray(registers) + bytearray(12)
        self.registers[0x0E] = 0x1C  # after the first start of a chip
        self.registers[0x0F] = status
        self.there = self.runs = self.takes = True
        self.damaged = 0  # answers that will have wrong bits
        self.unix = START

    def elapsed(self, seconds):
        if self.runs:
            self.unix += seconds
            Setter(self).put(self.unix)

    def readfrom_mem_into(self, address, register, buf, addrsize=8):
        self._begin(address, addrsize)
        for at in range(len(buf)):
            buf[at] = self.registers[register + at]
        if self.damaged:
            self.damaged -= 1
            buf[6] = 0x31  # a good year, but not this one

    def writeto_mem(self, address, register, data, addrsize=8):
        self._begin(address, addrsize)
        if self.takes:
            for at in range(len(data)):
                self.registers[register + at] = data[at]

    def _begin(self, address, addrsize):
        assert (address, addrsize) == (0x68, 8)
        if not self.there:
            raise OSError(5)


class Setter:
    """Sets the time registers of a chip as the driver does, without the bus."""

    def __init__(self, chip):
        self._chip = chip
        self._kept = bytes(chip.registers[0x0E:0x10])

    def put(self, unix):
        there, takes = self._chip.there, self._chip.takes
        self._chip.there = self._chip.takes = True
        Ds3231(self._chip).write(unix)
        self._chip.registers[0x0E:0x10] = self._kept
        self._chip.there, self._chip.takes = there, takes


class Line:
    """A ChipClock on a chip, and time for both."""

    def __init__(self, chip=None):
        self.chip = chip or Chip()
        self.clock = ChipClock(Ds3231(self.chip))

    def run(self, seconds):
        for _ in range(seconds):
            self.chip.elapsed(1)
            for _ in range(4):
                self.clock.elapsed(250)

    def found(self):
        return self.clock.unix(), self.clock.fault


def test_registers_of_known_moments():
    for unix, registers in (
        (1735689600, b"\x00\x00\x00\x03\x01\x01\x25"),  # 2025-01-01 00:00:00, Wednesday
        (START, START_REGISTERS),
        (1835481599, b"\x59\x59\x23\x02\x29\x02\x28"),  # 2028-02-29 23:59:59, Tuesday
        (4102444799, b"\x59\x59\x23\x04\x31\x12\x99"),  # 2099-12-31 23:59:59, Thursday
    ):
        chip = Chip(b"\0" * 7, 0x80)
        driver = Ds3231(chip)
        assert driver.read() is None
        assert driver.write(unix)
        assert bytes(chip.registers[:7]) == registers, (unix, bytes(chip.registers[:7]))
        assert chip.registers[0x0E] == 0x04 and chip.registers[0x0F] == 0
        assert driver.read() == unix and driver.fault == OK


def test_every_day_of_a_century_is_itself():
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    chip = Chip()
    driver = Ds3231(chip)
    unix = 1735689600
    for year in range(2025, 2100):
        for month in range(12):
            leap = month == 1 and year % 4 == 0
            for day in (1, lengths[month] + leap):
                chip.registers[4] = day // 10 << 4 | day % 10
                chip.registers[5] = (month + 1) // 10 << 4 | (month + 1) % 10
                chip.registers[6] = year % 100 // 10 << 4 | year % 10
                wanted = unix + 86400 * (day - 1) + 36000
                assert driver.read() == wanted, (year, month, day)
                before = bytes(chip.registers[4:7])
                assert driver.write(wanted) and bytes(chip.registers[4:7]) == before
            unix += 86400 * (lengths[month] + leap)


def test_another_century_is_a_wrong_time():
    chip = Chip()
    chip.registers[5] |= 0x80
    driver = Ds3231(chip)
    assert driver.read() is None and driver.fault == WRONG


def test_hours_of_both_forms():
    for register, hour in ((0x52, 0), (0x41, 1), (0x51, 11), (0x72, 12), (0x71, 23), (0x23, 23)):
        chip = Chip()
        chip.registers[2] = register
        assert Ds3231(chip).read() == START + 3600 * (hour - 10), hex(register)


def test_what_is_no_time_is_refused():
    for at, values in (
        (0, (0x5A, 0x60, 0x80, 0xFF)),
        (1, (0x6A, 0x60, 0x80)),
        (2, (0x24, 0x2A, 0x80, 0x40, 0x53, 0x5A, 0xFF)),
        (3, (0, 8, 0xFF)),
        (4, (0, 0x32, 0x1A, 0x40)),
        (5, (0, 0x13, 0x1A, 0x20)),
        (6, (0x9A, 0xA0, 0x24, 0x00)),
    ):
        for value in values:
            chip = Chip()
            chip.registers[at] = value
            driver = Ds3231(chip)
            assert driver.read() is None and driver.fault == WRONG, (at, hex(value))
    for date in (b"\x30\x02\x28", b"\x29\x02\x27", b"\x31\x04\x27", b"\x29\x82\x00"):
        chip = Chip()
        chip.registers[4:7] = date
        assert Ds3231(chip).read() is None, date
    for byte in (0, 0xFF):  # a line that is held down or pulled up
        driver = Ds3231(Chip(bytes((byte,)) * 7))
        assert driver.read() is None and driver.fault == WRONG


def test_a_stopped_oscillator_is_an_unknown_time_until_the_clock_is_set():
    line = Line(Chip(status=0x80))
    assert line.found() == (None, STOPPED)
    line.run(300)
    assert line.found() == (None, STOPPED)
    line.clock.set(START + 1000)
    assert line.found() == (START + 1000, OK)
    line.chip.unix = START + 1000
    line.run(300)
    assert line.found() == (START + 1300, OK)
    again = ChipClock(Ds3231(line.chip))
    assert again.unix() == START + 1300, "after the next power failure"


def test_the_time_goes_on_by_the_chip():
    line = Line()
    assert line.found() == (START, OK)
    last = START
    for _ in range(200):
        line.run(1)
        found, fault = line.found()
        assert fault == OK and last <= found <= line.chip.unix and line.chip.unix - found <= 1
        last = found


def test_a_chip_that_does_not_answer():
    chip = Chip()
    chip.there = False
    line = Line(chip)
    assert line.found() == (None, SILENT)
    line.run(130)
    assert line.found() == (None, SILENT)
    line.clock.set(START + 500)  # the board alone counts until its power fails
    assert line.found() == (START + 500, SILENT)
    line.run(400)
    assert line.found() == (START + 900, SILENT)
    chip.there = True  # it has another time: that of the bus is believed
    line.run(120)
    assert line.found() == (START + 1020, WRONG)


def test_a_chip_that_appears_later_is_believed_after_a_second_look():
    chip = Chip()
    chip.there = False
    line = Line(chip)
    chip.there = True
    line.run(60)
    assert line.found() == (chip.unix, OK)


def test_a_chip_that_stands_still_is_found():
    chip = Chip()
    chip.runs = False
    line = Line(chip)
    line.run(10)
    assert line.found() == (None, WRONG)
    line.run(600)
    assert line.found() == (None, WRONG)


def test_a_chip_that_jumps_is_not_believed_until_the_clock_is_set():
    line = Line()
    line.run(30)
    line.chip.unix += 86400
    line.run(60)
    assert line.found() == (None, WRONG)
    line.run(600)
    assert line.found() == (None, WRONG)
    line.clock.set(line.chip.unix)
    line.run(120)
    assert line.found() == (line.chip.unix, OK)


def test_damaged_answers_and_a_lost_contact_are_got_over():
    line = Line()
    line.run(30)
    line.chip.damaged = 2
    line.run(60)
    assert line.found() == (line.chip.unix, OK)
    line.chip.there = False
    line.run(200)
    assert line.found() == (None, SILENT)
    line.chip.there = True
    line.run(61)
    assert line.found() == (line.chip.unix, OK)


def test_a_chip_that_does_not_keep_what_is_set():
    line = Line(Chip(status=0x80))
    line.chip.takes = False
    line.clock.set(START)
    assert line.found() == (START, STOPPED)
    line.run(200)
    assert line.found() == (START + 200, STOPPED)


def test_a_lost_clock_refuses_no_token():
    chip = Chip(status=0x80)
    line = Line(chip)
    device = meter(unix=line.clock.unix, friendly_days=127)
    for number, there in enumerate((True, False, True)):
        chip.there = there
        line.run(240)
        device.elapsed(240000, 240000)
        assert line.clock.unix() is None
        assert device.enter_token(token(10, number)) == results.ACCEPT
    assert device.account.credit == 3000
