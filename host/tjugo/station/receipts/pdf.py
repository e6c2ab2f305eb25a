"""A receipt as PDF, A4 or A6, on one page where it fits."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import segno
from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from tjugo.station.receipts import fonts, layout
from tjugo.station.receipts.layout import Code, Digits, Element, Facts, Pair, Sections, Text
from tjugo.station.receipts.model import Receipt


@dataclass(frozen=True)
class Paper:
    """A size of paper, lengths in mm: margin, size of the text in points, of a token's digits, and
    the side of the QR code."""

    name: str
    width: float
    height: float
    margin: float
    text: float
    digits: float
    code: float


PAPERS = {
    "a4": Paper("a4", 210, 297, 22, 10, 30, 32),
    "a6": Paper("a6", 105, 148, 6, 7.5, 17.5, 18),
}
_SCALES = (1.0, 0.92, 0.84, 0.77)  # tried in this order until the receipt fits on one page
_INK, _SOFT, _LINE, _SHADE = (22, 32, 44), (77, 91, 106), (200, 208, 217), (243, 246, 249)
_ACCENT, _RED = (255, 203, 46), (165, 32, 26)
_MM = 0.3528  # of a point
_LEADING = 1.38
_BIG, _TITLE, _SMALL = 1.55, 1.15, 0.88  # sizes relative to the text


def make(
    receipt: Receipt,
    paper: str = "a4",
    language: str | None = None,
    reprint: int | None = 0,
    voided: bool = False,
) -> bytes:
    """Return the PDF. paper: one of PAPERS; the rest as for `layout.sections`."""
    parts = layout.sections(receipt, language, reprint, voided)
    number = "" if receipt.number is None else f" {receipt.number}"
    for scale in _SCALES:
        sheet = _Sheet(PAPERS[paper], scale, _all_text(parts))
        sheet.draw(parts)
        if sheet.pdf.page == 1:
            break
    sheet.number_pages()
    sheet.pdf.set_title(fonts.fitted(layout.clean(f"{receipt.utility.name}{number}")))
    sheet.pdf.set_lang(language or receipt.language)
    sheet.pdf.set_creator("Tjugo")
    sheet.pdf.set_creation_date(receipt.at)
    return bytes(sheet.pdf.output())


def file_name(receipt: Receipt) -> str:
    """Return a name for the file of a receipt, of plain characters."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", f"receipt-{receipt.outlet}-{receipt.number}.pdf")


def _all_text(parts: Sections) -> str:
    return fonts.fitted(str(parts))


class _Sheet:
    """A document that is drawn from top to bottom. y: where the next block begins, in mm."""

    def __init__(self, paper: Paper, scale: float, text: str) -> None:
        self.paper = paper
        self.size = paper.text * scale
        self.scale = scale
        self.left = paper.margin
        self.width = paper.width - 2 * paper.margin
        self.pdf = FPDF(format=(paper.width, paper.height))
        self.pdf.set_auto_page_break(False)
        self.pdf.c_margin = 0
        fonts.add_to(self.pdf, text)
        self.y = 0.0
        self._new_page()

    def draw(self, parts: Sections) -> None:
        self._head(parts)
        self._columns(parts.sale, parts.customer)
        for element in parts.tokens:
            if isinstance(element, Digits):
                self._digits(element)
            elif isinstance(element, Text):
                self._centred(element)
        self._gap(0.4)
        for element in parts.money:
            if isinstance(element, Pair):
                self._amount(element)
        self._foot(parts)

    def number_pages(self) -> None:
        """Write the number of each page, when there are several."""
        last = self.pdf.page
        for page in range(1, last + 1 if last > 1 else 1):
            self.pdf.page = page
            top = self.paper.height - self.paper.margin
            self._write(self.left, top, self.width, f"{page} / {last}", _SMALL, align=Align.R)

    def _new_page(self) -> None:
        self.pdf.add_page()
        self.y = self.paper.margin

    def _gap(self, lines: float) -> None:
        self.y += lines * self._line()

    def _line(self, size: float = 1) -> float:
        return self.size * size * _MM * _LEADING

    def _room(self, height: float) -> None:
        """Begin a page when a block does not fit on this one."""
        if self.y + height > self.paper.height - self.paper.margin:
            self._new_page()

    def _write(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        size: float = 1,
        bold: bool = False,
        align: Align = Align.L,
        colour: tuple[int, int, int] = _INK,
        dry: bool = False,
    ) -> float:
        """Write a text, wrapped to a width. Return its height; dry: only measure it."""
        pdf = self.pdf
        pdf.set_font(fonts.FAMILY, "B" if bold else "", self.size * size)
        pdf.set_text_color(*colour)
        pdf.set_xy(x, y)
        height = pdf.multi_cell(
            width,
            self._line(size),
            fonts.fitted(text),
            align=align,
            new_x=XPos.LEFT,
            new_y=YPos.NEXT,
            dry_run=dry,
            output="HEIGHT",
        )
        assert isinstance(height, float | int)
        return height

    def _rule(self, colour: tuple[int, int, int], thick: float) -> None:
        self.pdf.set_draw_color(*colour)
        self.pdf.set_line_width(thick)
        self.pdf.line(self.left, self.y, self.left + self.width, self.y)

    def _head(self, parts: Sections) -> None:
        """Draw the utility with the QR code beside it, a rule, the title and the mark."""
        bottom, width = self._codes(parts.code)
        for element in parts.utility:
            if isinstance(element, Text):
                name = element.look == layout.NAME
                look = (_BIG, name, Align.L, _INK) if name else (_SMALL, name, Align.L, _SOFT)
                self.y += self._write(self.left, self.y, width, element.text, *look)
        self.y = max(self.y, bottom)
        self._gap(0.3)
        self._rule(_ACCENT, 1.2 * self.scale)
        self._gap(0.6)
        heights = [0.0]
        for element in parts.title:
            if isinstance(element, Text):
                mark = element.look == layout.MARK
                look = (_BIG, True, Align.R, _RED) if mark else (_TITLE, True, Align.L, _INK)
                share = self.width * (0.4 if mark else 0.58)
                x = self.left + self.width - share if mark else self.left
                heights.append(self._write(x, self.y, share, element.text, *look))
        self.y += max(heights)
        self._gap(0.4)

    def _codes(self, section: Sequence[Element]) -> tuple[float, float]:
        """Draw the QR code at the right. Return where it ends, and the width left of it."""
        bottom, width = self.y, self.width
        for code in section:
            if isinstance(code, Code):
                side = self.paper.code * self.scale
                x = self.left + self.width - side
                self._code(code.data, x, self.y, side)
                caption = (x - side, self.y + side + 0.5, 2 * side, code.caption, 0.7)
                bottom = self.y + side + self._write(*caption, align=Align.R, colour=_SOFT)
                width -= side + self._line()
        return bottom, width

    def _columns(self, *columns: Sequence[Element]) -> None:
        """Draw lists of pairs side by side."""
        between = self.width * 0.05
        shown = [column for column in columns if column]
        width = (self.width - between * (len(shown) - 1)) / max(1, len(shown))
        heights = [0.0]
        for place, column in enumerate(shown):
            heights.append(self._pairs(column, self.left + place * (width + between), width))
        self.y += max(heights)
        self._gap(0.6)

    def _pairs(self, column: Sequence[Element], x: float, width: float) -> float:
        """Draw labels with their values beside them. Return the height."""
        y = self.y
        label_width = width * 0.36
        for element in column:
            if isinstance(element, Pair):
                strong = element.look == layout.STRONG
                label = self._write(x, y, label_width, element.label, _SMALL, colour=_SOFT)
                value = self._write(
                    x + label_width, y, width - label_width, element.value, _SMALL, strong
                )
                y += max(label, value)
            elif isinstance(element, Facts):
                facts = "   ".join(f"{label} {value}" for label, value in element.pairs)
                y += self._write(x, y, width, facts, _SMALL, True)
        return y - self.y

    def _centred(self, text: Text) -> None:
        bold = text.look == layout.BOLD
        height = self._write(self.left, 0, self.width, text.text, 1, bold, Align.C, dry=True)
        self._room(height)
        self._write(self.left, self.y, self.width, text.text, 1, bold, Align.C)
        self.y += height
        self._gap(0.2)

    def _digits(self, token: Digits) -> None:
        """Draw a token in a box: label and units above, the digits large."""
        size = self.paper.digits / self.paper.text
        pad = self._line() * 0.4
        height = self._line() + self._line(size) + 1.6 * pad
        self._room(height)
        self.pdf.set_fill_color(*_SHADE)
        self.pdf.set_draw_color(*_LINE)
        self.pdf.set_line_width(0.25)
        self.pdf.rect(
            self.left, self.y, self.width, height, "DF", round_corners=True, corner_radius=pad
        )
        inner = (self.left + pad * 1.5, self.width - pad * 3)
        number = "" if token.number is None else f"{token.number}. "
        top = self.y + pad * 0.8
        self._write(inner[0], top, inner[1], number + token.label, 1, True)
        self._write(inner[0], top, inner[1], token.units, 1, True, Align.R)
        self._write(
            *(inner[0], top + self._line(), inner[1], "  ".join(token.groups)),
            *(size, True, Align.C),
        )
        self.y += height + pad

    def _amount(self, pair: Pair) -> None:
        """Draw a label with its amount at the right edge."""
        strong, sub = pair.look == layout.STRONG, pair.look == layout.SUB
        indent = self._line() if sub else 0.0
        size, colour = (_SMALL, _SOFT) if sub else (1.0, _INK)
        label, value = self.width * 0.66 - indent, self.width * 0.34
        height = self._write(0, 0, label, pair.label, size, strong, dry=True)
        self._room(height)
        if strong:
            self._gap(0.15)
            self._rule(_LINE, 0.25)
            self._gap(0.1)
        x = self.left + indent
        self._write(x, self.y, label, pair.label, size, strong, colour=colour)
        edge = self.left + self.width - value
        self._write(edge, self.y, value, pair.value, size, strong, Align.R, colour)
        self.y += height

    def _foot(self, parts: Sections) -> None:
        """Draw the message and the help number."""
        self._gap(0.8)
        for element in parts.foot:
            if isinstance(element, Text):
                bold = element.look == layout.BOLD
                self._room(self._write(0, 0, self.width, element.text, 1, bold, dry=True))
                self.y += self._write(self.left, self.y, self.width, element.text, 1, bold)

    def _code(self, data: str, x: float, y: float, side: float) -> None:
        """Draw a QR code as rectangles."""
        matrix = [list(row) for row in segno.make_qr(data, error="m").matrix]
        step = side / len(matrix)
        self.pdf.set_fill_color(0, 0, 0)
        for line, modules in enumerate(matrix):
            for first, count in _runs(modules):
                at = (x + first * step, y + line * step)
                self.pdf.rect(*at, count * step, step, "F")


def _runs(modules: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the place and the length of each run of dark modules."""
    place = 0
    for dark, run in itertools.groupby(modules):
        count = len(list(run))
        if dark:
            yield place, count
        place += count
