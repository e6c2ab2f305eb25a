"""A receipt as PDF, A4 or A6, on one page where it fits."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple

from fpdf.enums import Align

from tjugo.station.receipts import fonts, layout
from tjugo.station.receipts.elements import (
    BOLD,
    MARK,
    NAME,
    STRONG,
    SUB,
    Code,
    Digits,
    Element,
    Facts,
    Pair,
    Sections,
    Text,
)
from tjugo.station.receipts.model import Receipt
from tjugo.station.receipts.sheet import (
    ACCENT,
    BIG,
    INK,
    LINE,
    PAPERS,
    RED,
    SHADE,
    SMALL,
    SOFT,
    TITLE,
    Sheet,
)

_SCALES = (1.0, 0.92, 0.84, 0.77)  # tried in this order until the receipt fits on one page


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
        sheet = _Drawing(PAPERS[paper], scale, _all_text(parts))
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
    """Return all characters of the receipt. No str(parts): that writes some as escapes."""
    return fonts.fitted("".join(_texts(astuple(parts))))


def _texts(found: object) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, tuple | list):
        for part in found:
            yield from _texts(part)


class _Drawing(Sheet):
    """A receipt on its pages."""

    def draw(self, parts: Sections) -> None:
        self._head(parts)
        self._columns(parts.sale, parts.customer)
        for element in parts.tokens:
            if isinstance(element, Digits):
                self._digits(element)
            elif isinstance(element, Text):
                self._centred(element)
        self.gap(0.4)
        for element in parts.money:
            if isinstance(element, Pair):
                self._amount(element)
        self._foot(parts)

    def _head(self, parts: Sections) -> None:
        """Draw the utility with the QR code beside it, a rule, the title and the mark."""
        bottom, width = self._codes(parts.code)
        for element in parts.utility:
            if isinstance(element, Text):
                name = element.look == NAME
                look = (BIG, name, Align.L, INK) if name else (SMALL, name, Align.L, SOFT)
                self.y += self.write(self.left, self.y, width, element.text, *look)
        self.y = max(self.y, bottom)
        self.gap(0.3)
        self.rule(ACCENT, 1.2 * self.scale)
        self.gap(0.6)
        heights = [0.0]
        for element in parts.title:
            if isinstance(element, Text):
                mark = element.look == MARK
                look = (BIG, True, Align.R, RED) if mark else (TITLE, True, Align.L, INK)
                share = self.width * (0.4 if mark else 0.58)
                x = self.left + self.width - share if mark else self.left
                heights.append(self.write(x, self.y, share, element.text, *look))
        self.y += max(heights)
        self.gap(0.4)

    def _codes(self, section: Sequence[Element]) -> tuple[float, float]:
        """Draw the QR code at the right. Return where it ends, and the width left of it."""
        bottom, width = self.y, self.width
        for code in section:
            if isinstance(code, Code):
                side = self.paper.code * self.scale
                x = self.left + self.width - side
                self.qr_code(code.data, x, self.y, side)
                caption = (x - side, self.y + side + 0.5, 2 * side, code.caption, 0.7)
                bottom = self.y + side + self.write(*caption, align=Align.R, colour=SOFT)
                width -= side + self.line()
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
        self.gap(0.6)

    def _pairs(self, column: Sequence[Element], x: float, width: float) -> float:
        """Draw labels with their values beside them. Return the height."""
        y = self.y
        labels = [element.label for element in column if isinstance(element, Pair)]
        gap = self.line(SMALL) * 0.6
        widest = gap + max((self.text_width(label, SMALL) for label in labels), default=0.0)
        label_width = width * min(0.5, max(0.36, widest / width))
        for element in column:
            if isinstance(element, Pair):
                strong = element.look == STRONG
                label = self.write(x, y, label_width - gap, element.label, SMALL, colour=SOFT)
                value = self.write(
                    x + label_width, y, width - label_width, element.value, SMALL, strong
                )
                y += max(label, value)
            elif isinstance(element, Facts):
                facts = "   ".join(f"{label}\u00a0{value}" for label, value in element.pairs)
                y += self.write(x, y, width, facts, SMALL, True)
        return y - self.y

    def _centred(self, text: Text) -> None:
        bold = text.look == BOLD
        height = self.write(self.left, 0, self.width, text.text, 1, bold, Align.C, dry=True)
        self.room(height)
        self.write(self.left, self.y, self.width, text.text, 1, bold, Align.C)
        self.y += height
        self.gap(0.2)

    def _digits(self, token: Digits) -> None:
        """Draw a token in a box: label and units above, the digits large."""
        size = self.paper.digits / self.paper.text
        pad = self.line() * 0.4
        height = self.line() + self.line(size) + 1.6 * pad
        self.room(height)
        self.pdf.set_fill_color(*SHADE)
        self.pdf.set_draw_color(*LINE)
        self.pdf.set_line_width(0.25)
        self.pdf.rect(
            self.left, self.y, self.width, height, "DF", round_corners=True, corner_radius=pad
        )
        inner = (self.left + pad * 1.5, self.width - pad * 3)
        number = "" if token.number is None else f"{token.number}. "
        top = self.y + pad * 0.8
        self.write(inner[0], top, inner[1], number + token.label, 1, True)
        self.write(inner[0], top, inner[1], token.units, 1, True, Align.R)
        self.write(
            *(inner[0], top + self.line(), inner[1], "  ".join(token.groups)),
            *(size, True, Align.C),
        )
        self.y += height + pad

    def _amount(self, pair: Pair) -> None:
        """Draw a label with its amount at the right edge."""
        strong, sub = pair.look == STRONG, pair.look == SUB
        indent = self.line() if sub else 0.0
        size, colour = (SMALL, SOFT) if sub else (1.0, INK)
        gap = self.line() * 0.6
        value = self.text_width(pair.value, size, strong)
        value = self.width * min(0.6, max(0.34, value / self.width))
        label = self.width - value - indent - gap
        height = self.write(0, 0, label, pair.label, size, strong, dry=True)
        self.room(height)
        if strong:
            self.gap(0.15)
            self.rule(LINE, 0.25)
            self.gap(0.1)
        x = self.left + indent
        self.write(x, self.y, label, pair.label, size, strong, colour=colour)
        edge = self.left + self.width - value
        self.write(edge, self.y, value, pair.value, size, strong, Align.R, colour)
        self.y += height

    def _foot(self, parts: Sections) -> None:
        """Draw the message and the help number."""
        self.gap(0.8)
        for element in parts.foot:
            if isinstance(element, Text):
                bold = element.look == BOLD
                self.room(self.write(0, 0, self.width, element.text, 1, bold, dry=True))
                self.y += self.write(self.left, self.y, self.width, element.text, 1, bold)
