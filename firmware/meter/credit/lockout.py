"""The lock-out after wrong tokens, against guessing: one for the key pad, one for all else.

Three wrong tokens are free. The fourth locks the entry for 10 s, each further one for twice as
long, up to 1280 s. The bus, the page, MQTT and cards share one count; who is on a wire must not
lock the customer out of her key pad, which has its own. Only a token that was decrypted with the
key and accepted ends the row of its entry: class 1 needs no key and is public, and a used token or
a section of a key change can be entered again and again. While an entry is locked, no token of it
that needs the key is decrypted; those without a key (class 1) and short codes are taken. The
counts are kept over a power failure, after which the last lock begins anew. So there are no more
writes to the ledger than wrong tokens that were decrypted.
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
    """A feature: see core.py. wrong: wrong tokens in a row, 0..11, of the others' entry and of the
    key pad's."""

    def __init__(self, meter):
        self._meter = meter
        self.wrong = bytearray(2)
        self._left_ms = [0, 0]
        self.records = ((7, 2, self._pack, self._unpack),)

    def wait_s(self, keypad=False):
        """Return for how many seconds an entry is locked yet, rounded up; 0 if it is not."""
        return (self._left_ms[keypad] + 999) // 1000

    def entered(self, _digits, result, keyed, keypad):
        """Take the result of a token; see core.py."""
        if not keyed:
            return
        if result == results.ACCEPT:
            self.wrong[keypad] = 0
        elif result == results.CRC_ERROR:
            self.wrong[keypad] = min(self.wrong[keypad] + 1, _LONGEST)
            self._lock(keypad)
            if self._left_ms[keypad]:
                self._meter.events.note(codes.EVENT_LOCKED, self.wait_s(keypad))

    def tick(self, _supply_ms, real_ms):
        """Let real time pass."""
        left_ms = self._left_ms
        for entry in (0, 1):
            if left_ms[entry]:
                left_ms[entry] = max(0, left_ms[entry] - real_ms)

    def _lock(self, entry):
        over = self.wrong[entry] - _LOCKS
        self._left_ms[entry] = _FIRST_MS << over if over >= 0 else 0

    def _pack(self, buf, at):
        buf[at : at + 2] = self.wrong
        return 2 if any(self.wrong) else 0

    def _unpack(self, data, version):
        """Version 1 had one count for all, which is not known to be anybody's."""
        if data is None:
            data = bytes(2)
        elif version == 1:
            data = bytes(data) * 2
        if len(data) != 2 or max(data) > _LONGEST:
            raise ValueError("wrong tokens")
        self.wrong[:] = data
        self._lock(0)
        self._lock(1)

    REGISTERS = {"lockout_s": wait_s}
