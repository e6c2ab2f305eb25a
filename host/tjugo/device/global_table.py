"""The table of a module's globals on a board, and names that are found in it at once.

MicroPython puts a name at its hash modulo the length of the table, and behind what is there
already; it looks for a name up to the first empty place. A table grows only when it is full: a
builtin, which is in no module's table, would be looked for in half of it at each call, and a
method in half of the attributes of its object.
"""

import ast
import builtins
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from tjugo.device import scopes

# Of MicroPython's py/map.c: lengths of tables.
_LENGTHS = (
    *(1, 2, 4, 6, 8, 10, 12, 17, 23, 29, 37, 47, 59, 73, 97, 127, 167, 223, 293, 389, 521, 691),
    *(919, 1223, 1627, 2161),
)
_HASH_MASK = 0xFFFF
_OF_EVERY_MODULE = ("__name__", "__file__")


def hash_of(name: str) -> int:
    """Return the hash of a name, as py/qstr.c computes it."""
    found = 5381
    for byte in name.encode():
        found = (found * 33 ^ byte) & 0xFFFFFFFF
    return found & _HASH_MASK or 1


class Places:
    """The places of a table that is as long as `count` names need."""

    def __init__(self, count: int) -> None:
        self._length = next(length for length in _LENGTHS if length >= count)
        self._spare = self._length - count
        self._taken: set[int] = set()

    def is_empty(self, name: str) -> bool:
        """Return whether a name would be at its place."""
        return hash_of(name) % self._length not in self._taken

    def put(self, name: str) -> None:
        """Put a name at its place, or behind it."""
        place = hash_of(name) % self._length
        while place in self._taken and len(self._taken) < self._length:
            place = (place + 1) % self._length
        self._taken.add(place)

    def leave_empty(self, name: str) -> None:
        """Keep the place of a name empty that is looked for here but is elsewhere, if the table is
        long enough."""
        if self._spare and self.is_empty(name):
            self._spare -= 1
            self._taken.add(hash_of(name) % self._length)


class GlobalTable:
    """The table with the names that cannot be chosen. A crowded one is slower, not wrong."""

    def __init__(
        self, tree: ast.Module, constants: Collection[str], free: Collection[str]
    ) -> None:
        """constants: names that the compiler replaces. free: those that get others."""
        names = [*_OF_EVERY_MODULE, *sorted(scopes.bound(tree.body))]
        names = [name for name in names if not (name in constants and name.startswith("_"))]
        self._places = Places(len(names))
        for name in names:
            if name not in free:
                self._places.put(name)
        self._often = Counter(use.name for use in scopes.uses(tree)[0])
        for name, _ in self._often.most_common():
            if name not in names and hasattr(builtins, name):
                self._places.leave_empty(name)

    def choose(
        self, names: Iterable[str], candidates: Iterable[str], more: Iterable[str]
    ) -> Mapping[str, str]:
        """Return a name for each, those that are read most at their place if there are such.

        more: candidates when there are no others.
        """
        left = list(candidates)
        chosen: dict[str, str] = {}
        crowded = []
        for name in sorted(names, key=lambda one: -self._often[one]):
            best = next((one for one in left if self._places.is_empty(one)), None)
            if best is None:
                crowded.append(name)
                continue
            self._places.put(best)
            left.remove(best)
            chosen[name] = best
        return chosen | dict(zip(crowded, [*left, *more], strict=False))
