"""The plain text of an explanation, for a terminal of 100 columns."""

import textwrap
from collections.abc import Iterator, Sequence

from tjugo.sts.explain.model import Bits, Explanation, Field, Step, Table

_INDENT = "   "
_GAP = "  "


def render(explanation: Explanation, width: int = 100) -> str:
    """Return the text of an explanation, ending with a newline."""
    lines: list[str] = []
    for number, step in enumerate(explanation.steps, 1):
        lines += [f"{number}. {step.title}", "-" * len(f"{number}. {step.title}")]
        lines += [_INDENT + line if line else "" for line in _step(step, width - len(_INDENT))]
        lines.append("")
    return "\n".join(line.rstrip() for line in lines)


def _step(step: Step, width: int) -> Iterator[str]:
    for paragraph in step.say:
        yield from textwrap.wrap(paragraph, width)
    if step.facts:
        yield ""
        yield from _columns([(fact.name, fact.value, fact.note) for fact in step.facts], width)
    if step.bits:
        yield ""
        yield from _bits(step.bits, width)
    if step.table:
        yield ""
        yield from _table(step.table, width)


def _columns(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    """Yield lines of aligned cells.

    The last column is wrapped, or put below the others if they leave no space for it.
    """
    last = len(rows[0]) - 1
    sizes = [max(len(row[i]) for row in rows) for i in range(last)]
    start = sum(sizes) + len(_GAP) * last
    if start > width * 2 // 3:
        yield from _stacked(rows, width)
        return
    for row in rows:
        head = _GAP.join(cell.ljust(size) for cell, size in zip(row, sizes, strict=False))
        wrapped = textwrap.wrap(row[-1], width - start) or [""]
        yield head + _GAP + wrapped[0]
        yield from (" " * start + line for line in wrapped[1:])


def _stacked(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    """Yield lines with the first column, and the other cells below each other to its right."""
    size = max(len(row[0]) for row in rows)
    indent = " " * (size + len(_GAP))
    for row in rows:
        beside = [line for cell in row[1:] for line in textwrap.wrap(cell, width - len(indent))]
        yield row[0].ljust(size) + _GAP + (beside[0] if beside else "")
        yield from (indent + line for line in beside[1:])


def _table(table: Table, width: int) -> Iterator[str]:
    rule = tuple("-" * len(cell) for cell in table.head)
    yield from _columns([table.head, rule, *table.rows], width)


def _in_fours(text: str) -> str:
    """Return the text in groups of four, counted from the right."""
    first = len(text) % 4
    groups = [text[:first]] if first else []
    return " ".join(groups + [text[i : i + 4] for i in range(first, len(text), 4)])


def _bits(bits: Bits, width: int) -> Iterator[str]:
    marks = ["."] * len(bits.bits)
    # Narrow fields last: in class 1 the class is inside another field.
    for field in sorted(bits.fields, key=lambda field: -_size(field)):
        for high, low in field.pieces:
            for bit in range(low, high + 1):
                marks[len(marks) - 1 - bit] = field.mark
    yield _in_fours(bits.bits)
    yield _in_fours("".join(marks))
    yield ""
    rows = [(f.mark, f.places(), f.name, f.value, f.meaning) for f in bits.fields]
    yield from _table(Table(("", "bits", "field", "value", "meaning"), tuple(rows)), width)


def _size(field: Field) -> int:
    return sum(high - low + 1 for high, low in field.pieces)
