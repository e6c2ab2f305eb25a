"""Display items on a graphic display of 128 columns in pages of 8 rows: layout, dots, transport.

Each page is a row of bytes, bit 0 on top (SSD1306 and SH1106 data sheets, page addressing). One
page is drawn and sent at a time, so there is no picture of the whole display in memory.
"""

from .display_font import COLUMNS, FIRST, WIDTH
from .display_layout import ENTRY, STATE, grouped, plain, progress, squeezed, supply

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


ADDRESS = const(0x3C)
PIXELS = const(128)
_PITCH = const(6)
_SMALL = const(1)  # factors of the font's dots
_LARGE = const(2)  # 10 x 14 dots a digit
_LARGE_CHARS = const(10)
_SMALL_CHARS = const(21)
_SIDE = const(110)  # x of what stands beside the large digits of an entry
_COMMAND = const(0x00)  # control bytes
_DATA = const(0x40)
_RETRY_CALLS = const(50)  # calls between two attempts to start a display that does not answer
# Four dots in a column, doubled: eight.
_DOUBLED = b"\x00\x03\x0c\x0f\x30\x33\x3c\x3f\xc0\xc3\xcc\xcf\xf0\xf3\xfc\xff"


def _fitting(page, text):
    """Return the row of a text: large if it fits, otherwise small."""
    text = squeezed(text, _LARGE_CHARS) if len(text) <= _LARGE_CHARS + 1 else text
    return (page, _LARGE if len(text) <= _LARGE_CHARS else _SMALL, 0, text)


def _entry(items, pages):
    digits = items.value
    parts = [grouped(digits[i : i + 8]) for i in range(0, len(digits), 8)]
    if pages == 4:  # the last two rows of digits
        mark = items.status and ("#" if items.status[0] == "#" else "!")
        count = progress(items).partition("/")
        rows = [(0, _SMALL, _SIDE, count[0]), (1, _SMALL, _SIDE, count[1] + count[2])]
        first = max(0, len(parts) - 2)
        for i in range(first, len(parts)):
            rows.append((2 * (i - first), _LARGE, 0, parts[i]))
        rows.append((2, _LARGE, _SIDE, mark))
        return rows
    count = progress(items)
    rows = [(0, _SMALL, 0, items.status or items.label)]
    rows.append((0, _SMALL, PIXELS - _PITCH * len(count), count))
    for i in range(len(parts)):
        rows.append((2 + 2 * i, _LARGE, 0, parts[i]))
    return rows


def rows_of(items, pages):
    """Return rows (page, factor, x, text) of the items on a display of 8 or 4 pages."""
    if items.kind == ENTRY:
        return _entry(items, pages)
    if items.kind != STATE:
        if pages == 4:
            return [_fitting(0, items.label), _fitting(2, items.value)]
        return [_fitting(1, items.label), _fitting(4, items.value)]
    value = squeezed(items.value, _LARGE_CHARS)
    if pages == 4:
        rows = [(0, _SMALL, 0, items.label), (1, _LARGE, 0, value)]
        rows.append((3, _SMALL, 0, supply(items, _SMALL_CHARS)))
        return rows
    rows = [(0, _SMALL, 0, items.label), (1, _LARGE, 0, value)]
    return rows + [_fitting(4, items.status), _fitting(6, items.detail)]


def _by_page(rows, pages):
    """Return, for each page, the rows on it, in letters that the font has."""
    made = []
    for page in range(pages):
        found = []
        for top, factor, x, text in rows:
            if text and top <= page < top + factor:
                found.append((top, factor, x, plain(text)))
        made.append(found)
    return made


class Oled:
    """A display behind I2C. `i2c` has writeto.

    A subclass has SET_UP, the bytes that start it, and OFFSET, its column of the first dot.
    A missing or disconnected display does not block the caller: it is tried again every
    _RETRY_CALLS calls and written completely when it answers. working: True while it answers.
    """

    SET_UP = b""
    OFFSET = 0

    def __init__(self, i2c, address=ADDRESS, height=64):
        self._i2c = i2c
        self._address = address
        self._pages = height // 8
        self._buf = bytearray(1 + PIXELS)
        self._at = bytearray(4)
        self._wanted = self._shown = [None] * self._pages  # of each page, the rows on it
        self._serial = -1
        self._calls = 0
        self.working = False

    def show(self, items):
        """Show the items (boards/README.md).

        At most one page is sent per call, 3 ms at 400 kHz, to limit the time of the call. Call
        the method repeatedly with the items to be displayed.
        """
        if items.serial != self._serial:
            self._serial = items.serial
            self._wanted = _by_page(rows_of(items, self._pages), self._pages)
        try:
            if not self.working and not self._start():
                return
            for page in range(self._pages):
                if self._wanted[page] != self._shown[page]:
                    self._send(page)
                    self._shown[page] = self._wanted[page]
                    return
        except OSError:
            self.working = False

    def _start(self):
        self._calls -= 1
        if self._calls >= 0:
            return False
        self._calls = _RETRY_CALLS
        self._i2c.writeto(self._address, self._set_up())
        self._shown = [None] * self._pages
        self.working = True
        self._calls = 0
        return True

    def _set_up(self):
        """Return the control byte and the commands that start the display."""
        high = self._pages == 8
        size = bytes((0xA8, 8 * self._pages - 1, 0xDA, 0x12 if high else 0x02))
        return bytes((_COMMAND,)) + self.SET_UP + size + b"\xaf"

    def _send(self, page):
        at, buf = self._at, self._buf
        at[0] = _COMMAND
        at[1] = 0xB0 | page
        at[2] = self.OFFSET & 15
        at[3] = 0x10 | self.OFFSET >> 4
        self._i2c.writeto(self._address, at)
        buf[0] = _DATA
        for i in range(1, len(buf)):
            buf[i] = 0
        for top, factor, x, text in self._wanted[page]:
            self._draw(text, 1 + x, factor, page - top)
        self._i2c.writeto(self._address, buf)

    def _draw(self, text, at, factor, lower):
        """Draw the part of a text on one page. lower: 1 for the lower page of large characters."""
        buf = self._buf
        for char in text:
            first = WIDTH * (ord(char) - FIRST)
            for column in range(first, first + WIDTH):
                dots = COLUMNS[column]
                if factor == _LARGE:
                    dots = _DOUBLED[dots >> 4 if lower else dots & 15]
                for _ in range(factor):
                    if at >= len(buf):
                        return
                    buf[at] = dots
                    at += 1
            at += factor
