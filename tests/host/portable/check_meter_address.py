"""The meter's address, which the bus gives it by its number."""

from meter_rig import DRN, Memory, meter

from meter.busview import BusView
from meterbus import client, codes, descriptions, registers
from meterbus.server import Server

OTHER = "01000000016"


class Line:
    """A meter on a line. taken: addresses that its board was told to store."""

    def __init__(self, fixed=False):
        self.meter = meter(Memory(bytes(4096)))
        self.taken = []
        self.view = BusView(self.meter, set_address=None if fixed else self.taken.append)
        self.server = Server(1, self.view)
        self.server.gap()

    def write(self, drn, address, to=1):
        """Return the exception code of the reply, None without a reply."""
        value = registers.encode("drn", drn) + bytes((address >> 8, address & 0xFF))
        return self.send(client.write_request(to, descriptions.ADDRESS_START, value))

    def send(self, request):
        parser = client.ReplyParser(request)
        reply = self.server.receive(request)
        self.view.work()
        if reply is None:
            return None
        assert parser.receive(bytes(reply))
        return parser.exception


def test_the_number_must_be_that_of_the_meter():
    line = Line()
    assert line.write(OTHER, 9) == 3
    assert line.write("", 9) == 3
    assert line.write(OTHER, 9, 0) is None
    assert line.taken == []
    assert line.write(DRN, 9) == 0
    assert line.write(DRN, 10, 0) is None
    assert line.taken == [9, 10]
    line.meter.elapsed(0, 0)
    assert line.meter.events.entry(2)[1:] == (codes.EVENT_ADDRESS_SET, 9)


def test_a_meter_without_a_number_takes_no_address():
    line = Line()
    line.meter.settings.drn = ""
    assert line.write("", 9) == 3 and line.taken == []


def test_only_addresses_of_servers_and_the_whole_block_are_taken():
    line = Line()
    for address in (0, 248, 0xFFFF):
        assert line.write(DRN, address) == 3
    assert line.send(client.write_single_request(1, descriptions.ADDRESS_START + 7, 9)) == 2
    part = client.write_request(1, descriptions.ADDRESS_START + 6, [0, 9])
    assert line.send(part) == 2
    assert line.send(client.write_request(1, descriptions.ADDRESS_START, [9])) == 3
    assert line.taken == []


def test_the_present_address_is_stored_by_nobody():
    line = Line()
    assert line.write(DRN, 1) == 0 and line.taken == []


def test_changes_at_will_are_bounded():
    line = Line()
    found = []
    for number in range(50):
        found.append(line.write(DRN, 2 + number))
        line.meter.elapsed(0, 0)
    assert found == [0] * 39 + [6] * 11 and len(line.taken) == 39  # the start is an event too


def test_a_board_that_cannot_store_it_refuses():
    line = Line(fixed=True)
    assert line.write(DRN, 9) == 2 and line.taken == []


def test_it_is_not_read_there():
    line = Line()
    assert line.send(client.read_request(1, 3, descriptions.ADDRESS_START, 8)) == 2
