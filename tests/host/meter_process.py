"""The real meter in a separate process on the simulated board, and a client on its bus."""

import contextlib
import json
import os
import pty
import selectors
import signal
import subprocess
import termios
import threading
import time
import tty
from pathlib import Path

from meterbus import client, registers
from sts_portable import results, vendor

REPO = Path(__file__).resolve().parents[2]
KEY = bytes.fromhex("e653341f9d5bf36f")
DRN = "00000000000"
DEADLINE_S = 20
REPLY_S = 0.25
TRIES = 20


def token(tenths, number, key=KEY):
    """Return a credit token of `tenths` of a kWh; the same number gives the same token."""
    return vendor.credit(key, 7, 5000 + number, 5, tenths)


def settings(**changes):
    """Return the settings of a meter that works."""
    return {"drn": DRN, "address": 1, "key": KEY.hex(), **changes}


class MeterBoard:
    """A meter with its flash in `folder`; it may be started and killed repeatedly. unix: the time
    at each start, by default that of this computer."""

    def __init__(self, micropython, folder, given, speed=1, unix=""):
        self._argv = [*micropython, str(REPO / "boards/common/meter/main.py")]
        self._folder = folder
        self._speed = speed
        self._unix = unix
        self._process = None
        self._said = []
        self._news = threading.Condition()
        if given is not None:
            (folder / "settings.json").write_text(json.dumps(given))
        self.master, self._slave = pty.openpty()  # the slave stays open when the meter is killed
        tty.setraw(self._slave)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        os.close(self.master)
        os.close(self._slave)

    def start(self):
        """Start it; the first line it prints must be its greeting."""
        path = (".frozen", REPO, REPO / "firmware", REPO / "boards/simulated")
        self._said = []
        self._process = subprocess.Popen(
            self._argv,
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "MICROPYPATH": ":".join(map(str, path)),
                "TJUGO_UART": os.ttyname(self._slave),
                "TJUGO_SPEED": str(self._speed),
                "TJUGO_UNIX": str(self._unix),
            },
        )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        self.wait(lambda said: said[:1] and "hello" in said[0], "its greeting")

    def _listen(self, process):
        for line in process.stdout:
            with self._news:
                if process is self._process:
                    self._said.append(json.loads(line))
                    self._news.notify_all()

    def wait(self, condition, what):
        """Return the first true value of `condition(list of the board's messages)`."""
        with self._news:
            found = self._news.wait_for(lambda: condition(self._said), DEADLINE_S)
            assert found, f"{what} did not happen in time: {self._said[-5:]}"
            return found

    def last(self, kind):
        """Return its last message of `kind` (display, relay, report, mem), or None."""
        with self._news:
            return next((line[kind] for line in reversed(self._said) if kind in line), None)

    def wait_display(self, *lines):
        """Wait until the display shows these two lines."""

        def shown(said):
            pairs = [line["display"] for line in said if "display" in line]
            return pairs and tuple(text.strip() for text in pairs[-1]) == lines

        self.wait(shown, f"the display {lines}")

    def say(self, message):
        """Send a command, or any text, to the service port."""
        line = message if isinstance(message, str) else json.dumps(message)
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def kill(self):
        """Kill the process with SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def end(self):
        """End its input; return (exit status, its standard error)."""
        self._process.stdin.close()
        status = self._process.wait(DEADLINE_S)
        return status, self._process.stderr.read()

    # The bus

    def send(self, frame):
        """Send bytes on the wire; unread bytes of former replies are discarded."""
        termios.tcflush(self.master, termios.TCIFLUSH)
        os.write(self.master, frame)

    def ask(self, request, tries=TRIES):
        """Send a request, again if it is not answered; return the parser with the reply."""
        for _ in range(tries):
            parser = client.ReplyParser(request)
            self.send(request)
            until = time.monotonic() + REPLY_S
            while (left := until - time.monotonic()) > 0:
                if parser.receive(self._receive(left)):
                    return parser
        raise AssertionError(f"no answer to {request.hex()}")

    def _receive(self, timeout):
        with selectors.DefaultSelector() as selector:
            selector.register(self.master, selectors.EVENT_READ)
            return os.read(self.master, 256) if selector.select(timeout) else b""

    def receive(self):
        """Return the next bytes that the meter sends."""
        data = self._receive(DEADLINE_S)
        assert data, "the meter did not answer"
        return data

    def wait_reply(self):
        """Wait until the meter begins to answer."""
        assert self._receive(DEADLINE_S), "the meter did not answer"

    def read(self, start, count, function=client.READ_HOLDING_REGISTERS):
        """Return {name: value} of registers."""
        parser = self.ask(client.read_request(1, function, start, count))
        parser.check()
        return registers.decode(start, parser.data)

    def state(self):
        """Return {name: value} of the state block."""
        return self.read(registers.STATE_START, registers.STATE_COUNT)

    def device(self):
        """Return {name: value} of the block that can always be read."""
        return self.read(registers.DEVICE_START, registers.DEVICE_COUNT)

    def result(self):
        """Return (TokenResult, reference) of the token entered last from the bus."""
        found = self.read(registers.RESULT_START, registers.RESULT_COUNT)
        return found["result"], found["result_ref"]

    def deliver(self, digits, ref):
        """Deliver a token as a collector does: read its result, write it if it is unknown, and
        read until it is decided."""
        entry = client.write_request(1, registers.TOKEN_START, registers.token_entry(digits, ref))
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            result, found = self.result()
            if found != ref:
                self.ask(entry)
            elif result not in (results.BUSY, results.NONE):
                return result
        raise AssertionError("the token was never decided")


class Cable:
    """A connection of the meter's wire to a second pty, `path`, for tools that need a serial
    port."""

    def __init__(self, board):
        self._ends = [board.master, *pty.openpty()]
        tty.setraw(self._ends[2])
        self.path = os.ttyname(self._ends[2])
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._wake[1], b"x")
        self._thread.join(DEADLINE_S)
        for end in (*self._ends[1:], *self._wake):
            os.close(end)

    def _carry(self):
        other = {self._ends[0]: self._ends[1], self._ends[1]: self._ends[0]}
        with selectors.DefaultSelector() as selector:
            for end in (*other, self._wake[0]):
                selector.register(end, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fd == self._wake[0]:
                        return
                    os.write(other[key.fd], os.read(key.fd, 256))
