"""A meter on a bus, for the checks that ask it through real frames."""

import gc

from meter_rig import meter

from meter.busview import BusView
from meterbus import client, frame, registers
from meterbus.server import Server


class Line:
    """A meter with the core features on a line with a client."""

    def __init__(self, memory=None, **changes):
        changes.setdefault("features", "core")
        gc.collect()  # of the meter before: its memory is one piece that the next one needs
        self.meter = meter(memory, **changes)
        self.view = BusView(self.meter, "rig")
        self.server = Server(self.meter.settings.address, self.view)
        self.server.gap()

    def ask(self, request):
        """Send a request; return the parser with the reply."""
        parser = client.ReplyParser(request)
        reply = self.server.receive(request)
        assert reply is not None and parser.receive(bytes(reply))
        return parser

    def read(self, start, count, function=client.READ_HOLDING_REGISTERS):
        """Return {name: value} of the registers."""
        parser = self.ask(client.read_request(1, function, start, count))
        parser.check()
        return registers.decode(start, parser.data)

    def write(self, start, values):
        """Write a register; return the exception code, 0 if it was accepted."""
        return self.ask(client.write_request(1, start, values)).exception

    def code(self, first, last=None):
        """Return the exception code of a read from register `first` to `last`, 0 for none."""
        start, count = registers.block(first, last or first)
        function = 3 if "h" in registers.row(first)[registers.ACCESS] else 4
        return self.ask(client.read_request(1, function, start, count)).exception

    def unknown(self):
        """Return the names of the registers that are refused when they are read on their own."""
        names = [row[registers.NAME] for row in registers.ROWS]
        return {name for name in names if self.code(name) == frame.SERVER_DEVICE_FAILURE}

    def enter(self, digits, ref):
        return self.write(registers.TOKEN_START, registers.token_entry(digits, ref))

    def result(self):
        found = self.read(registers.RESULT_START, registers.RESULT_COUNT)
        return found["result"], found["result_ref"]
