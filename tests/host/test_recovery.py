"""A board whose application fails repeatedly: firmware/runtime/boot.py, safe.py."""

import importlib.util
import json
import os
import select
import subprocess
import time
import tty

import pytest

from meterbus import client, codes, frame, registers
from runtime.boot import Health
from runtime.safe_view import DEFAULT_ADDRESS, SafeView, address_of

DRN = "01000000016"
SECONDS = 30
A_MINUTE_MS = 60_000
FAILURES = 4


# Health


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "crash.json")


def test_failures_in_a_row_are_counted_over_starts(path):
    for number in range(FAILURES):
        assert not Health(path).hopeless()
        Health(path).failed(f"failure {number}")
    known = Health(path)
    assert known.hopeless()
    assert (known.crashes, known.last) == (FAILURES, f"failure {FAILURES - 1}")


def test_a_minute_of_health_forgives_failures_but_remembers_crashes(path):
    Health(path).failed("once")
    health = Health(path)
    health.beat(A_MINUTE_MS - 1)
    assert Health(path).failures == 1
    health.beat(1)
    assert (Health(path).failures, Health(path).crashes, Health(path).last) == (0, 1, "once")


def test_health_without_failures_writes_nothing(path):
    Health(path).beat(10 * A_MINUTE_MS)
    assert not os.path.exists(path)


def test_one_more_try(path):
    for _ in range(FAILURES):
        Health(path).failed("again")
    Health(path).one_more_try()
    assert not Health(path).hopeless()
    Health(path).failed("again")
    assert Health(path).hopeless()


@pytest.mark.parametrize("content", ["", "[]", '{"failures": "4", "crashes": -1, "last": 7}'])
def test_a_damaged_crash_file_counts_as_none(path, content):
    with open(path, "w") as file:
        file.write(content)
    health = Health(path)
    assert (health.failures, health.crashes, health.last) == (0, 0, "")


def test_the_text_is_short_and_ascii(path):
    Health(path).failed("caf\u00e9\n" + "x" * 1000)
    assert Health(path).last.startswith("caf  xxx")
    assert len(Health(path).last) == 160


def test_a_full_flash_does_not_stop_it(tmp_path):
    health = Health(str(tmp_path / "no-such-folder" / "crash.json"))
    health.failed("a")
    assert health.failures == 1


# The safe application's view of the bus


def test_what_safe_mode_answers():
    view = SafeView("board", DRN, "crash", "ValueError")
    out = bytearray(14)
    status, drn = registers.row("status"), registers.row("drn")
    assert view.read(4, status[registers.ADDRESS], 1, out) == 0
    assert out[1] == codes.STATUS_SAFE | codes.STATUS_CRASHED
    assert view.read(3, drn[registers.ADDRESS], 7, out) == 0
    assert registers.printable(out) == DRN
    block = bytearray(2 * registers.DEVICE_COUNT)
    assert view.read(4, registers.DEVICE_START, registers.DEVICE_COUNT, block) == 0
    assert registers.decode(registers.DEVICE_START, block) == {
        "drn": DRN,
        "device_status": codes.STATUS_SAFE | codes.STATUS_CRASHED,
        "device_reasons": codes.SAFE_MODE,
        "device_control_state": codes.DISCONNECTED,
        "known": 0,
    }
    for start, count in (
        (registers.STATE_START, registers.STATE_COUNT),
        (0, 2),
        (0x1012, 2),
        (0x101F, 2),
    ):
        assert view.read(4, start, count, out) == frame.SERVER_DEVICE_FAILURE
    assert view.write(registers.TOKEN_START, 1, b"\0\0") == frame.SERVER_DEVICE_FAILURE
    assert view.identify(codes.CRASH_OBJECT) == "ValueError"
    assert view.identify(50) is None
    assert SafeView("board", None, "update", "").identify(codes.CRASH_OBJECT) is None


@pytest.mark.parametrize("given", [{}, {"address": 0}, {"address": 248}, {"address": "1"}])
def test_without_a_usable_address(given):
    assert address_of(given) == DEFAULT_ADDRESS
    assert address_of({"address": 5}) == 5


# The simulated board's watchdog


def watchdog_class(repo):
    spec = importlib.util.spec_from_file_location("w", repo / "boards/simulated/sim_watchdog.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Watchdog


def test_the_watchdog_bites_who_does_not_feed_it(repo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    now, ended = [0], []
    make = watchdog_class(repo)

    def watchdog():
        return make(lambda: now[0], lambda a, b: a - b, ended.append)

    first = watchdog()
    assert not first.bit_before
    for ok, at in ((True, 5000), (False, 13000)):
        now[0] = at
        first.service(ok)
        assert ended == []
    now[0] = 13001
    first.service(False)
    assert len(ended) == 1
    assert watchdog().bit_before
    assert not watchdog().bit_before


# The whole way, on MicroPython


class Board:
    """A simulated board with an application of the test's, and the other end of its UART."""

    def __init__(self, repo, micropython, folder, application):
        package = folder / "code" / "meter"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "app.py").write_text(application)
        self.flash = folder / "flash"
        self.flash.mkdir()
        (self.flash / "settings.json").write_text(json.dumps({"address": 9, "drn": DRN}))
        paths = (".frozen", package.parent, repo, repo / "firmware", repo / "boards" / "simulated")
        self.uart, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self._argv = [*micropython, str(repo / "boards" / "common" / "meter" / "main.py")]
        self._env = {
            **os.environ,
            "MICROPYPATH": ":".join(map(str, paths)),
            "TJUGO_UART": os.ttyname(self._theirs),
        }

    def start(self):
        return subprocess.Popen(
            self._argv,
            cwd=self.flash,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self):
        """Run from start to end; return (exit status, standard error)."""
        with self.start() as process:
            _, said = process.communicate(timeout=SECONDS)
        return process.returncode, said

    def ask(self, request):
        """Return the reply; repeat the request until there is one, for a board that has only just
        started."""
        parser = client.ReplyParser(request)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            os.write(self.uart, request)
            while select.select([self.uart], [], [], 0.3)[0]:
                if parser.receive(os.read(self.uart, 256)):
                    return parser
        raise AssertionError("no reply")

    def close(self):
        os.close(self.uart)
        os.close(self._theirs)


@pytest.fixture
def board(repo, micropython, tmp_path):
    made = []

    def make(application):
        made.append(Board(repo, micropython, tmp_path, application))
        return made[-1]

    yield make
    for one in made:
        one.close()


def first(process, key):
    for line in process.stdout:
        message = json.loads(line)
        if key in message:
            return message[key]
    raise AssertionError(f"the board ended without {key}")


def test_a_boot_loop_ends_in_safe_mode(board):
    broken = board("def run(board, health):\n    raise ValueError('broken')\n")
    for number in range(FAILURES):
        status, said = broken.run()
        assert status == 1 and "ValueError: broken" in said, number
    with broken.start() as process:
        told = first(process, "selftest")
        assert (told["safe"], told["crashes"]) == ("crash", FAILURES)
        assert told["last_crash"].startswith("ValueError: broken at ")
        start = registers.row("status")[registers.ADDRESS]
        reply = broken.ask(client.read_request(9, client.READ_INPUT_REGISTERS, start, 1))
        assert reply.data[1] == codes.STATUS_SAFE | codes.STATUS_CRASHED
        process.stdin.close()
        assert process.wait(SECONDS) == 0


def test_an_import_that_fails_is_a_failure_too(board):
    broken = board("import no_such_module\n")
    assert broken.run()[0] == 1
    kept = json.loads((broken.flash / "crash.json").read_text())
    assert kept["failures"] == 1 and "no_such_module" in kept["last"]


def test_a_status_is_handed_on(board):
    assert board("import sys\ndef run(board, health):\n    sys.exit(2)\n").run()[0] == 2


def test_switching_off_is_no_failure(board):
    ends = board("def run(board, health):\n    while True:\n        board.service()\n")
    with ends.start() as process:
        first(process, "hello")
        process.stdin.close()
        assert process.wait(SECONDS) == 0
    assert not (ends.flash / "crash.json").exists()


def test_no_application_while_files_are_replaced(board):
    held = board("def run(board, health):\n    raise ValueError('started')\n")
    (held.flash / "hold").touch()
    with held.start() as process:
        assert first(process, "selftest")["safe"] == "update"
        process.kill()
