"""The records of a CSV text, each apart: a quote at fault spoils its own record only."""

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

UNCLOSED = (
    'A quote (") in this row is not closed, or text follows the closing one: correct the row in '
    "the file."
)
_SEPARATORS = ";\t,|"
_SAMPLE_LINES = 20
_MOST_LINES = 50  # of a value, so that unclosed quotes do not read the whole file again and again


class Record(NamedTuple):
    """The cells of a record. problem: a sentence when they cannot be divided for certain."""

    cells: list[str]
    problem: str | None = None


def read(text: str, separator: str) -> Iterator[Record]:
    """Yield the records, empty ones too. After a record with a problem reading goes on at the
    next line. Raise csv.Error when a cell is too long."""
    lines = list(io.StringIO(text, newline=""))
    at, separators = 0, 0
    while at < len(lines):
        count = 1
        if '"' in lines[at]:
            cells, count = _quoted(lines[at : at + _MOST_LINES], separator, separators)
            if not count:
                yield Record(next(csv.reader(lines[at : at + 1], delimiter=separator)), UNCLOSED)
                at += 1
                continue
        else:
            cells = next(csv.reader(lines[at : at + 1], delimiter=separator))
        separators = max(separators, len(cells) - 1)
        yield Record(cells)
        at += count


def _quoted(lines: list[str], separator: str, separators: int) -> tuple[list[str], int]:
    """Return the cells of the first record and the number of its lines; 0 when its quotes are at
    fault. separators: of a whole row; a line within a value that has as many is a row that an
    unclosed quote made a part of the value."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return [], 0
    within = lines[1 : reader.line_num]
    if separators and any(line.count(separator) >= separators for line in within):
        return [], 0
    return cells, reader.line_num


def separator_of(text: str) -> str:
    """Return the separator that divides most of the first lines, into the most cells."""
    lines = [line for line in text.splitlines()[:_SAMPLE_LINES] if line.strip()]
    unquoted = [re.sub(r'"[^"]*"', "", line) for line in lines]

    def weight(separator: str) -> tuple[int, int]:
        counts = [line.count(separator) for line in unquoted]
        return sum(count > 0 for count in counts), max(counts, default=0)

    return max(_SEPARATORS, key=weight)
