"""The elements that a receipt is made of, before a medium decides how they look."""

from dataclasses import dataclass
from typing import TypeAlias

NAME, TITLE, MARK, PLAIN, BOLD = "name", "title", "mark", "plain", "bold"
STRONG, SUB = "strong", "sub"


@dataclass(frozen=True)
class Text:
    """Centred text. look: NAME, TITLE, MARK, PLAIN or BOLD."""

    text: str
    look: str = PLAIN


@dataclass(frozen=True)
class Pair:
    """A label at the left, a value at the right. look: PLAIN, STRONG or SUB, a detail."""

    label: str
    value: str
    look: str = PLAIN


@dataclass(frozen=True)
class Facts:
    """Short pairs, side by side."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Digits:
    """A token: the large groups of four digits. number: its place in the order of entry, None for
    a token alone; units: what it carries, or ""."""

    label: str
    groups: tuple[str, ...]
    units: str
    number: int | None


@dataclass(frozen=True)
class Code:
    """A QR code with a caption."""

    data: str
    caption: str


@dataclass(frozen=True)
class Rule:
    """A line between sections."""


Element: TypeAlias = Text | Pair | Facts | Digits | Code | Rule


@dataclass(frozen=True)
class Sections:
    """The elements of a receipt by section, in the order of printing. A section without content
    is empty."""

    utility: list[Element]
    title: list[Element]
    sale: list[Element]
    customer: list[Element]
    tokens: list[Element]
    money: list[Element]
    code: list[Element]
    foot: list[Element]
