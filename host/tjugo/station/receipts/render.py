"""A receipt as lines of fixed width: 32 characters on 58 mm paper, 48 on 80 mm."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tjugo.station.receipts import layout
from tjugo.station.receipts.elements import (
    BOLD,
    MARK,
    NAME,
    STRONG,
    SUB,
    TITLE,
    Code,
    Digits,
    Element,
    Facts,
    Pair,
    Rule,
    Text,
)
from tjugo.station.receipts.model import Receipt

WIDTHS = {58: 32, 80: 48}
"""Characters on a line by the width of the paper in mm."""

NORMAL, HEAVY, LARGE = "normal", "heavy", "large"
_LOOKS = {
    NAME: HEAVY,
    TITLE: HEAVY,
    MARK: LARGE,
    BOLD: HEAVY,
    STRONG: HEAVY,
}
_INDENT = "  "


@dataclass(frozen=True)
class Row:
    """A printed line. centred: of text without padding. weight: NORMAL, HEAVY or LARGE, which is
    twice as wide. code: a QR code in its place."""

    text: str
    weight: str = NORMAL
    centred: bool = False
    code: str | None = None


def text(
    receipt: Receipt,
    width: int,
    language: str | None = None,
    reprint: int | None = 0,
    voided: bool = False,
) -> str:
    """Return the receipt as lines of at most `width` characters, 16 or more."""
    elements = without_code(layout.build(receipt, language, reprint, voided))
    found = []
    for row in rows(elements, width, large=1):
        room = " " * ((width - cells(row.text)) // 2) if row.centred else ""
        found.append(f"{room}{row.text}".rstrip())
    return "\n".join(found) + "\n"


def without_code(elements: Sequence[Element]) -> list[Element]:
    """Return the elements without the QR code and the rule above it."""
    found: list[Element] = []
    for element in elements:
        if isinstance(element, Code):
            found.pop()
        else:
            found.append(element)
    return found


def rows(
    elements: Sequence[Element],
    width: int,
    large: int,
    fit: Callable[[str], str] = str,
) -> Iterator[Row]:
    """Yield the lines of elements. large: how many cells a LARGE character takes; fit: replaces
    the characters that the medium does not have, before the text is laid out."""
    for element in elements:
        if isinstance(element, Text):
            weight = _LOOKS.get(element.look, NORMAL)
            room = width // large if weight == LARGE else width
            for part in wrap(fit(element.text), room):
                yield Row(part, weight, centred=True)
        elif isinstance(element, Pair):
            yield from _pair(element, width, fit)
        elif isinstance(element, Facts):
            texts = [fit(f"{label} {value}") for label, value in element.pairs]
            yield from (Row(line) for line in _side_by_side(texts, width))
        elif isinstance(element, Digits):
            yield from _digits(element, width, large, fit)
        elif isinstance(element, Code):
            yield Row("", centred=True, code=element.data)
            yield from (Row(part, centred=True) for part in wrap(fit(element.caption), width))
        elif isinstance(element, Rule):
            yield Row("-" * width)


def _pair(pair: Pair, width: int, fit: Callable[[str], str]) -> Iterator[Row]:
    """Yield label and value on one line where they fit, else the value below, at the right."""
    label, value = fit(pair.label), fit(pair.value)
    if pair.look == SUB:
        label = _INDENT + label
    weight = _LOOKS.get(pair.look, NORMAL)
    if not value:
        yield from (Row(part, weight) for part in wrap(label, width))
        return
    gap = width - cells(label) - cells(value)
    if gap >= 1:
        yield Row(label + " " * gap + value, weight)
        return
    *above, last = wrap(label, width)
    yield from (Row(part, weight) for part in above)
    if cells(last) + 1 + cells(value) <= width:
        yield Row(last + " " * (width - cells(last) - cells(value)) + value, weight)
        return
    yield Row(last, weight)
    for part in wrap(value, width):
        yield Row(" " * (width - cells(part)) + part, weight)


def _digits(token: Digits, width: int, large: int, fit: Callable[[str], str]) -> Iterator[Row]:
    number = "" if token.number is None else f"{token.number}. "
    yield from _pair(Pair(f"{number}{token.label}", token.units, STRONG), width, fit)
    for line in _side_by_side(token.groups, width // large, gap=" "):
        yield Row(line, LARGE, centred=True)


def _side_by_side(texts: Sequence[str], width: int, gap: str = "  ") -> list[str]:
    """Return the texts on as few lines as possible, as evenly as possible; one that is too long is
    wrapped."""
    for count in range(1, len(texts) + 1):
        size = -(-len(texts) // count)
        lines = [gap.join(texts[i : i + size]) for i in range(0, len(texts), size)]
        if all(cells(line) <= width for line in lines):
            return lines
    return [part for one in texts for part in wrap(one, width)]


def cells(text: str) -> int:
    """Return how many cells of a line a text takes."""
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrap(text: str, width: int) -> list[str]:
    """Return the text on lines of at most `width` cells, between words where possible. No
    character is lost but the spaces at a break."""
    lines, line, rest = [], "", text.rstrip()
    while rest:
        word = rest[: len(rest) - len(rest.lstrip())]
        body = rest[len(word) :].split(" ", 1)[0]
        rest = rest[len(word) + len(body) :]
        if cells(line + word + body) <= width:
            line += word + body
            continue
        if line.strip():
            lines.append(line)
        line = body
        while cells(line) > width:
            cut = _cut(line, width)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line] if line or not lines else lines


def _cut(text: str, width: int) -> int:
    """Return how many characters fit in a width, at least one."""
    taken = 0
    for place, char in enumerate(text):
        taken += _cell(char)
        if taken > width and place:
            return place
    return len(text)
