"""Several threads and processes on one station, and one that is killed."""

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from decimal import Decimal

import pytest
from station_kit import PYTHON, Clock, drn, environment, new_station

from sts_portable import tid
from tjugo.errors import Unavailable
from tjugo.station.station import Station
from tjugo.station.storage.queue import WriteQueue
from tjugo.station.storage.tables import Token, VendRequest
from tjugo.station.vending.vend import sell

ONE = Decimal(1)


@pytest.fixture
def folder(tmp_path):
    new_station(tmp_path / "state").close()
    return tmp_path / "state"


def tokens(station):
    with station.view() as view:
        return [(row.client_id, row.tid, row.digits) for row in view.session.query(Token)]


def test_threads_with_the_same_id_sell_once(folder):
    answers, errors = [], []
    start = threading.Barrier(8)

    def ask(station):
        start.wait()
        try:
            answers.append(sell(station, "test", "same", drn(1), ONE))
        except Exception as error:
            errors.append(error)

    with Station.open(folder, clock=Clock()) as station:
        threads = [threading.Thread(target=ask, args=(station,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(answers) == 8 and len(set(answers)) == 1
        assert len(tokens(station)) == 1


SELLER = """
import json, sys
from decimal import Decimal
from station_kit import Clock, drn
from tjugo.errors import Unavailable
from tjugo.station.station import Station
from tjugo.station.storage.queue import WriteQueue
from tjugo.station.vending.vend import sell
folder, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
station = Station.open(folder, clock=Clock())
print("ready", flush=True)
sys.stdin.readline()
for i in range(count):
    for client_id in (f"{name}-{i}", f"shared-{i}"):
        sale = sell(station, "test", client_id, drn(1), Decimal(1))
        print(json.dumps([client_id, sale.tid, sale.digits]), flush=True)
"""


def seller(folder, name, count):
    pipe = subprocess.PIPE
    argv = [PYTHON, "-c", SELLER, str(folder), name, str(count)]
    process = subprocess.Popen(argv, env=environment(), stdin=pipe, stdout=pipe, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_do_not_give_a_tid_twice(folder):
    count = 25
    processes = [seller(folder, name, count) for name in ("one", "two")]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = []
    for process in processes:
        told += [
            tuple(json.loads(line)) for line in process.communicate(timeout=60)[0].splitlines()
        ]
        assert process.returncode == 0
    with Station.open(folder, clock=Clock()) as station:
        kept = tokens(station)
    assert set(told) == set(kept)
    assert len(kept) == 3 * count  # each its own, and the shared ones once
    tids = Counter(number for _, number, _ in kept)
    assert max(tids.values()) == 1
    assert not any(tid.is_reserved(number) for number in tids)


@pytest.mark.parametrize("after", [1, 7, 20])
def test_kill_9_loses_no_sale_that_was_told(folder, after):
    process = seller(folder, "killed", 10_000)
    process.stdin.write("go\n")
    process.stdin.flush()
    told = [tuple(json.loads(process.stdout.readline())) for _ in range(after)]
    os.kill(process.pid, signal.SIGKILL)
    told += [tuple(json.loads(line)) for line in process.stdout if line.endswith("\n")]
    process.wait()
    with Station.open(folder, clock=Clock()) as station:
        kept = tokens(station)
        assert set(told) <= set(kept)
        assert len(kept) - len(told) <= 1  # sold, and killed before the answer
        with station.view() as view:
            asked = [row.client_id for row in view.session.query(VendRequest)]
        # A request is there with its token or not at all.
        assert sorted(asked) == sorted(client_id for client_id, _, _ in kept)


class Line:
    """Threads that wait for their turn, in a known order."""

    def __init__(self, wait_s=20):
        self.queue = WriteQueue(wait_s)
        self.served = []
        self._threads = []

    def join(self, name, bulk=False):
        """Start a thread and return once it waits."""
        count = self.queue.waiting()
        thread = threading.Thread(target=self._work, args=(name, bulk))
        self._threads.append(thread)
        thread.start()
        while self.queue.waiting() == count:
            assert thread.is_alive()

    def _work(self, name, bulk):
        with self.queue.turn(bulk):
            self.served.append(name)

    def finish(self):
        for thread in self._threads:
            thread.join()
        return self.served


def test_writers_are_served_in_the_order_of_arrival():
    line = Line()
    with line.queue.turn():
        for name in range(20):
            line.join(name)
    assert line.finish() == list(range(20))


def test_bulk_work_waits_until_nobody_else_does():
    line = Line()
    with line.queue.turn():
        line.join("readings", bulk=True)
        line.join("a")
        line.join("b")
    assert line.finish() == ["a", "b", "readings"]


def test_a_turn_that_does_not_come_is_given_up():
    queue = WriteQueue(0)
    caught = []

    def ask():
        try:
            with queue.turn():
                caught.append("turn")
        except Unavailable as error:
            caught.append(error.message)

    with queue.turn():
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert queue.waiting() == 0
    (said,) = caught
    assert "busy" in said
    ask()
    assert caught[-1] == "turn"


def test_a_station_is_made_once_by_whoever_comes_first(tmp_path):
    argv = [PYTHON, "-m", "tjugo", "init", "--state", str(tmp_path / "new")]
    pipe = subprocess.PIPE
    makers = [
        subprocess.Popen(argv, env=environment(), stdout=pipe, stderr=pipe, text=True)
        for _ in range(3)
    ]
    assert [maker.communicate(timeout=60)[1] for maker in makers] == ["", "", ""]
    assert [maker.returncode for maker in makers] == [0, 0, 0]
    # Of two that end at once neither is the last for SQLite, which then leaves its two files.
    Station.open(tmp_path / "new").close()
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"station.db", "station.db.lock", "station.use", "vending_keys.json"}
