"""A reader of ESC/POS: what a printer would put on paper."""

import re
from dataclasses import dataclass, field

_FIXED = {  # commands and the length of their parameters
    b"\x1b@": 0,
    b"\x1c.": 0,
    b"\x1bt": 1,
    b"\x1ba": 1,
    b"\x1bE": 1,
    b"\x1d!": 1,
    b"\x1bd": 1,
}


@dataclass
class Paper:
    """Lines of text with alignment, bold and size; QR codes; pictures as rows of bits."""

    lines: list[tuple[str, str, bool, int]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    pictures: list[list[str]] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    cut: bool = False
    kanji: bool = True

    @property
    def text(self) -> str:
        return "\n".join(line[0] for line in self.lines)


def read(data: bytes, pages: dict[int, str]) -> Paper:
    """Return what the bytes print. pages: codec by number of `ESC t`. Raise ValueError at an
    unknown command."""
    paper, at = Paper(), 0
    state = {b"\x1bt": 0, b"\x1ba": 0, b"\x1bE": 0, b"\x1d!": 0}
    line = ""
    while at < len(data):
        head = data[at : at + 2]
        if head in _FIXED:
            given = data[at + 2 : at + 2 + _FIXED[head]]
            at += 2 + len(given)
            if head == b"\x1b@":
                state = dict.fromkeys(state, 0)
            elif head == b"\x1c.":
                paper.kanji = False
            elif head in state:
                state[head] = given[0]
                paper.pages += given if head == b"\x1bt" else b""
        elif data[at : at + 3] == b"\x1d(k":
            size = int.from_bytes(data[at + 3 : at + 5], "little")
            body = data[at + 5 : at + 5 + size]
            if body[:3] == b"1P0":
                paper.codes.append(body[3:].decode("ascii"))
            at += 5 + size
        elif data[at : at + 4] == b"\x1dv0\x00":
            width, height = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (4, 6))
            at += 8
            bits = [data[at + y * width : at + (y + 1) * width] for y in range(height)]
            paper.pictures.append(["".join(f"{byte:08b}" for byte in row) for row in bits])
            at += width * height
        elif data[at : at + 4] == b"\x1dVB\x00":
            paper.cut = True
            at += 4
        elif data[at] == 0x0A:
            align = ("left", "centre", "right")[state[b"\x1ba"]]
            paper.lines.append((line, align, bool(state[b"\x1bE"]), state[b"\x1d!"]))
            line = ""
            at += 1
        elif data[at] >= 0x20:
            line += data[at : at + 1].decode(
                pages[state[b"\x1bt"]] if data[at] > 0x7F else "ascii"
            )
            at += 1
        else:
            raise ValueError(f"byte {data[at]:02x} at {at} begins no known command")
    assert line == ""
    return paper


def squeezed(text: str) -> str:
    """Return the text without white space."""
    return re.sub(r"\s", "", text)
