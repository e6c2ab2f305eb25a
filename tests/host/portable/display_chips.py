"""Fake display chips: they decode what is sent to them into what a person sees."""

from drivers import display_font
from drivers.display_layout import STATE


class Items:
    """The items of the display; `put` changes them as a meter does."""

    def __init__(self):
        self.serial = 0
        self.put(STATE, "", "")

    def put(self, kind, label, value, status="", detail="", progress=0, result=-1):
        self.kind, self.label, self.value = kind, label, value
        self.status, self.detail = status, detail
        self.progress, self.result = progress, result
        self.serial += 1
        return self


class Bus:
    """An I2C bus with one chip. `missing`: it does not answer. sent: bytes of each write."""

    def __init__(self, chip, address):
        self.chip = chip
        self.address = address
        self.missing = False
        self.sent = []

    def writeto(self, address, data):
        if self.missing or address != self.address:
            raise OSError(5)
        self.sent.append(len(data))
        self.chip.take(bytes(data))


class Hd44780Chip:
    """HD44780 behind a PCF8574: display memory of 80 characters, 4-bit mode after 0x20."""

    _ROWS = (0x00, 0x40, 0x14, 0x54)

    def __init__(self):
        self.memory = bytearray(128)
        self.on = False
        self._wide = True  # the bus has 8 bits until the command for 4
        self._high = None
        self._port = 0
        self._address = 0

    def take(self, data):
        for port in data:
            if self._port & 4 and not port & 4:  # E falls
                self._nibble(self._port >> 4, self._port & 1)
            self._port = port

    def _nibble(self, nibble, rs):
        if self._wide:
            self._wide = nibble == 3
            return
        if self._high is None:
            self._high = nibble
            return
        value = self._high << 4 | nibble
        self._high = None
        if rs:
            self.memory[self._address] = value
            self._address += 1
        elif value & 0x80:
            self._address = value & 0x7F
        elif value == 1:
            self.memory[:] = b" " * 128
        elif value & 0xF8 == 8:
            self.on = bool(value & 4)

    def seen(self, columns, rows):
        assert self.on
        starts = self._ROWS[:rows]
        return [bytes(self.memory[at : at + columns]).decode() for at in starts]


class OledChip:
    """SSD1306 or SH1106 (132 columns) in page addressing; `pages`: of the panel."""

    # Commands with a byte after them. 0xAD and 0x8D switch the supply of the panel on.
    _WITH_VALUE = (0xD5, 0xD3, 0x8D, 0xAD, 0x20, 0x81, 0xD9, 0xDB, 0xA8, 0xDA)

    def __init__(self, width=128, pages=8, first=0):
        self.memory = [bytearray(b"\xff" * width) for _ in range(8)]
        self.settings = {}
        self.on = False
        self._pages = pages
        self._first = first
        self._page = self._column = 0

    def take(self, data):
        assert data[0] in (0x00, 0x40)
        if data[0] == 0x40:
            for byte in data[1:]:
                self.memory[self._page][self._column] = byte
                self._column += 1
            return
        at = 1
        while at < len(data):
            command = data[at]
            at += 1
            if command in self._WITH_VALUE:
                self.settings[command] = data[at]
                at += 1
            elif command & 0xF8 == 0xB0:
                self._page = command & 7
            elif command < 0x10:
                self._column = self._column & 0xF0 | command
            elif command < 0x20:
                self._column = self._column & 0x0F | (command & 15) << 4
            elif command in (0xAE, 0xAF):
                self.on = command == 0xAF

    def dot(self, x, y):
        return self.memory[y // 8][self._first + x] >> y % 8 & 1

    def art(self):
        """Return the dots as text, a line per row."""
        assert self.on and self.settings[0xA8] == 8 * self._pages - 1
        rows = range(8 * self._pages)
        return ["".join("#" if self.dot(x, y) else "." for x in range(128)) for y in rows]

    def text(self, top, factor, x=0, end=128):
        """Return the text whose characters begin at row `top`, read by the table of glyphs."""
        made = ""
        while x + 5 * factor <= end:
            glyph = bytes(self._column_of(x + factor * i, top, factor) for i in range(5))
            made += chr(_GLYPHS[glyph])
            x += 6 * factor
        return made.rstrip()

    def _column_of(self, x, top, factor):
        """Return seven dots of a column; every dot must be factor x factor large."""
        dots = 0
        for row in range(7):
            y = top + factor * row
            square = {self.dot(x + i, y + j) for i in range(factor) for j in range(factor)}
            assert len(square) == 1, "a dot in pieces"
            dots |= square.pop() << row
        return dots


_GLYPHS = {
    display_font.COLUMNS[5 * i : 5 * i + 5]: display_font.FIRST + i
    for i in range(display_font.LAST - display_font.FIRST + 1)
}


class Tm1637Chip:
    """TM1637 on its two pins, by their edges. `missing`: it does not acknowledge.

    clock and data are pins as the driver needs them. edges: changes of a pin so far.
    """

    # What the patterns of the segments look like; of 5 and s, and of others, one name each.
    NAMES = {
        0x00: " ", 0x40: "-", 0x3F: "0", 0x06: "1", 0x5B: "2", 0x4F: "3", 0x66: "4", 0x6D: "5",
        0x7D: "6", 0x07: "7", 0x7F: "8", 0x6F: "9", 0x77: "A", 0x7C: "b", 0x58: "c", 0x5E: "d",
        0x79: "E", 0x71: "F", 0x3D: "G", 0x74: "h", 0x38: "L", 0x54: "n", 0x5C: "o", 0x73: "P",
        0x50: "r", 0x78: "t", 0x1C: "u", 0x6E: "y",
    }  # fmt: skip
    # The positions of the usual modules' digits, from the left.
    PLACES = (2, 1, 0, 5, 4, 3)

    def __init__(self):
        self.memory = bytearray(6)
        self.on = False
        self.missing = False
        self.edges = 0
        self._levels = {"clock": 1, "data": 1}
        self._answer = 1
        self._bits = []
        self._bytes = None

    def clock(self, level):
        before, self._levels["clock"] = self._levels["clock"], level
        self.edges += before != level
        if self._bytes is None or before == level:
            return
        if level and len(self._bits) < 8:
            self._bits.append(self._levels["data"])
        elif not level and len(self._bits) == 8:
            self._bytes.append(sum(self._bits[i] << i for i in range(8)))
            self._bits.append(None)  # until the ninth clock has ended
            self._answer = 1 if self.missing else 0
        elif not level and len(self._bits) == 9:
            self._answer = 1
            self._bits = []

    def data(self, level=None):
        if level is None:
            return self._levels["data"] & self._answer
        before, self._levels["data"] = self._levels["data"], level
        self.edges += before != level
        if not self._levels["clock"] or before == level:
            return
        if not level:
            self._bytes, self._bits, self._answer = [], [], 1
        else:
            self._command()
            self._bytes = None

    def _command(self):
        first = self._bytes[0] if self._bytes else 0
        if first & 0xC0 == 0xC0:
            for i, value in enumerate(self._bytes[1:]):
                self.memory[(first & 7) + i] = value
        elif first & 0xC0 == 0x80:
            self.on = bool(first & 8)

    def seen(self):
        """Return the digits from the left."""
        assert self.on
        made = ""
        for place in self.PLACES:
            value = self.memory[place]
            made += self.NAMES[value & 0x7F] + ("." if value & 0x80 else "")
        return made
