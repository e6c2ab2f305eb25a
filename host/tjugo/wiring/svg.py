"""The drawing of a board and the modules wired to it, as SVG."""

from html import escape

from tjugo.wiring.layout import (
    BOARD_PAD,
    BOARD_WIDTH,
    LEFT,
    MARGIN,
    MODULE_WIDTH,
    PITCH,
    RIGHT,
    ROW,
    Box,
    Layout,
)
from tjugo.wiring.outlines import TAG_COLOURS, WIRE_COLOURS, HeaderPin, Outline

_UNUSED = "#7d8794"
_FOOT_LINE = 20
_FOOT = (
    "Tags of one name are one wire: connect each to a pin of that name.",
    "Extra-low voltage only: the lamp is a 12 V one on a plug-in supply. Mains stays inside the"
    " closed meter that an electrician fitted.",
)


class _Drawing:
    def __init__(self, outline: Outline, gpio: dict[str, int], role: str) -> None:
        self._foot = _FOOT if role == "meter" else _FOOT[:1]
        self._layout = Layout(outline, gpio, role, _FOOT_LINE * len(self._foot))
        self._out: list[str] = []

    def svg(self, title: str) -> str:
        """Return the drawing."""
        self._frame(title)
        self._board()
        self._wires()
        for box in self._layout.boxes:
            self._module(box)
        body = "\n".join(self._out)
        width, height = f"{self._layout.width:.0f}", f"{self._layout.height:.0f}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}"'
            " font-family=\"system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif\">\n"
            f"<title>{escape(title)}</title>\n{body}\n</svg>\n"
        )

    def _frame(self, title: str) -> None:
        w, h = self._layout.width, self._layout.height
        self._add(f'<rect width="{w:.0f}" height="{h:.0f}" rx="14" fill="#fbfaf7"/>')
        self._text(MARGIN, 48, title, 24, "#1f2933", weight=700)
        for number, line in enumerate(self._foot):
            colour = "#9a2c12" if number else "#52606d"
            self._text(MARGIN, h - _FOOT_LINE * (len(self._foot) - number) + 4, line, 13, colour)

    def _board(self) -> None:
        x, height = self._layout.x0, self._layout.board_height
        self._add(
            f'<rect x="{x:.0f}" y="{self._layout.board_top:.1f}"'
            f' width="{BOARD_WIDTH}" height="{height:.0f}"'
            f' rx="12" fill="{self._layout.outline.colour}" stroke="#11151a" stroke-width="1.5"/>'
        )
        middle = x + BOARD_WIDTH / 2
        top = self._layout.outline.usb == "top"
        y = self._layout.board_top - 12 if top else self._layout.board_top + height - 20
        self._add(
            f'<rect x="{middle - 26:.0f}" y="{y:.0f}" width="52" height="32" rx="4"'
            ' fill="#c9ced6" stroke="#8b95a1"/>'
        )
        self._text(middle, y + 21, "USB", 12, "#39424e", "middle")
        self._chip(middle, self._layout.board_top + height / 2)
        used = {gpio: name for name, gpio in self._layout.gpio.items()}
        for side, pins in ((LEFT, self._layout.outline.left), (RIGHT, self._layout.outline.right)):
            for row, pin in enumerate(pins):
                colour = TAG_COLOURS.get(pin.tag, _UNUSED)
                if pin.gpio in used:
                    colour = WIRE_COLOURS[used[pin.gpio]]
                self._header_pin(
                    pin, side, self._layout.board_top + BOARD_PAD + PITCH * row, colour
                )

    def _chip(self, x: float, y: float) -> None:
        self._add(
            f'<rect x="{x - 32:.0f}" y="{y - 32:.0f}" width="64" height="64" rx="5"'
            ' fill="#0c0f13" stroke="#39424e"/>'
        )
        words = self._layout.outline.title.split(" ")
        for number, word in enumerate(words):
            at = y - 46 - 16 * (len(words) - 1 - number)
            self._text(x, at, word, 13, "#ffffff", "middle", 600)

    def _header_pin(self, pin: HeaderPin, side: int, y: float, colour: str) -> None:
        x = self._layout.x0 if side == LEFT else self._layout.x0 + BOARD_WIDTH
        strong = colour != _UNUSED
        self._add(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="7" fill="{colour}"'
            ' stroke="#e3c565" stroke-width="2.5"/>'
        )
        anchor = "start" if side == LEFT else "end"
        ink = "#ffffff" if strong else "#9fb0bf"
        self._text(x - side * 14, y + 4.5, pin.label, 13, ink, anchor, 600 if strong else 400)
        if pin.number is not None:
            self._text(x - side * 72, y + 4, str(pin.number), 10, "#a9c4b4", anchor)

    def _wires(self) -> None:
        for name, path in self._layout.routes():
            self._add(
                f'<path d="{path}" fill="none" stroke="{WIRE_COLOURS[name]}"'
                ' stroke-width="3.2" stroke-linejoin="round" stroke-linecap="round"/>'
            )

    def _module(self, box: Box) -> None:
        module, x, y = box.module, box.x, box.y
        self._add(
            f'<rect x="{x:.0f}" y="{y:.1f}" width="{MODULE_WIDTH}" height="{box.height:.1f}"'
            ' rx="10" fill="#ffffff" stroke="#b8c0ca" stroke-width="1.5"/>'
        )
        self._text(x + 14, y + 23, module.title, 15, "#1f2933", weight=700)
        self._text(x + 14, y + 41, module.subtitle, 11.5, "#52606d")
        printed = dict(module.ports)
        edge = box.edge
        for name in box.functions:
            at = box.port_y(name)
            self._add(
                f'<circle cx="{edge:.0f}" cy="{at:.1f}" r="5.5" fill="{WIRE_COLOURS[name]}"'
                ' stroke="#ffffff" stroke-width="2"/>'
            )
            anchor, other = ("end", "start") if box.side == LEFT else ("start", "end")
            self._text(edge + box.side * 14, at + 4.5, printed[name], 13, "#1f2933", anchor, 600)
            far = edge + box.side * (MODULE_WIDTH - 14)
            self._text(far, at + 4, name, 11, "#7b8794", other)
        self._tags(box)

    def _tags(self, box: Box) -> None:
        x = box.x + 14
        y = box.y + 52 + ROW * len(box.functions) + 4
        for printed, tag in box.module.power:
            self._text(x, y + 12, printed, 11.5, "#3e4c59")
            x += sum(8.3 if c.isupper() else 5.9 for c in printed) + 6
            self._add(
                f'<rect x="{x:.1f}" y="{y - 1:.1f}" width="36" height="18" rx="9"'
                f' fill="{TAG_COLOURS[tag]}"/>'
            )
            self._text(x + 18, y + 12, tag, 11, "#ffffff", "middle", 600)
            x += 52
        if box.module.outside:
            self._text(box.x + 14, box.y + box.height - 9, box.module.outside, 11.5, "#52606d")

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str,
        anchor: str = "start",
        weight: int = 400,
    ) -> None:
        self._add(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"'
            f' text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
        )

    def _add(self, element: str) -> None:
        self._out.append(element)


def draw(outline: Outline, gpio: dict[str, int], role: str) -> str:
    """Return the SVG of a board as a meter or a collector. gpio: function to GPIO number."""
    return _Drawing(outline, gpio, role).svg(f"{outline.title} as a {role}")
