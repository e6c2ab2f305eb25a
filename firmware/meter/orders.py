"""Orders of the station over the bus: taken here, carried out by carry_out.py.

meterbus/orders.py has the format. Neither the bus nor who writes to it is trusted: an order has a
MAC, and is carried out once. What carries it out is loaded for it only, and so a wrong one costs
little: after a few in a row, another one is looked at only every ten seconds.
"""

import struct

from meterbus import frame
from runtime import overlay

from .store.slots import unpack

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# Those of meterbus/orders.py.
_MIN_BYTES = const(17)
_MAX_BYTES = const(178)
_ANSWER_COUNT = const(7)
_FREE = const(3)  # wrong orders in a row
_WAIT_MS = const(10000)
_RECORD = ">IB"  # sequence, result


class Orders:
    """A feature: see core.py.

    sequence, result: of the order with the highest sequence, 0 for none. board: has settings() and
    save_settings(), None: no order changes settings.
    """

    def __init__(self, meter):
        self._meter = meter
        self.board = None
        self.sequence = self.result = 0
        self._order = None  # written, and not carried out yet
        self._answer = None  # bytes of its registers
        self._wrong = 0  # in a row
        self._wait_ms = 0
        self.records = ((20, 1, self._pack, self._unpack),)

    def write(self, count, data):
        """Take an order, `count` registers; return a Modbus exception code, or 0."""
        length = frame.u16(data, 0)
        if not _MIN_BYTES <= length <= _MAX_BYTES or count != 1 + (length + 1) // 2:
            return frame.ILLEGAL_DATA_VALUE
        if self._order or self._wait_ms:
            return frame.SERVER_DEVICE_BUSY
        if not self._meter.usable():
            return frame.SERVER_DEVICE_FAILURE
        self._order = bytes(data[2 : 2 + length])
        self._answer = None
        return 0

    def read(self, count, out):
        """Read the answer to the last order; return a Modbus exception code, or 0."""
        if count != _ANSWER_COUNT:
            return frame.ILLEGAL_DATA_ADDRESS
        if self._order:
            return frame.SERVER_DEVICE_BUSY
        if not self._answer:
            return frame.SERVER_DEVICE_FAILURE
        out[:] = self._answer
        return 0

    def work(self):
        """Carry out the order that waits. Without heap or memory for it there is no answer: the
        client writes it again."""
        if not self._order:
            return
        meter, ledger, answer = self._meter, self._meter.ledger, None
        ledger.remember()
        if not ledger.failing:
            try:
                answer = overlay.alone("meter.carry_out", "carry_out", meter, self._order)
            except MemoryError:
                pass
        self._order = None
        meter.elapsed(0, 0)  # the ledger is saved, and the supply judged
        if answer and (ledger.fault or ledger.failing):
            ledger.undo()
            meter.events.forget()
            meter.elapsed(0, 0)
            answer = None
        self._answer = answer

    def judged(self, genuine):
        """Count wrong orders."""
        self._wrong = 0 if genuine else self._wrong + 1
        self._wait_ms = _WAIT_MS if self._wrong > _FREE else 0

    def tick(self, _supply_ms, real_ms):
        """Let real time pass."""
        if self._wait_ms:
            self._wait_ms = max(0, self._wait_ms - real_ms)

    def _pack(self, buf, at):
        if not self.sequence:
            return 0
        struct.pack_into(_RECORD, buf, at, self.sequence, self.result)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, _version):
        self.sequence, self.result = unpack(_RECORD, data, (0, 0))
