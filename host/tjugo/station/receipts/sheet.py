"""Pages to draw on from top to bottom: text, rules, and QR codes as rectangles."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import segno
from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from tjugo.station.receipts import fonts


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
INK, SOFT, LINE, SHADE = (22, 32, 44), (77, 91, 106), (200, 208, 217), (243, 246, 249)
ACCENT, RED = (255, 203, 46), (165, 32, 26)
_MM = 0.3528  # of a point
_LEADING = 1.38
BIG, TITLE, SMALL = 1.55, 1.15, 0.88  # sizes relative to the text


class Sheet:
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
        self.new_page()

    def number_pages(self) -> None:
        """Write the number of each page, when there are several."""
        last = self.pdf.page
        for page in range(1, last + 1 if last > 1 else 1):
            self.pdf.page = page
            top = self.paper.height - self.paper.margin
            self.write(self.left, top, self.width, f"{page} / {last}", SMALL, align=Align.R)

    def new_page(self) -> None:
        """Begin a page."""
        self.pdf.add_page()
        self.y = self.paper.margin

    def gap(self, lines: float) -> None:
        """Leave room of a number of lines."""
        self.y += lines * self.line()

    def line(self, size: float = 1) -> float:
        """Return the height of a line of text of a relative size."""
        return self.size * size * _MM * _LEADING

    def room(self, height: float) -> None:
        """Begin a page when a block does not fit on this one."""
        if self.y + height > self.paper.height - self.paper.margin:
            self.new_page()

    def text_width(self, text: str, size: float = 1, bold: bool = False) -> float:
        """Return the width in which a text of a relative size fits on one line."""
        self.pdf.set_font(fonts.FAMILY, "B" if bold else "", self.size * size)
        # A little more: what fits exactly is wrapped by rounding.
        return float(self.pdf.get_string_width(fonts.fitted(text))) + 0.1

    def write(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        size: float = 1,
        bold: bool = False,
        align: Align = Align.L,
        colour: tuple[int, int, int] = INK,
        dry: bool = False,
    ) -> float:
        """Write a text, wrapped to a width. Return its height; dry: only measure it."""
        pdf = self.pdf
        pdf.set_font(fonts.FAMILY, "B" if bold else "", self.size * size)
        pdf.set_text_color(*colour)
        pdf.set_xy(x, y)
        height = pdf.multi_cell(
            width,
            self.line(size),
            fonts.fitted(text),
            align=align,
            new_x=XPos.LEFT,
            new_y=YPos.NEXT,
            dry_run=dry,
            output="HEIGHT",
        )
        assert isinstance(height, float | int)
        return height

    def rule(self, colour: tuple[int, int, int], thick: float) -> None:
        """Draw a line over the width."""
        self.pdf.set_draw_color(*colour)
        self.pdf.set_line_width(thick)
        self.pdf.line(self.left, self.y, self.left + self.width, self.y)

    def qr_code(self, data: str, x: float, y: float, side: float) -> None:
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
