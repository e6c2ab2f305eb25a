"""DS3231 on I2C: a clock with a crystal of its own and a battery, address 0x68.

Maxim's data sheet 19-5170: from 0x00 seconds, minutes, hours, day of the week, date, month and
year in BCD; control at 0x0E, status at 0x0F. A burst that begins at 0x00 is of one moment. Bit 7
of the status, OSF, is set whenever the oscillator has stopped, also at the first start and with an
empty battery: what the chip counts is no time then, until somebody sets it and clears the bit.
Bit 7 of the month is the century; here 0 is 2000 to 2099, and with 1 the chip is wrong.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


ADDRESS = const(0x68)

# Ds3231.fault
OK = const(0)
SILENT = const(1)  # no answer
STOPPED = const(2)  # the oscillator has stopped: the time is lost
WRONG = const(3)  # not a time, or one that does not go on as time does

_COUNT = const(16)
_CONTROL = const(0x0E)
_STATUS = const(0x0F)
_OSF = const(0x80)
_HOURS_12 = const(0x40)
_PM = const(0x20)
_RUNS = const(0x04)  # the oscillator on, from the battery too; no alarm and no square wave
_YEAR_2025 = 1735689600
_DAY_S = const(86400)
_DAYS_1970_2000 = const(10957)
_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_LONGEST = bytes((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))


class Ds3231:
    """A chip. `i2c` has readfrom_mem_into, writeto_mem. fault: of the last read, OK to WRONG."""

    def __init__(self, i2c, address=ADDRESS):
        self._i2c = i2c
        self._address = address
        self._buf = bytearray(_COUNT)
        self.fault = OK

    def read(self):
        """Return UTC seconds since 1970; None if the chip does not have the time, see `fault`."""
        try:
            self._i2c.readfrom_mem_into(self._address, 0, self._buf)
        except OSError:
            self.fault = SILENT
            return None
        unix = _decode(self._buf)
        if unix is None:
            self.fault = WRONG
        elif self._buf[_STATUS] & _OSF:
            self.fault, unix = STOPPED, None
        elif unix < _YEAR_2025:
            self.fault, unix = WRONG, None  # such a time was never set
        else:
            self.fault = OK
        return unix

    def write(self, unix):
        """Set the time. Return whether the chip has it now; `fault` has the reason if not."""
        try:
            self._i2c.writeto_mem(self._address, _CONTROL, bytes((_RUNS,)))
            self._i2c.writeto_mem(self._address, 0, _encode(unix))
            self._i2c.writeto_mem(self._address, _STATUS, b"\x00")
        except OSError:
            self.fault = SILENT
            return False
        found = self.read()
        if found is None:
            return False
        if not 0 <= found - unix <= 1:
            self.fault = WRONG
            return False
        return True


def _days(year):
    """Return the days from 1970 to the beginning of a year from 2000 to 2099."""
    past = year - 2000
    return _DAYS_1970_2000 + 365 * past + (past + 3) // 4


def _bcd(value, low, high):
    """Return a number from two digits, -1 if they are none or it is outside of the range."""
    tens, ones = value >> 4, value & 15
    number = 10 * tens + ones
    return number if tens < 10 and ones < 10 and low <= number <= high else -1


def _hour(value):
    """Return the hour of the register, which has one of two forms; -1 if it is none."""
    if value & 0x80:
        return -1
    if not value & _HOURS_12:
        return _bcd(value, 0, 23)
    number = _bcd(value & 0x1F, 1, 12)
    return -1 if number < 0 else number % 12 + (12 if value & _PM else 0)


def _decode(buf):
    """Return UTC seconds since 1970 in the chip's registers, None if they are no time."""
    second, minute, hour = _bcd(buf[0], 0, 59), _bcd(buf[1], 0, 59), _hour(buf[2])
    month, year = _bcd(buf[5], 1, 12), _bcd(buf[6], 0, 99)
    day = _bcd(buf[4], 1, 31)
    if min(second, minute, hour, month, year, day) < 0 or not 1 <= buf[3] <= 7:
        return None
    year += 2000
    leap = year % 4 == 0
    if day > _LONGEST[month - 1] + (1 if leap and month == 2 else 0):
        return None
    days = _days(year) + _BEFORE_MONTH[month - 1] + (1 if leap and month > 2 else 0) + day - 1
    return days * _DAY_S + hour * 3600 + minute * 60 + second


def _encode(unix):
    """Return the chip's seven registers for UTC seconds since 1970, from 2025 to 2099."""
    days, rest = divmod(unix, _DAY_S)
    year = 2000 + (days - _DAYS_1970_2000) // 366  # this one or an earlier one
    while days >= _days(year + 1):
        year += 1
    day = days - _days(year)
    month = 0
    leap = year % 4 == 0
    while day >= _LONGEST[month] + (1 if month == 1 and leap else 0):
        day -= _LONGEST[month] + (1 if month == 1 and leap else 0)
        month += 1
    values = (rest % 60, rest // 60 % 60, rest // 3600, (days + 3) % 7 + 1, day + 1, month + 1)
    data = bytearray(7)
    for place in range(6):
        data[place] = values[place] // 10 << 4 | values[place] % 10
    data[6] = year % 100 // 10 << 4 | year % 10
    return data
