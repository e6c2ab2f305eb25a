"""A slot of the ledger that cannot be read, beside a good one: its write was cut, or damage.

Loaded only where there is one. A write that was cut left the first bytes of the slot after the
good one, and behind them what was there before: the slot before the good one, or nothing.
"""

import struct

from .slots import blank, place

_NUMBER = ">I"
_BLANK = (b"\0\0\0\0", b"\xff\xff\xff\xff")


def kind_of(store, slot, good, buf):
    """Return 1 if a slot, 0 or 1, may be a write that was cut, 2 if it is damaged. buf: of a slot.
    Raise OSError."""
    store.read(place(slot), buf)
    return 1 if may_be_cut(buf, good) and not blank(buf) else 2


def may_be_cut(slot, good):
    """Return whether the slot may be a write that was cut. good: number of the good slot.

    The newest slot, damaged, looks the same: the event log tells them apart, it is written after
    the slot with its sequence.
    """
    number = bytes(slot[2:6])
    after = struct.pack(_NUMBER, good + 1)
    before = (struct.pack(_NUMBER, good - 1),) if good > 1 else _BLANK
    if good > 1 and number == before[0]:
        return False  # nothing was written over it, and it was whole
    for old in before:
        for cut in range(len(old) + 1):
            if number == after[:cut] + old[cut:]:
                return True
    return False
