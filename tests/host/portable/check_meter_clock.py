"""The meter's clock, which is set over the bus: to one meter, or to all by a broadcast."""

from meter_rig import token
from profile_rig import CLOCK_SET as CLOCK
from profile_rig import HALF_HOUR, START, Rig

from meter.busview import BusView
from meterbus import client, codes, registers
from meterbus.server import Server
from sts_portable import results

FIRST = START // HALF_HOUR
CLOCK_START, CLOCK_COUNT = registers.block("unix", "unix")


class Line(Rig):
    """A meter on a line, with a clock that the bus may set unless `fixed`."""

    def __init__(self, unix=None, fixed=False, **changes):
        self.fixed = fixed
        Rig.__init__(self, unix=unix, **changes)

    def start(self):
        """Start the meter and its view of the bus, as after a power failure."""
        self.view = None
        Rig.start(self)
        self.view = BusView(self.meter, set_clock=None if self.fixed else self._set)

    def ask(self, request):
        """Return the parser with the reply, None without one."""
        server = Server(1, self.view)
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
    line.run(40 * 3600)
    line.write(line.unix + 9)
    line.run(0)
    assert line.events() == []
    line.write(line.unix + 30)
    line.run(0)
    assert line.events() == [(codes.EVENT_CLOCK_SET, 30)]
    line.run(HALF_HOUR, 1)
    assert line.profile()[-1][1] & CLOCK


def test_a_known_clock_moves_by_what_was_earned_and_no_further():
    """A hundred steps of five minutes, of a minute, of five seconds: seconds an hour, in all."""
    for step in (300, 60, 5, -5, -60):
        line = Line(START + 900)
        line.run(48 * 3600)
        right = line.unix
        for _ in range(100):
            line.write(line.unix + step)
        assert abs(line.unix - right) <= 48, step
    line = Line(START)
    assert line.write(START + 300).exception == 3 and line.unix == START
    line.run(0)
    assert line.events() == [(codes.EVENT_CLOCK_REFUSED, 300)]
    line.run(200 * 3600)
    right = line.unix
    assert line.write(right + 121).exception == 3 and line.unix == right
    assert line.write(right + 90).exception == 0
    assert line.write(right + 121).exception == 3
    assert line.write(right + 120).exception == 0
    assert line.write(right + 130).exception == 3


def test_moving_the_clock_earns_nothing():
    line = Line(START)
    line.run(2400 * 3600)
    right = line.unix
    for _ in range(100):
        line.write(line.unix + 60)
    assert line.unix == right + 120


def test_restarts_earn_nothing_and_a_broadcast_is_bounded_too():
    line = Line(START)
    line.run(3600)
    for step in (120, 10, 2):
        for _ in range(20):
            line.start()
            line.write(line.unix + step, 0)
    assert line.unix == START + 3600


def test_a_lost_clock_is_set_at_once_and_is_known_then():
    line = Line()
    assert line.write(START + 86400).exception == 0
    assert line.write(START).exception == 3
    assert line.unix == START + 86400
    line.unix = None  # the chip is at fault
    assert line.write(START).exception == 0 and line.unix == START


def test_the_clock_never_goes_back_into_a_half_hour_that_has_ended():
    line = Line(START)
    line.run(100 * HALF_HOUR, 400)
    line.run(15)
    line.run(0, 1)
    entries = line.profile()
    assert line.write(line.unix - 16).exception == 3
    assert line.write(line.unix - 15).exception == 0
    line.run(HALF_HOUR, 1)
    numbers = [row[0] for row in line.profile()]
    assert len(set(numbers[len(entries) :])) == len(numbers) - len(entries)


def test_a_second_is_no_difference():
    line = Line(START + 5)
    for number in range(100):
        assert line.write(line.unix + 1 - 2 * (number % 2)).exception == 0
    assert line.unix == START + 5 and line.events() == []


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


def test_a_clock_that_is_written_at_will_wears_no_memory_out():
    line = Line(START)
    before = line.memory.writes
    for number in range(200):
        line.write(START + 300 * (1 + number % 2))
        line.run(0)
    assert line.memory.writes - before <= 2 * 40
    assert len(line.events()) == 31  # of 32 places; the start has one


def test_tokens_are_accepted_whatever_the_time_is():
    tokens = [token(10, number) for number in range(4)]  # what makes them needs one piece of heap
    line = Line()
    for number, unix in enumerate((None, START, 1735689600, 4102444799)):
        line.unix = None  # the clock was lost
        if unix:
            assert line.write(unix).exception == 0
        assert line.meter.enter_token(tokens[number]) == results.ACCEPT
