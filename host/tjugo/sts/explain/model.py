"""The data of an explanation: steps, the same for text, JSON and the Token lab."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Fact:
    """A named value with a note."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Field:
    """A field in a row of bits.

    pieces: (highest bit, lowest bit), most significant first. mark: its letter under the bits in
    plain text.
    """

    name: str
    mark: str
    pieces: tuple[tuple[int, int], ...]
    value: str
    meaning: str = ""

    def places(self) -> str:
        """Return the places of the bits as text: "59..56 and 31..16"."""
        spans = (f"{high}" if high == low else f"{high}..{low}" for high, low in self.pieces)
        return " and ".join(spans)


@dataclass(frozen=True)
class Bits:
    """A row of bits, the highest first, and the fields they belong to."""

    bits: str
    fields: tuple[Field, ...]

    @classmethod
    def of(cls, number: int, width: int, fields: tuple[Field, ...]) -> "Bits":
        """Return the bits of a number."""
        return cls(f"{number:0{width}b}", fields)


@dataclass(frozen=True)
class Table:
    """A heading and rows with the same number of cells."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Step:
    """One step of an explanation. id identifies it for programs and does not change."""

    id: str
    title: str
    say: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    bits: Bits | None = None
    table: Table | None = None


@dataclass(frozen=True)
class Explanation:
    """A token step by step. kind: "token" (digits to meaning) or "sale" (meaning to digits).

    result: the TokenResult of a meter with this key and an empty TID store, or None if it is
    unknown without the key; why: the same as a sentence. cipher and clear: the 64-bit block as
    bits before and after decryption; clear is "" without a key.
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
        """Return the step with this id, or None."""
        return next((step for step in self.steps if step.id == name), None)

    def as_json(self) -> dict[str, Any]:
        """Return dictionaries, lists, strings and numbers.

        Bits are strings of 0 and 1: 66 bits exceed the precision of JSON numbers.
        """
        return asdict(self)


def grouped(digits: str) -> str:
    """Return 20 digits in groups of four."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def hexed(data: bytes) -> str:
    """Return bytes in hex, in groups of four digits."""
    text = data.hex()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))
