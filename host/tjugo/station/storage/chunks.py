"""Long lists of values in queries."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")

IN_MOST = 500


def chunks(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Return the values in portions that fit in one IN (...) of a query."""
    for start in range(0, len(values), IN_MOST):
        yield values[start : start + IN_MOST]
