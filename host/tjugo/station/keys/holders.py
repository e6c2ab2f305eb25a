"""Two people who act together where keys come, go or are recovered."""

from collections.abc import Sequence
from dataclasses import dataclass

from tjugo.errors import reason

PEOPLE = 2


@dataclass(frozen=True)
class Holder:
    """A person who is present. name: the log-in name of an operator who authenticated; where
    authenticated is false, a name as it was typed at a station without operators."""

    name: str
    authenticated: bool

    def __str__(self) -> str:
        """Return the person as recorded in the audit chain."""
        if self.authenticated:
            return f"operator {self.name}"
        return f"{self.name} (not authenticated: no operators)"


def two(holders: Sequence[Holder]) -> tuple[Holder, Holder]:
    """Return the holders. Raise TjugoError unless they are two different people."""
    names = {holder.name.strip().casefold() for holder in holders} - {""}
    if len(holders) != PEOPLE or len(names) != PEOPLE:
        raise reason("two_people_needed", "This is done by two different people.")
    first, second = holders
    return first, second
