"""The supervisor, with a small CPython program in place of a board."""

import asyncio
import os
import sys

import pytest

from tjugo.bench.parts import Part

BOARD = """
import json, sys
print(json.dumps({"hello": {"board": "test", "micropython": "1.2.3"}}), flush=True)
print("not JSON", flush=True)
print("x" * 70000, flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if "exit" in message:
        sys.exit(message["exit"])
    print(json.dumps({"echo": message}), flush=True)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{"hello": {}}', flush=True)
while True:
    time.sleep(60)
"""


class Bench:
    """A part and its messages."""

    def __init__(self, folder, program, **options):
        self.said = []
        self.states = []
        self.part = Part(
            name="board",
            argv=[sys.executable, "-c", program],
            folder=folder,
            environment={"PATH": os.environ["PATH"]},
            log=folder / "board.log",
            on_message=self.said.append,
            on_change=lambda: self.states.append(self.part.state),
            **options,
        )

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)

    def run(self, scenario):
        """Run the scenario beside the supervisor, which is cancelled at the end."""

        async def both():
            task = asyncio.create_task(self.part.run())
            try:
                await scenario(self)
            finally:
                task.cancel()
                await asyncio.wait([task])

        asyncio.run(both())


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_messages_go_both_ways_and_nonsense_is_passed_over(tmp_path):
    async def scenario(bench):
        await bench.until(lambda: bench.part.state == "running")
        assert bench.part.send({"load_w": 5})
        await bench.until(lambda: {"echo": {"load_w": 5}} in bench.said)

    bench = Bench(tmp_path, BOARD)
    bench.run(scenario)
    assert bench.part.versions["micropython"] == "1.2.3"
    assert bench.said[0]["hello"]["board"] == "test"
    assert len(bench.said) == 2
    assert bench.states[-1] == "stopped"


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (lambda part: part.kill(), "signal 9"),
        (lambda part: part.send({"exit": 3}), "exit code 3"),
    ],
)
def test_a_dead_board_is_restarted_greeted_and_said_so(tmp_path, end, text):
    resets = []

    async def scenario(bench):
        await bench.until(lambda: {"echo": {"load_w": 60}} in bench.said)
        first = bench.part.pid
        end(bench.part)
        await bench.until(lambda: bench.part.restarts == 1 and bench.part.state == "running")
        assert bench.part.pid != first and gone(first)
        await bench.until(lambda: bench.said.count({"echo": {"load_w": 60}}) == 2)

    bench = Bench(
        tmp_path,
        BOARD,
        before_start=lambda: resets.append(1),
        greeting=lambda: [{"load_w": 60}],
    )
    bench.run(scenario)
    assert bench.part.last_exit == text
    assert bench.part.status()["restarts"] == 1
    assert len(resets) == 2
    assert "restarting" in bench.states


def test_stopping_leaves_no_process(tmp_path):
    pids = []

    async def scenario(bench):
        await bench.until(lambda: bench.part.state == "running")
        pids.append(bench.part.pid)

    for program in (BOARD, STUBBORN):
        Bench(tmp_path, program).run(scenario)
    assert len(pids) == 2 and all(map(gone, pids))


def test_a_board_that_is_not_there_takes_no_message(tmp_path):
    part = Bench(tmp_path, BOARD).part
    assert part.send({"keys": "1"}) is False
    assert part.kill() is False
    assert part.status()["pid"] is None


def test_what_a_board_writes_to_stderr_is_kept(tmp_path):
    async def scenario(bench):
        await bench.until(lambda: bench.part.restarts)

    Bench(tmp_path, "raise SystemExit('no flash')").run(scenario)
    assert "no flash" in (tmp_path / "board.log").read_text()


def test_without_power_a_board_stays_off_and_starts_at_once_with_it(tmp_path):
    bench = Bench(tmp_path, BOARD)

    async def scenario(bench):
        part = bench.part
        await bench.until(lambda: part.state == "running")
        first = part.pid
        part.power(False)
        await bench.until(lambda: part.state == "off")
        assert part.pid is None and gone(first)
        assert not part.send({"x": 1}) and not part.kill()
        part.power(True)
        await bench.until(lambda: part.state == "running")
        second = part.pid
        part.restart()
        await bench.until(lambda: part.state == "running" and part.pid not in (None, second))
        assert (part.restarts, part.last_exit) == (0, "signal 9")

    bench.run(scenario)
    assert "restarting" not in bench.states
