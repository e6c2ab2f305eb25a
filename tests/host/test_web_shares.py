"""New connections go to the worker that has the fewest."""

import os
import socket

import pytest

from tjugo.web.connections import Limits, Open
from tjugo.web.serve import listen
from tjugo.web.shares import Share, SharedSocket, Shares


def test_a_worker_has_the_fewest_unless_one_that_serves_has_fewer():
    shares = Shares(3)
    first, second = Share(shares, 0), Share(shares, 1)
    first.set(4)
    assert first.fewest()  # nobody else serves
    second.set(5)
    assert first.fewest()
    assert not second.fewest()
    first.set(5)
    assert first.fewest()
    assert second.fewest()
    first.set(None)
    second.set(9)
    assert second.fewest()


def test_the_numbers_are_those_of_all_processes():
    shares = Shares(2)
    own = Share(shares, 0)
    own.set(3)
    pid = os.fork()
    if not pid:
        Share(shares, 1).set(2)
        os._exit(0)
    os.waitpid(pid, 0)
    assert not own.fewest()


def test_a_connection_is_left_to_the_worker_that_has_fewer():
    shares = Shares(2)
    with (
        listen(0) as listening,
        SharedSocket(listening, Share(shares, 0)) as busy,
        SharedSocket(listening, Share(shares, 1)) as idle,
    ):
        shares.set(0, 2)
        shares.set(1, 1)
        with socket.create_connection(listening.getsockname()):
            with pytest.raises(BlockingIOError):
                busy.accept()
            idle.accept()[0].close()


def test_a_worker_that_hangs_is_waited_for_less_each_time():
    shares = Shares(2)
    with listen(0) as listening, SharedSocket(listening, Share(shares, 0)) as busy:

        def left():
            count = 0
            with socket.create_connection(listening.getsockname()):
                while True:
                    try:
                        busy.accept()[0].close()
                        return count
                    except BlockingIOError:
                        count += 1

        for _ in range(2):
            shares.set(0, 2)
            shares.set(1, 1)  # it takes none of these
            asked = [left() for _ in range(8)]
            assert 10 < asked[0] < 100
            assert asked == sorted(asked, reverse=True)
            assert asked[-1] == 1
            shares.set(1, 3)  # it has taken some
            assert left() == 0


def test_connections_that_are_gone_are_not_counted():
    shares = Shares(2)
    shares.set(1, 1)
    own = Share(shares, 0)
    connections = Open(Limits(), own)
    first, second = object(), object()
    connections.add(first)
    assert own.fewest()
    connections.add(second)
    assert not own.fewest()
    connections.remove(second)
    connections.remove(second)
    assert own.fewest()
