"""A key pad of rows and columns without diodes: one key at a time, debounced.

Rows are open-drain outputs, released at rest; columns are inputs with pull-ups. A row is pulled
low while the columns are read. With three keys pressed a fourth appears to be pressed; therefore
no key is accepted while more than one is pressed, and the next one only after all were released.
A timer may call scan(): nothing is allocated in it.
"""

from .key_queue import KeyQueue

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


DEBOUNCE_MS = const(20)
PHONE_KEYS = "123456789*0#"  # row by row
_NONE = const(-1)
_SEVERAL = const(-2)
_QUEUE = const(16)


class KeypadMatrix:
    """A key pad. `rows` are called with a level, `columns` return a level (Pins are suitable).

    keys: the characters, row by row.
    """

    def __init__(self, rows, columns, keys=PHONE_KEYS, debounce_ms=DEBOUNCE_MS):
        if len(keys) != len(rows) * len(columns):
            raise ValueError("keys must be rows times columns")
        self._rows = rows
        self._columns = columns
        self._debounce_ms = debounce_ms
        self._seen = _NONE
        self._same_ms = 0
        self._ready = True  # all keys were released since the last one was taken
        self._queue = KeyQueue(keys, _QUEUE)
        self.get = self._queue.get  # the next key that was pressed, or None
        for row in rows:
            row(1)

    def scan(self, ms):
        """Read the keys; `ms` have passed since the last call. Call it every 10 to 20 ms."""
        down = self._look()
        if down != self._seen:
            self._seen = down
            self._same_ms = 0
            return
        self._same_ms += ms
        if self._same_ms < self._debounce_ms:
            return
        taken = self._ready and down >= 0
        self._ready = down == _NONE
        if taken:
            self._queue.put(down)

    def _look(self):
        """Return the number of the pressed key, _NONE or _SEVERAL."""
        down = _NONE
        number = 0
        for row in self._rows:
            row(0)
            for column in self._columns:
                if not column():
                    down = number if down == _NONE else _SEVERAL
                number += 1
            row(1)
        return down
