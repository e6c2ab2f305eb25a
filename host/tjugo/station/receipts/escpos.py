"""A receipt as the bytes of an ESC/POS printer.

The code page is chosen for each character among those of the printer; a character in none of them
is transliterated. The commands are those that the printers of all makes share.
"""

import unicodedata
from functools import lru_cache

import segno
from anyascii import anyascii

from tjugo.station.receipts import layout
from tjugo.station.receipts.elements import Element
from tjugo.station.receipts.model import Receipt
from tjugo.station.receipts.profiles import Profile
from tjugo.station.receipts.render import HEAVY, LARGE, NORMAL, rows

INIT = b"\x1b@"
CANCEL_KANJI = b"\x1c."
PAGE = b"\x1bt"
ALIGN = b"\x1ba"
BOLD = b"\x1bE"
SIZE = b"\x1d!"
FEED = b"\x1bd"
RASTER = b"\x1dv0\x00"
FUNCTION = b"\x1d(k"
CUT = b"\x1dVB\x00"

_LEFT, _CENTRE = b"\x00", b"\x01"
# Bold and size of a weight.
_WEIGHTS = {
    NORMAL: (b"\x00", b"\x00"),
    HEAVY: (b"\x01", b"\x00"),
    LARGE: (b"\x01", b"\x11"),
}
_LARGE_CELLS = 2
_FEED_TO_EDGE = b"\x05"  # lines, so that the end is above a tear bar
_QR_MODULE = 6  # dots of a module
_QR_SHARE = 2  # a raster code is at most 1/2 of the line wide
_UNKNOWN = "_"  # for a character that has no transliteration


def encode(
    receipt: Receipt,
    profile: Profile,
    language: str | None = None,
    reprint: int | None = 0,
    voided: bool = False,
) -> bytes:
    """Return the bytes that print the receipt, feed the paper and, where the printer can, cut."""
    elements = layout.build(receipt, language, reprint, voided)
    return encode_elements(elements, profile)


def encode_elements(elements: list[Element], profile: Profile) -> bytes:
    """Return the bytes that print elements."""
    paper = _Paper(profile)

    def fit(text: str) -> str:
        return fitted(text, profile)

    for row in rows(elements, profile.columns, _LARGE_CELLS, fit):
        paper.align(_CENTRE if row.centred else _LEFT)
        if row.code is not None:
            paper.code(row.code)
            continue
        paper.weight(row.weight)
        paper.line(row.text)
    return paper.finished()


def fitted(text: str, profile: Profile) -> str:
    """Return the text with each character that no page of the printer has transliterated. A
    character that cannot be becomes an underline, never a question mark."""
    return "".join(_fitted(char, profile) for char in unicodedata.normalize("NFC", text))


@lru_cache(maxsize=4096)
def _fitted(char: str, profile: Profile) -> str:
    if _place(char, profile) is not None:
        return char
    return anyascii(char) or ("" if unicodedata.combining(char) else _UNKNOWN)


@lru_cache(maxsize=4096)
def _place(char: str, profile: Profile) -> tuple[int | None, bytes] | None:
    """Return the page and the byte of a character, page None for ASCII, which all pages have."""
    if " " <= char <= "~":
        return None, char.encode("ascii")
    for codec, number in profile.pages:
        code = _byte(char, codec)
        if code is not None:
            return number, code
    return None


def _byte(char: str, codec: str) -> bytes | None:
    try:
        code = char.encode(codec)
    except UnicodeEncodeError:
        return None
    return code if len(code) == 1 and code >= b"\x80" else None


class _Paper:
    """The bytes so far, and the state that they leave the printer in."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._codecs = {number: codec for codec, number in profile.pages}
        self._out = bytearray(INIT)
        if profile.cancel_kanji:
            self._out += CANCEL_KANJI
        self._page = -1
        self._align = _LEFT
        self._weight = NORMAL

    def align(self, how: bytes) -> None:
        if how != self._align:
            self._out += ALIGN + how
            self._align = how

    def weight(self, weight: str) -> None:
        if weight != self._weight:
            bold, size = _WEIGHTS[weight]
            self._out += BOLD + bold + SIZE + size
            self._weight = weight

    def line(self, text: str) -> None:
        for char in text:
            self._char(char)
        self._out += b"\n"

    def _char(self, char: str) -> None:
        place = _place(char, self._profile)
        assert place is not None, "rows() fits the text"
        page, code = place
        if page is not None and page != self._page:
            # The current page may have it too: no change of page is then needed.
            own = _byte(char, self._codecs[self._page]) if self._page in self._codecs else None
            if own is not None:
                code = own
            else:
                self._out += PAGE + bytes([page])
                self._page = page
        self._out += code

    def code(self, data: str) -> None:
        self._out += _native_qr(data) if self._profile.qr else _raster_qr(data, self._profile.dots)

    def finished(self) -> bytes:
        self.align(_LEFT)
        self.weight(NORMAL)
        self._out += CUT if self._profile.cutter else FEED + _FEED_TO_EDGE
        return bytes(self._out)


def _native_qr(data: str) -> bytes:
    """Return GS ( k: model 2, size of a module, error correction M, store, print."""
    content = data.encode("ascii")

    def function(number: int, parameters: bytes) -> bytes:
        body = b"1" + bytes([number]) + parameters
        return FUNCTION + len(body).to_bytes(2, "little") + body

    return (
        function(65, b"2\x00")
        + function(67, bytes([_QR_MODULE]))
        + function(69, b"1")
        + function(80, b"0" + content)
        + function(81, b"0")
        + b"\n"
    )


def _raster_qr(data: str, dots: int) -> bytes:
    """Return GS v 0: the code as a picture, as large as its share of the line permits."""
    matrix = list(segno.make_qr(data, error="m").matrix_iter(border=2))
    scale = max(1, dots // _QR_SHARE // len(matrix))
    width = -(-len(matrix) * scale // 8)
    out = bytearray(RASTER + width.to_bytes(2, "little"))
    out += (len(matrix) * scale).to_bytes(2, "little")
    for modules in matrix:
        bits = "".join(("1" if module else "0") * scale for module in modules)
        line = int(bits.ljust(width * 8, "0"), 2).to_bytes(width, "big")
        out += line * scale
    return bytes(out)
