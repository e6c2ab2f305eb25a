"""What the checks of orders share: a meter on a bus, whose settings are in a board's file."""

import gc
import struct

from meter_rig import DRN, KEY, Memory, PowerCut, meter, settings

from meter import carry_out  # noqa: F401  while there are large pieces of heap
from meter.busview import BusView
from meterbus import client, orders
from meterbus.server import Server
from sts_portable.hmac import hmac_sha256

NOW = 1790000000
FEATURES = ("limiter", "alarms", "voltage", "malignant")  # whose values orders change


class Board:
    """The settings of a board. cut: a power failure before (0) or after (1) they are stored."""

    def __init__(self, given):
        self.given = given
        self.cut = None
        self.full = False
        self.saves = 0

    def settings(self):
        return dict(self.given)

    def save_settings(self, values):
        if self.full:
            raise OSError(28)
        if self.cut == 0:
            raise PowerCut
        self.given = dict(values)
        self.saves += 1
        if self.cut == 1:
            raise PowerCut


def mac(label, text, key=KEY):
    return hmac_sha256(hmac_sha256(key, label), text)[:8]


def order(sequence, kind, body=b"", expires=0, key=KEY, drn=DRN):
    """Return a signed order."""
    data = orders.build(sequence, expires, kind, body)
    return data + mac(orders.LABEL, orders.message(drn, data), key)


def proof(data, result, key=KEY, drn=DRN):
    """Return the proof of a result."""
    return mac(orders.ANSWER_LABEL, orders.answer(drn, data[:-8], result), key)


class Line:
    """A meter with all features on a line with a client."""

    def __init__(self, memory=None, board=None, unix=None, **changes):
        self.memory = memory or Memory()
        self.board = board or Board(settings(**changes))
        self.unix = unix
        self.start()

    def start(self):
        """Start the meter on what is stored, as after a power failure."""
        self.meter = self.view = self.server = None
        gc.collect()
        self.board.cut = self.memory.cut_after = None
        self.meter = meter(self.memory, unix=lambda: self.unix, **self.board.given)
        if hasattr(self.meter, "orders"):
            self.meter.orders.board = self.board
        self.view = BusView(self.meter, "rig")
        self.server = Server(1, self.view)
        self.server.gap()

    def ask(self, request):
        """Send a request; return the parser with the reply."""
        parser = client.ReplyParser(request)
        reply = self.server.receive(request)
        assert reply is not None and parser.receive(bytes(reply))
        return parser

    def write(self, data):
        """Write an order; return the exception code, 0 if it was taken."""
        request = client.write_request(1, orders.START, orders.registers(data))
        return self.ask(request).exception

    def answer(self):
        """Return (result, sequence, proof), or the exception code."""
        request = client.read_request(1, 3, orders.ANSWER_START, orders.ANSWER_COUNT)
        parser = self.ask(request)
        if parser.refused:
            return parser.exception
        return struct.unpack(orders.ANSWER, bytes(parser.data))

    def give(self, data):
        """Write an order and have it carried out; return its result, whose proof is right."""
        assert self.write(data) == 0
        self.view.work()
        result, sequence, found = self.answer()
        assert sequence == orders.head(data)[0]
        assert found == proof(data, result)
        return result

    def second(self, count=1):
        for _ in range(count):
            self.meter.elapsed(1000, 1000)
