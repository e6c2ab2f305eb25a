"""Whole sales through the API with 32 clients, beside a bare endpoint on the same stack.

A sale is on the disk with all that belongs to it before it is answered. Both are served at the
same time, and get the load in turns: a machine whose speed changes is as fast for the one as for
the other. Each figure is the better one of 1 and 2 workers; the context has both.
"""

import functools
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tjugo.benchmarks.load import CLIENTS
from tjugo.benchmarks.registry import Figure, Skip, benchmark, host
from tjugo.benchmarks.station import add_meters, numbered
from tjugo.errors import TjugoError
from tjugo.station.setup.service import set_up
from tjugo.toolchain import postgres

METERS = 5_000
SECONDS, WARM_UP_S, TURNS = 2.0, 1.0, 4
WORKERS = (1, 2)
_WAIT_S = 120

Measured = dict[str, float]
Load = Callable[[float], Measured]


@contextmanager
def _served(argv: list[str]) -> Iterator[int]:
    """Start a server; yield its port."""
    process = subprocess.Popen([sys.executable, "-m", *argv], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        if found is None:
            raise TjugoError(f"{argv[0]} did not start.")
        yield int(found.group(1))
    finally:
        process.terminate()
        process.communicate(timeout=_WAIT_S)


def _load(port: int, seconds: float, kind: str, drns: list[str]) -> Measured:
    argv = [sys.executable, "-m", "tjugo.benchmarks.load", str(port), str(seconds), kind, *drns]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_WAIT_S)
    if done.returncode:
        raise TjugoError(f"The load ended: {done.stderr.strip().splitlines()[-1]}")
    found: Measured = json.loads(done.stdout)
    if found["refused"]:
        raise TjugoError(
            f"{found['refused']:.0f} of {found['answers']:.0f} requests were refused."
        )
    return found


@contextmanager
def _sales(folder: Path, url: str | None, workers: int) -> Iterator[Load]:
    """Serve a station; yield what gives it the load for some seconds."""
    drns = numbered(METERS)
    with set_up(folder, database_url=url) as station, station.work("bench") as work:
        add_meters(work, drns)
    argv = ["tjugo", "station", "--port", "0", "--state", str(folder), "--workers", str(workers)]
    with _served(argv) as port:
        yield lambda seconds: _load(port, seconds, "vend", drns)


@contextmanager
def _inserts(folder: Path, url: str | None, workers: int) -> Iterator[Load]:
    """Serve the bare endpoint; yield what gives it the load for some seconds."""
    database = url or str(folder / "bare.db")
    with _served(["tjugo.benchmarks.bare", str(workers), database]) as port:
        yield lambda seconds: _load(port, seconds, "bare", [])


def _in_turns(loads: dict[str, Load]) -> dict[str, Measured]:
    """Return the figures of each, of all its turns together."""
    for load in loads.values():
        load(WARM_UP_S)
    turns: dict[str, list[Measured]] = {kind: [] for kind in loads}
    for _ in range(TURNS):
        for kind, load in loads.items():
            turns[kind].append(load(SECONDS))
    return {kind: _together(found) for kind, found in turns.items()}


def _together(turns: list[Measured]) -> Measured:
    """Return the figures of several turns: the median of p50, the worst p99."""
    total = {name: sum(turn[name] for turn in turns) for name in ("answers", "seconds")}
    middle = statistics.median(turn["p50_ms"] for turn in turns)
    return {**total, "p50_ms": middle, "p99_ms": max(turn["p99_ms"] for turn in turns)}


@functools.cache
def _measured(database: str) -> dict[int, dict[str, Measured]]:
    """Return the figures by the number of workers and by kind, measured once in a run."""
    with ExitStack() as stack:
        server = None
        if database == "PostgreSQL":
            if why := postgres.missing():
                raise Skip(why)
            server = stack.enter_context(postgres.server(durable=True))
        found = {}
        for workers in WORKERS:
            with ExitStack() as served:
                loads = {}
                for kind, serve in (("vend", _sales), ("bare", _inserts)):
                    folder = tempfile.TemporaryDirectory(prefix="tjugo-bench-")
                    url = server.new_database() if server else None
                    path = Path(served.enter_context(folder))
                    loads[kind] = served.enter_context(serve(path, url, workers))
                found[workers] = _in_turns(loads)
        return found


def _rate(measured: Measured) -> float:
    return measured["answers"] / measured["seconds"]


def _best(database: str, kind: str) -> Measured:
    return max((found[kind] for found in _measured(database).values()), key=_rate)


def _per_s(database: str, kind: str) -> Figure:
    context = {**host(), "database": database, "clients": CLIENTS}
    for workers, both in _measured(database).items():
        found = both[kind]
        context[f"per_s_{workers}"] = round(_rate(found))
        context[f"p50_ms_{workers}"] = round(found["p50_ms"], 1)
        context[f"p99_ms_{workers}"] = round(found["p99_ms"], 1)
    rate = _rate(_best(database, kind))
    if kind == "vend":
        context["of_bare"] = round(rate / _rate(_best(database, "bare")), 2)
    return Figure(round(rate, 1), context)


def _p99_ms(database: str) -> Figure:
    context = {**host(), "database": database, "clients": CLIENTS}
    return Figure(round(_best(database, "vend")["p99_ms"], 1), context)


@benchmark("vend.bare_insert.sqlite.per_s", "requests/s")
def bare_insert_sqlite() -> Figure:
    """Measure POSTs that are one durable insert into SQLite."""
    return _per_s("SQLite", "bare")


@benchmark("vend.bare_insert.postgres.per_s", "requests/s")
def bare_insert_postgres() -> Figure:
    """Measure POSTs that are one durable insert into PostgreSQL."""
    return _per_s("PostgreSQL", "bare")


@benchmark("vend.sqlite.per_s", "sales/s")
def sqlite_per_s() -> Figure:
    """Measure sales on SQLite."""
    return _per_s("SQLite", "vend")


@benchmark("vend.sqlite.p99_ms", "ms")
def sqlite_p99() -> Figure:
    """Measure the duration of sales on SQLite."""
    return _p99_ms("SQLite")


@benchmark("vend.postgres.per_s", "sales/s")
def postgres_per_s() -> Figure:
    """Measure sales on PostgreSQL."""
    return _per_s("PostgreSQL", "vend")


@benchmark("vend.postgres.p99_ms", "ms")
def postgres_p99() -> Figure:
    """Measure the duration of sales on PostgreSQL."""
    return _p99_ms("PostgreSQL")
