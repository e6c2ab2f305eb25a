"""A state of its own in the store: two entries that are written in turn, the newer one counts.

They are a ring of two places, see ring.py: a write that is cut off leaves the state before it.
"""

from . import ring


def newest(store, offset, buf):
    """Read the newer entry into `buf` of its length; return its number, 0 if there is none.

    Raise OSError.
    """
    places = (offset, 2)
    number = 0
    for place in (0, 1):
        number = max(number, ring.at(store, places, place, buf) or 0)
    if number:
        ring.load(store, places, number, buf)
    return number


def save(store, offset, buf):
    """Write an entry in its place; `buf` has its number and data. Raise OSError."""
    ring.save(store, (offset, 2), buf)
