"""The meter's clock, which is set over the bus: to one meter, or to all by a broadcast."""

from meter_rig import token
from profile_rig import CLOCK_SET as CLOCK
from profile_rig import HALF_HOUR, POWER_FAILED, START, Rig

from meter.busview import BusView
from meterbus import client, codes, registers
from meterbus.server import Server
from sts_portable import results

FIRST = START // HALF_HOUR
CLOCK_START, CLOCK_COUNT = registers.block("unix", "unix")


class Line(Rig):
    """A meter on a line, with a clock that the bus may set unless `fixed`."""

    def __init__(self, unix=None, fixed=False):
        Rig.__init__(self, unix=unix)
        self.fixed = fixed

    def ask(self, request):
        """Return the parser with the reply, None without one."""
        view = BusView(self.meter, set_clock=None if self.fixed else self._set)
        server = Server(1, view)
        server.gap()
        reply = server.receive(request)
        if reply is None:
            return None
        parser = client.ReplyParser(request)
        assert parser.receive(bytes(reply))
        return parser

    def write(self, unix, address=1):
        value = registers.encode("unix", unix)
        return self.ask(client.write_request(address, CLOCK_START, value))

    def read(self):
        """Return the exception code and the time that is read."""
        request = client.read_request(1, 3, CLOCK_START, CLOCK_COUNT)
        parser = self.ask(request)
        found = registers.decode(CLOCK_START, parser.data)
        return parser.exception, found.get("unix")

    def events(self):
        """Return the events but for the starts: [(code, data)]."""
        log = self.meter.events
        found = [log.entry(number + 1) for number in range(log.sequence)]
        return [event[1:] for event in found if event[1] != codes.EVENT_POWER_UP]

    def _set(self, unix):
        self.unix = unix


def test_an_unknown_time_is_refused_until_the_clock_is_set():
    line = Line()
    assert line.read() == (4, None)
    assert not line.meter.known() & codes.KNOWN_TIME
    assert line.write(START).exception == 0
    assert line.read() == (0, START)
    assert line.meter.known() & codes.KNOWN_TIME


def test_a_broadcast_sets_the_clock_and_is_not_answered():
    line = Line()
    assert line.write(START, 0) is None
    assert line.unix == START
    line.run(5)
    assert line.events() == [(codes.EVENT_CLOCK_SET, 0xFFFF)]


def test_only_a_clock_that_was_wrong_is_an_event_and_ends_an_interval():
    line = Line(START)
    line.run(600, 7)
    for unix in (START + 609, START + 600):
        line.write(unix)
        line.run(0)
    assert line.events() == [] and line.profile() == []
    line.write(START + 3600)
    line.run(0)
    line.write(START)
    line.run(0)
    assert line.events() == [(codes.EVENT_CLOCK_SET, 3000), (codes.EVENT_CLOCK_SET, 3600)]
    assert [row[0] for row in line.profile()] == [FIRST, FIRST + 2]
    assert line.profile()[0] == (FIRST, CLOCK | POWER_FAILED, 7)


def test_what_is_no_time_is_refused_and_changes_nothing():
    line = Line(START)
    for unix in (0, 1735689599, 4102444800, 0xFFFFFFFF):
        assert line.write(unix).exception == 3
    half = client.write_single_request(1, CLOCK_START, 1)
    assert line.ask(half).exception == 3
    more = client.write_request(1, CLOCK_START, [1, 2, 3])
    assert line.ask(more).exception == 2
    assert line.unix == START


def test_a_time_that_cannot_be_is_unknown_and_no_event_fails():
    for unix in (0, 1735689599, 4102444800, 0xFFFFFFFF, 2**32 + 5, 2**40):
        line = Line(unix)
        assert line.meter.unix() is None and line.read() == (4, None)
        line.meter.events.note(codes.EVENT_TAMPER, 1, False)
        line.run(600, 1)
        event = line.meter.events.entry(line.meter.events.sequence)
        assert event == (None, codes.EVENT_TAMPER, 1), event
    last = 4102444799
    assert Line(last).read() == (0, last)


def test_a_clock_that_cannot_be_set_is_refused():
    line = Line(START, fixed=True)
    assert line.write(START + 60).exception == 2
    assert line.read() == (0, START)


def test_the_clock_may_be_set_at_will_and_wears_no_memory_out():
    line = Line(START)
    for number in range(200):
        line.write(START + 20 * (number % 2))
        line.run(0)
    assert len(line.events()) == 40


def test_tokens_are_accepted_whatever_the_time_is():
    tokens = [token(10, number) for number in range(4)]  # what makes them needs one piece of heap
    line = Line()
    for number, unix in enumerate((None, START, 1735689600, 4102444799)):
        if unix:
            assert line.write(unix).exception == 0
        assert line.meter.enter_token(tokens[number]) == results.ACCEPT
