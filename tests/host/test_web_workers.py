"""Several worker processes of one station."""

import json
import os
import re
import signal
import socket
import subprocess
import urllib.request

import psutil
import pytest
from station_kit import PYTHON, drn, environment, new_station

from tjugo.station.station import utc_now

WAIT_S = 60
DRN = drn(1)


class Served:
    """A station with workers in a process of its own."""

    def __init__(self, folder, workers):
        argv = [PYTHON, "-m", "tjugo", "station", "--port", "0", "--state", str(folder)]
        self.process = subprocess.Popen(
            [*argv, "--workers", str(workers)],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = re.search(r"http://\S+/", self.process.stdout.readline()).group()

    def sell(self, client_id):
        """Ask until there is an answer; return the token."""
        request = urllib.request.Request(
            f"{self.url}api/v1/vends/{client_id}",
            json.dumps({"drn": DRN, "kwh": "1.5"}).encode(),
            {"content-type": "application/json"},
            method="PUT",
        )
        while True:
            assert self.process.poll() is None
            try:
                with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                    return json.load(answer)["token"]
            except ConnectionError:
                continue  # of a worker that was killed
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionError):
                    raise

    def workers(self, count):
        """Return the workers once there are so many."""
        parent = psutil.Process(self.process.pid)
        while len(found := parent.children()) != count:
            assert self.process.poll() is None
        return found


@pytest.fixture
def served(database, tmp_path):
    new_station(tmp_path / "state", utc_now, database()).close()
    made = Served(tmp_path / "state", 2)
    workers = made.workers(2)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait(WAIT_S)
    psutil.wait_procs(workers, WAIT_S)
    made.process.stdout.close()


def test_a_worker_that_is_killed_is_started_again(served):
    sold = served.sell("a")
    for worker in served.workers(2):
        before = {one.pid for one in served.workers(2)}
        worker.kill()
        psutil.wait_procs([worker], WAIT_S)
        assert served.sell("a") == sold
        after = {one.pid for one in served.workers(2)}
        assert len(after - before) == 1
    assert served.sell("b") != sold


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)]
)
def test_all_workers_end_with_the_parent(served, number):
    served.sell("a")
    workers = served.workers(2)
    os.kill(served.process.pid, number)
    assert served.process.wait(WAIT_S) == 0
    assert psutil.wait_procs(workers, WAIT_S)[1] == []


@pytest.mark.long
def test_no_worker_is_left_when_the_parent_is_killed(served):
    served.sell("a")
    workers = served.workers(2)
    served.process.kill()
    served.process.wait(WAIT_S)
    assert psutil.wait_procs(workers, WAIT_S)[1] == []


@pytest.mark.long
def test_what_cannot_be_opened_is_said_once(tmp_path):
    argv = [PYTHON, "-m", "tjugo", "station", "--port", "0", "--workers", "2"]
    done = subprocess.run(
        [*argv, "--state", str(tmp_path / "none")],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("There is no station") == 1


def test_a_worker_that_is_started_again_gets_connections(served):
    """Which worker gets a connection: `test_web_shares`."""
    address = served.url.removeprefix("http://").rstrip("/").split(":")

    def takes(worker):
        with socket.create_connection(address) as client:
            client.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            client.recv(1)
            return bool(_connections(worker))

    killed, other = served.workers(2)
    killed.kill()
    psutil.wait_procs([killed], WAIT_S)
    with socket.create_connection(address):
        (again,) = [one for one in served.workers(2) if one.pid != other.pid]
        while not takes(again):
            pass


def _connections(worker):
    return [one for one in worker.net_connections() if one.status == psutil.CONN_ESTABLISHED]
