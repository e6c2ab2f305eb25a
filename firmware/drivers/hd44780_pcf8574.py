"""HD44780 character display, 16x2 or 20x4, behind a PCF8574 I2C expander in 4-bit mode.

The expander bits are those of the usual modules: P0 RS, P1 R/W, P2 E, P3 backlight, P4-P7 data.
Hitachi's data sheet ADE-207-272(Z): a command or a character takes 37 us, which is less than the
transmission of the next one at 100 kHz; only the start sequence needs pauses (figure 24).
"""

from .display_layout import lines

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


ADDRESS = const(0x27)  # PCF8574; a PCF8574A is at 0x3F
_RS = const(0x01)
_E = const(0x04)
_LIGHT = const(0x08)
_HEAD = const(6)  # bytes of a line before its characters
# Of the rows; the third and fourth continue the first and second behind their 20 characters.
_SET_ADDRESS = (0x80, 0xC0, 0x94, 0xD4)
_RETRY_CALLS = const(50)  # calls between two attempts to start a display that does not answer
# (nibble, pause after it in ms), then (command, pause)
_WAKE = ((0x30, 5), (0x30, 1), (0x30, 1), (0x20, 1))
# Two lines 5x8; off; clear; move right; on without cursor.
_SET_UP = ((0x28, 1), (0x08, 1), (0x01, 2), (0x06, 1), (0x0C, 1))


class Hd44780:
    """A display. `i2c` has writeto; `sleep_ms` is used in the start sequence only, 16 ms in total.

    A missing or disconnected display does not block the caller: it is tried again every
    _RETRY_CALLS calls and written completely when it answers. working: True while it answers.
    """

    def __init__(self, i2c, sleep_ms, address=ADDRESS, columns=16, rows=2):
        self._i2c = i2c
        self._sleep_ms = sleep_ms
        self._address = address
        self._columns = columns
        self._rows = rows
        self._two = bytearray(2)
        self._four = bytearray(4)
        self._line = bytearray(_HEAD + 4 * columns)
        self._wanted = self._shown = [None] * rows
        self._serial = -1
        self._calls = 0
        self.working = False

    def show(self, items):
        """Show the items (boards/README.md).

        At most one line is sent per call, 6.3 ms for 16 characters at 100 kHz, to limit the time
        of the call. Call the method repeatedly with the items to be displayed.
        """
        if items.serial != self._serial:
            self._serial = items.serial
            self._wanted = lines(items, self._columns, self._rows)
        try:
            if not self.working and not self._start():
                return
            for row in range(self._rows):
                if self._wanted[row] != self._shown[row]:
                    self._send_line(row, self._wanted[row])
                    self._shown[row] = self._wanted[row]
                    return
        except OSError:
            self.working = False

    def _start(self):
        self._calls -= 1
        if self._calls >= 0:
            return False
        self._calls = _RETRY_CALLS
        for nibble, pause_ms in _WAKE:
            self._pulse(self._two, 0, nibble)
            self._i2c.writeto(self._address, self._two)
            self._sleep_ms(pause_ms)
        for command, pause_ms in _SET_UP:
            self._byte(self._four, 0, command, 0)
            self._i2c.writeto(self._address, self._four)
            self._sleep_ms(pause_ms)
        self._shown = [None] * self._rows
        self.working = True
        self._calls = 0
        return True

    def _send_line(self, row, text):
        line = self._line
        self._byte(line, 0, _SET_ADDRESS[row], 0)
        # RS must be set 40 ns before E rises, and both are in one byte.
        line[4] = _LIGHT
        line[5] = _LIGHT | _RS
        at = _HEAD
        for column in range(self._columns):
            self._byte(line, at, ord(text[column]), _RS)
            at += 4
        self._i2c.writeto(self._address, line)

    def _byte(self, buf, at, value, rs):
        self._pulse(buf, at, value & 0xF0 | rs)
        self._pulse(buf, at + 2, (value & 0x0F) << 4 | rs)

    def _pulse(self, buf, at, bits):
        """Store data with E high, then with E low: the display reads it at the falling edge."""
        buf[at] = bits | _LIGHT | _E
        buf[at + 1] = bits | _LIGHT
