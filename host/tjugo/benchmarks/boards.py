"""The heap that the firmware needs on a simulated board."""

import json
import os
import subprocess
import tempfile
import threading
import tty
from pathlib import Path
from typing import Any

from tjugo.bench.boards import HEAP
from tjugo.bench.parts import board_environment
from tjugo.bench.provision import BoardPlan, provision
from tjugo.benchmarks.registry import Figure, Skip, benchmark
from tjugo.errors import TjugoError
from tjugo.station.setup.service import set_up
from tjugo.toolchain.micropython import find_runtime
from tjugo.toolchain.tools import REPO

_SECONDS = 30


@benchmark("meter.boot.heap_used", "bytes")
def meter_boot_heap_used() -> Figure:
    """Measure a meter with its key, a second after power-on and garbage collection."""
    runtime = find_runtime()
    if runtime.bits != 32:
        raise Skip(f"a 32-bit MicroPython is required, and this is {runtime}")
    with (
        tempfile.TemporaryDirectory(prefix="tjugo-bench-") as folder,
        set_up(folder) as station,
    ):
        plan = provision(station, {"meters": 1, "collector": False, "baudrate": 9600}, 0)
        memory = _memory_of(plan.meters[0], runtime.argv)
    context = {"micropython": runtime.version, "bits": runtime.bits, "heap": HEAP}
    return Figure(memory["used"], {**context, "lowest_free": memory["lowest_free"]})


def _memory_of(plan: BoardPlan, micropython: list[str]) -> dict[str, int]:
    """Return the first memory report of a board on a bus without traffic."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    program = REPO / "boards" / "common" / plan.program / "main.py"
    try:
        with subprocess.Popen(
            [*micropython, "-X", f"heapsize={HEAP}", str(program)],
            cwd=plan.folder,
            env=board_environment(REPO, os.ttyname(theirs), 1),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as board:
            watch = threading.Timer(_SECONDS, board.kill)
            watch.start()
            try:
                return _first_memory(board, plan.folder)
            finally:
                watch.cancel()
                board.kill()
    finally:
        os.close(ours)
        os.close(theirs)


def _first_memory(board: subprocess.Popen[str], folder: Path) -> dict[str, int]:
    last_line = ""
    assert board.stdout is not None
    for line in board.stdout:
        message = _json(line)
        if "mem" in message:
            return message["mem"]
        last_line = line.strip() or last_line
    raise TjugoError(f"The board in {folder.name} ended before its memory report: {last_line}")


def _json(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
