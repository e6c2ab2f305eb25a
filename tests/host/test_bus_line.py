"""Requests of a person's command on a line that others may use too."""

import pytest

from meterbus import client
from tjugo.device import bus_line
from tjugo.device.bus_line import BusLine

REQUEST = client.read_request(1, client.READ_HOLDING_REGISTERS, 0, 1)
REPLY = bytes.fromhex("0103020000b844")
POLL = bytes.fromhex("0203000000018439")


class Line:
    """A serial port with a clock of its own. lost: requests without a reply; polls: whether a
    second client is heard once a second while nothing is asked."""

    def __init__(self, lost, polls=False):
        self.now = 0.0
        self.sent, self.after_a_poll = [], []
        self._lost, self._polls = lost, polls
        self._heard = 0.0
        self._waiting = b""

    def monotonic(self):
        return self.now

    @property
    def in_waiting(self):
        return len(self._waiting)

    def read(self, count):
        if not self._waiting:
            self.now += 0.05
            if self._polls and self.now - self._heard >= 1:
                self._heard = self.now
                return POLL
        found, self._waiting = self._waiting[:count], self._waiting[count:]
        return found

    def write(self, request):
        self.sent.append(self.now)
        self.after_a_poll.append(0 < self.now - self._heard < 0.1)
        self._waiting = b"" if len(self.sent) in self._lost else REPLY

    def reset_input_buffer(self):
        self._waiting = b""


@pytest.fixture
def opened(monkeypatch):
    def opened(*args):
        line = Line(*args)
        monkeypatch.setattr(bus_line, "time", line)
        monkeypatch.setattr(bus_line.serial, "Serial", lambda *_args, **_more: line)
        return BusLine("/dev/ttyUSB0", 1), line

    return opened


def test_a_lost_reply_costs_one_wait_where_nobody_else_is_heard(opened):
    bus, line = opened({1})
    for _ in range(10):
        assert bus.ask(REQUEST).data == b"\0\0"
    assert len(line.sent) == 11 and line.now == pytest.approx(2.5, abs=0.2)


def test_nothing_there_is_known_after_one_wait(opened):
    bus, line = opened({1, 2, 3, 4})
    assert bus.find(REQUEST, 4) is None
    assert line.now == pytest.approx(5.5, abs=0.3)


def test_requests_follow_the_polls_of_another_client(opened):
    bus, line = opened({1}, True)
    for _ in range(5):
        assert bus.ask(REQUEST).data == b"\0\0"
    assert line.after_a_poll == [False, True, True, True, True, True]
