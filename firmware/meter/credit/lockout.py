"""The lock-out after wrong tokens, against guessing.

Three wrong tokens are free. The fourth locks the entry for 10 s, each further one for twice as
long, up to 1280 s. Only a token that was decrypted with the key and accepted ends the row: class 1
needs no key and is public, and a used token or a section of a key change can be entered again and
again. While the entry is locked, no token that needs the key is decrypted, wherever it comes from;
those without a key (class 1) and short codes are taken. The count is kept over a power failure,
after which the last lock begins anew. So there are no more writes to the ledger than wrong tokens
that were decrypted.
"""

from meterbus import codes
from sts_portable import results

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_LOCKS = const(4)  # the wrong token that locks first
_LONGEST = const(11)  # the wrong token from which the lock is not longer any more
_FIRST_MS = const(10000)


class Lockout:
    """A feature: see core.py. wrong: wrong tokens in a row, 0..11."""

    def __init__(self, meter):
        self._meter = meter
        self.wrong = 0
        self._left_ms = 0
        self.records = ((7, 1, self._pack, self._unpack),)

    def wait_s(self):
        """Return for how many seconds the entry is locked yet, rounded up; 0 if it is not."""
        return (self._left_ms + 999) // 1000

    def entered(self, _digits, result, keyed):
        """Take the result of a token; see core.py."""
        if not keyed:
            return
        if result == results.ACCEPT:
            self.wrong = 0
        elif result == results.CRC_ERROR:
            self.wrong = min(self.wrong + 1, _LONGEST)
            self._lock()
            if self._left_ms:
                self._meter.events.note(codes.EVENT_LOCKED, self.wait_s())

    def tick(self, _supply_ms, real_ms):
        """Let real time pass."""
        if self._left_ms:
            self._left_ms = max(0, self._left_ms - real_ms)

    def _lock(self):
        over = self.wrong - _LOCKS
        self._left_ms = _FIRST_MS << over if over >= 0 else 0

    def _pack(self, buf, at):
        buf[at] = self.wrong
        return 1 if self.wrong else 0

    def _unpack(self, data, _version):
        if data is not None and (len(data) != 1 or data[0] > _LONGEST):
            raise ValueError("wrong tokens")
        self.wrong = data[0] if data else 0
        self._lock()

    REGISTERS = {"lockout_s": wait_s}
