"""Whether the vending keys are unlocked, shared by the worker processes of one station.

Anonymous memory that forked processes have in common: what one of them unlocks or locks, all do.
It has no name and no file, and is gone with the last of them.
"""

import mmap
import struct
from typing import NamedTuple

_FORM = struct.Struct("<QQd?32s")  # generation, wrong secrets, next attempt, unlocked, data key
_NO_KEY = bytes(32)


class State(NamedTuple):
    """generation: grows with each change; even, or odd while it is written. wrong, next_at: as in
    Attempts. data_key: empty while the keys are locked."""

    generation: int = 0
    wrong: int = 0
    next_at: float = 0.0
    unlocked: bool = False
    data_key: bytes = _NO_KEY


class Shared:
    """The state. Who reads or writes it holds the lock of the station's folder; the generation is
    read without."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _FORM.size)

    def read(self) -> State:
        """Return the state. Where a process was killed while it wrote, the keys are locked."""
        found = State(*_FORM.unpack(self._memory[: _FORM.size]))
        return State(found.generation) if found.generation & 1 else found

    def generation(self) -> int:
        """Return the generation alone."""
        return int.from_bytes(self._memory[:8], "little")

    def write(self, state: State) -> int:
        """Replace the state; return its generation."""
        generation = (self.generation() + 2) & ~1
        self._memory[:8] = (generation - 1).to_bytes(8, "little")
        self._memory[8 : _FORM.size] = _FORM.pack(*state._replace(generation=0))[8:]
        self._memory[:8] = generation.to_bytes(8, "little")
        return generation
