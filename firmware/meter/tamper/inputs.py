"""Tampering: covers, a magnet, reversed current and a bypass, latched until a token clears it.

A condition is latched when it has lasted for a moment. What is found within the first seconds
after the start happened while the meter had no power, where the board's inputs keep it. A
condition that is still there when the token clears it is latched again.
"""

import struct

from meterbus import codes
from sts_portable import results

from ..store.slots import unpack

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_SWITCH_MS = const(200)
_CURRENT_MS = const(10000)
_START_MS = const(3000)
_WHILE_OFF = const(0x100)  # of the data of its event
_REVERSE_X10 = const(200)  # 20 W
_BYPASS_X10 = const(200)
_DIFFERENCE_MA = const(500)
_RECORD = ">H"
_SWITCHES = codes.METER_COVER | codes.TERMINAL_COVER | codes.MAGNET
_OF_CURRENT = codes.REVERSE | codes.BYPASS
_ALL = _SWITCHES | _OF_CURRENT


class Tamper:
    """A feature: see core.py. Bits are those of codes.TAMPER.

    now: the conditions of now. latched: those that were detected since the last token.
    """

    def __init__(self, meter):
        self._meter = meter
        number = meter.settings.number
        self.detected = number("tamper_detects", _ALL, 0, _ALL)
        self.opening = number("tamper_opens", 0, 0, _ALL)
        self.detecting = self.all_open = None  # 0 none, 1 all: flags of tokens
        self.now = self.latched = 0
        self._switches = 0
        self._lasting_ms = [0, 0, 0, 0, 0]
        self._up_ms = 0
        self.records = ((10, 1, self._pack, self._unpack),)

    def open_reasons(self):
        """Return TAMPER if what is latched is to open the supply."""
        opening = self.opening if self.all_open is None else _ALL * self.all_open
        return codes.TAMPERED if self.latched & opening else 0

    def status(self):
        """Return the bits of codes.STATUS that are set."""
        cover = codes.STATUS_COVER_OPEN if self._switches & codes.METER_COVER else 0
        return cover | (codes.STATUS_TAMPER if self.latched else 0)

    def sense(self, switches):
        """Take the board's inputs, bits of codes.TAMPER."""
        changed = (switches ^ self._switches) & _SWITCHES
        self._switches = switches & _SWITCHES
        self.now = self.now & _OF_CURRENT | self._switches
        if changed & codes.METER_COVER:
            opened = switches & codes.METER_COVER
            self._meter.events.note(
                codes.EVENT_COVER_OPENED if opened else codes.EVENT_COVER_CLOSED
            )

    def tick(self, _supply_ms, real_ms):
        """Let real time pass: detect what lasts."""
        self._up_ms = min(self._up_ms + real_ms, _CURRENT_MS)
        self.now = self._switches | self._of_current()
        lasting = self._lasting_ms
        for place in range(len(lasting)):
            bit = 1 << place
            if not self.now & bit:
                lasting[place] = 0
                continue
            lasting[place] = min(lasting[place] + real_ms, _CURRENT_MS)
            if lasting[place] >= (_SWITCH_MS if bit & _SWITCHES else _CURRENT_MS):
                self._latch(bit)

    def _latch(self, bit):
        detected = self.detected if self.detecting is None else _ALL * self.detecting
        if bit & self.latched or not bit & detected:
            return
        self.latched |= bit
        off = _WHILE_OFF if bit & _SWITCHES and self._up_ms < _START_MS else 0
        self._meter.events.note(codes.EVENT_TAMPER, bit | off, False)

    def _of_current(self):
        reading = self._meter.metering.reading
        bits = 0
        w_x10 = reading.w_x10
        if w_x10 is not None and w_x10 < -_REVERSE_X10 and not self._meter.metering.exports:
            bits |= codes.REVERSE
        ma, neutral = reading.ma, reading.neutral_ma
        if ma is not None and neutral is not None:
            if abs(ma - neutral) > max(_DIFFERENCE_MA, ma // 10):
                bits |= codes.BYPASS
        supply = self._meter.supply
        if w_x10 is not None and abs(w_x10) > _BYPASS_X10 and not supply.contact_closed:
            if supply.opened_ms():
                bits |= codes.BYPASS
        return bits

    def _pack(self, buf, at):
        struct.pack_into(_RECORD, buf, at, self.latched)
        return struct.calcsize(_RECORD) if self.latched else 0

    def _unpack(self, data, _version):
        (self.latched,) = unpack(_RECORD, data, (0,))

    def _clear_token(self, _token):
        if self.latched:
            self._meter.events.note(codes.EVENT_TAMPER_CLEARED, self.latched, False)
        latched, self.latched = self.latched, 0
        for place in range(len(self._lasting_ms)):
            self._lasting_ms[place] = 0
        # It is the operator's order after malignant loads, too: no other token could be that.
        malignant = getattr(self._meter, "malignant", None)
        if malignant and malignant.restore() and not latched:
            return results.ACCEPT, "Restored"
        return results.ACCEPT, "Tamper cleared"

    def _text(self):
        """Return what is latched as a text; the display shows several in turn."""
        text = self._meter.words.text
        return (
            " + ".join([text(row[2]) for row in codes.TAMPER if row[0] & self.latched]) or "None"
        )

    TOKENS = {0x25: _clear_token}
    REGISTERS = {"tamper": lambda self: self.latched}
    CODES = (("818", "Tamper", codes.KNOWN_LEDGER, lambda self: self._text()),)
