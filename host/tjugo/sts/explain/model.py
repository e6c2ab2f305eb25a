"""What an explanation is made of: steps as data, the same for text, JSON and the Token lab."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Fact:
    """A named value, and what there is to say about it."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Field:
    """A field inside a row of bits. pieces: (highest bit, lowest bit), most significant first;
    mark: the letter that stands for it under the bits in plain text."""

    name: str
    mark: str
    pieces: tuple[tuple[int, int], ...]
    value: str
    meaning: str = ""

    def places(self) -> str:
        """The bits as text: "59..56 and 31..16"."""
        spans = (f"{high}" if high == low else f"{high}..{low}" for high, low in self.pieces)
        return " and ".join(spans)


@dataclass(frozen=True)
class Bits:
    """A row of bits, the highest first, and the fields they belong to."""

    bits: str
    fields: tuple[Field, ...]

    @classmethod
    def of(cls, number: int, width: int, fields: tuple[Field, ...]) -> "Bits":
        """The bits of a number."""
        return cls(f"{number:0{width}b}", fields)


@dataclass(frozen=True)
class Table:
    """A heading and rows of as many cells."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Step:
    """One thing to understand. id names it for programs and does not change."""

    id: str
    title: str
    say: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    bits: Bits | None = None
    table: Table | None = None


@dataclass(frozen=True)
class Explanation:
    """A token step by step. kind: "token" (digits to meaning) or "sale" (meaning to digits).

    result: the TokenResult of a meter that has this key and an empty TID store, or None when it
    cannot be known without the key; why: the same as a sentence. cipher and clear: the 64-bit
    block as bits before and after decryption, clear is "" when there is no key.
    """

    kind: str
    token: str
    cls: int
    result: str | None
    why: str
    cipher: str
    clear: str
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step | None:
        """The step of this id."""
        return next((step for step in self.steps if step.id == name), None)

    def as_json(self) -> dict[str, Any]:
        """As dictionaries, lists, strings and numbers. Bits are strings of 0 and 1, because 66 of
        them are more than a JSON number carries everywhere."""
        return asdict(self)


def grouped(digits: str) -> str:
    """Twenty digits in groups of four."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def hexed(data: bytes) -> str:
    """Bytes in hex, in groups of four digits."""
    text = data.hex()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))
