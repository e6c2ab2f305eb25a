"""Protection against overload: the maximum power limit, set by a token.

Parameters as meters of the field have them: over the threshold (A) for a delay (B), the supply
opens, and closes after the off time (C); after a number of trips (D) without a quiet time (E)
between them, it stays open for as long as (G): until a key is pressed, or for a time.
"""

import struct

from meterbus import codes
from runtime import overlay
from sts_portable import amount, results

from ..store.slots import unpack

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_RECORD = ">IBB"  # limit_w, trips, open
_NONE, _RESTS, _LOCKED = 0, 1, 2
# Of the values: W, seconds, and how many trips.
_RATED_W = const(0)
_DELAY_S = const(1)
_OFF_S = const(2)
_MOST = const(3)
_QUIET_S = const(4)
_LOCK_S = const(5)


class Limiter:
    """A feature: see core.py.

    limit_w: the threshold, W, 0 for none. trips: in a row. state: 0 not open, 1 open for the off
    time, 2 open until a key is pressed, or until the lock time is over.
    """

    def __init__(self, meter):
        self._meter = meter
        self.values = overlay.call("meterbus.parameters", "load", meter.settings, "limiter")
        self.limit_w = self.trips = self.state = 0
        self.acts = None  # 0 does not open the supply: a flag of a token
        self._over_ms = self._state_ms = 0
        self.records = ((9, 1, self._pack, self._unpack),)

    def open_reasons(self):
        """Return OVERLOAD while the supply is open for it, and KEY_AWAITED if a key ends that."""
        if self.state == _LOCKED and not self.values[_LOCK_S]:
            return codes.OVERLOAD | codes.KEY_AWAITED
        return codes.OVERLOAD if self.state else 0

    def threshold_w(self):
        """Return the power that is not to be exceeded, W: the lower one of the token's limit and
        the setting; 0 for none."""
        rated_w = self.values[_RATED_W]
        if self.limit_w and rated_w:
            return min(self.limit_w, rated_w)
        return self.limit_w or rated_w

    def tick(self, supply_ms, _real_ms):
        """Let supply time pass."""
        self._state_ms = min(self._state_ms + supply_ms, 1 << 29)
        if self.state:
            limit_ms = 1000 * self.values[_OFF_S if self.state == _RESTS else _LOCK_S]
            if limit_ms and self._state_ms >= limit_ms:
                self._close()
            return
        if self.trips and self._state_ms >= 1000 * self.values[_QUIET_S]:
            self.trips = 0
            self._meter.changed()
        w_x10 = self._meter.metering.used_x10()
        if w_x10 is None:
            return  # unknown is not "below"
        limit_w = 0 if self.acts == 0 else self.threshold_w()
        over = limit_w and w_x10 > 10 * limit_w
        self._over_ms = self._over_ms + supply_ms if over else 0
        if self._over_ms >= 1000 * self.values[_DELAY_S]:
            self._trip(w_x10 // 10)

    def pressed(self):
        """Close the supply if it is open until a key is pressed; return True if it was so."""
        if self.state != _LOCKED or self.values[_LOCK_S]:
            return False
        self.restore()
        return True

    def restore(self):
        """Close the supply if it is open, at the order of an operator."""
        if self.state:
            self._close()
            self.trips = 0

    def _trip(self, power_w):
        most = self.values[_MOST]
        self.trips = min(self.trips + 1, most)
        self.state = _LOCKED if self.trips >= most else _RESTS
        self._over_ms = self._state_ms = 0
        code = codes.EVENT_OVERLOAD if self.state == _RESTS else codes.EVENT_OVERLOAD_LOCKED
        self._meter.events.note(code, min(power_w, 0xFFFF), False)

    def _close(self):
        if self.state == _LOCKED:
            self.trips = 0
        self.state = _NONE
        self._state_ms = 0
        self._meter.changed()

    def _pack(self, buf, at):
        struct.pack_into(_RECORD, buf, at, self.limit_w, self.trips, self.state)
        return struct.calcsize(_RECORD) if self.limit_w or self.trips else 0

    def _unpack(self, data, _version):
        self.limit_w, self.trips, self.state = unpack(_RECORD, data, (0, 0, 0))
        if self.state > _LOCKED:
            raise ValueError("overload")
        self._state_ms = 0  # the off time begins anew after a power failure

    def _limit_token(self, token):
        self.limit_w = amount.decode(token.value)
        return results.ACCEPT, _text(self.limit_w)

    TOKENS = {0x20: _limit_token}
    REGISTERS = {"power_limit_w": threshold_w}
    CODES = (("819", "Power limit", codes.KNOWN_LEDGER, lambda self: _text(self.threshold_w())),)


def _text(limit_w):
    return "%d W" % limit_w if limit_w else "No limit"
