"""Keys between a timer, which puts them, and the application, which takes them.

Each side writes an index of its own, so that neither has to hold the other off, and nothing is
allocated when a key is put.
"""


class KeyQueue:
    """A queue of characters of `keys`. size: how many wait at most; more are dropped."""

    def __init__(self, keys, size):
        self._keys = keys
        self._ring = bytearray(size + 1)
        self._head = 0  # the next to be taken
        self._tail = 0  # where the next one is put

    def put(self, number):
        """Put the key of this number in `keys`; return False if there is no room for it."""
        tail = self._tail
        after = tail + 1 if tail + 1 < len(self._ring) else 0
        if after == self._head:
            return False
        self._ring[tail] = number
        self._tail = after
        return True

    def get(self):
        """Return the next key, or None."""
        head = self._head
        if head == self._tail:
            return None
        key = self._keys[self._ring[head]]
        self._head = head + 1 if head + 1 < len(self._ring) else 0
        return key
