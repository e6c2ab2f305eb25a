"""A bench as a separate process, used as by any program."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import psutil

DEADLINE_S = 60


def wait_for(condition, what):
    """Return the condition's first true value; fail after the deadline."""
    until = time.monotonic() + DEADLINE_S
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < until, f"{what} did not happen in time"
        time.sleep(0.05)


class ControlClient:
    """A meter's control socket."""

    def __init__(self, address):
        host, port = address.removeprefix("tcp://").split(":")
        # Two files: one for both directions forgets what it has read ahead when it is written to.
        connection = socket.create_connection((host, int(port)), DEADLINE_S)
        self._reader, self._writer = connection.makefile("r"), connection.makefile("w")
        connection.close()  # with the files

    def close(self):
        self._reader.close()
        self._writer.close()

    def ask(self, message):
        """Send a command; return its answer, skipping states pushed in between."""
        self._writer.write(json.dumps(message) + "\n")
        self._writer.flush()
        wants_state = "get" in message
        while True:
            answer = json.loads(self._reader.readline())
            if wants_state or "drn" not in answer:
                return answer

    def state(self):
        return self.ask({"get": "state"})

    def wait(self, condition, what):
        """Return the first state that fits."""

        def look():
            state = self.state()
            return state if condition(state) else None

        return wait_for(look, what)


class BenchProcess:
    """A bench: `with BenchProcess(folder, "--speed", "60") as bench:`; `facts` is its line of
    JSON."""

    def __init__(self, state, *options):
        argv = [sys.executable, "-m", "tjugo", "bench", "--json", "--headless"]
        self.argv = [*argv, "--state", str(state), *options]
        self.state = state
        self.facts = None
        self._controls = {}

    def __enter__(self):
        self.process = subprocess.Popen(
            self.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        timer = threading.Timer(DEADLINE_S, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            _, errors = self.process.communicate()
            raise AssertionError(f"the bench did not start: {errors}{self.logs()}")
        self.facts = json.loads(line)
        return self

    def __exit__(self, *unused):
        for control in self._controls.values():
            control.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=DEADLINE_S)
        finally:
            self.process.kill()

    def logs(self):
        """Return the boards' standard error."""
        return "".join(path.read_text() for path in self.state.glob("boards/*.log"))

    def meter(self, number):
        """Return the control socket of the meter at index `number`."""
        address = self.facts["meters"][number]["control"]
        if address not in self._controls:
            self._controls[address] = ControlClient(address)
        return self._controls[address]

    def call(self, method, path, body=None, headers=None):
        """Return (status, JSON) of an HTTP request."""
        request = urllib.request.Request(
            self.facts["url"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def sell(self, client_id, number, kwh):
        """Sell to the meter at index `number`; return the sale."""
        drn = self.facts["meters"][number]["drn"]
        status, sale = self.call("PUT", f"api/v1/vends/{client_id}", {"drn": drn, "kwh": kwh})
        assert status == 200, sale
        return sale

    def delivered(self, client_id):
        """Wait until the token's delivery has ended; return it."""

        def look():
            delivery = self.call("GET", f"api/v1/vends/{client_id}")[1]["delivery"]
            return delivery if delivery["state"] in ("accepted", "refused") else None

        return wait_for(look, f"the delivery of {client_id}")

    def part(self, name):
        """Return the state of one process."""
        return self.call("GET", "bench/state")[1][f"part:{name}"]

    def children(self):
        """Return the processes below the bench."""
        return psutil.Process(self.process.pid).children(recursive=True)


def settings_of(facts, number):
    """Return the settings of the meter at index `number`, as on its flash."""
    path = os.path.join(facts["meters"][number]["flash"], "settings.json")
    with open(path) as file:
        return json.load(file)
