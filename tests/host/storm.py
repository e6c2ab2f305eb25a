"""Sales by many clients while the server is killed again and again: nothing lost, nothing twice.

    python tests/host/storm.py --kills 50 --database sqlite --database postgresql

Each client sells with an id of its own until it has an answer, and then with the next id. The
server, or one of its workers, is killed -9 when a random number of further sales was answered;
PostgreSQL is killed twice. Then the database is compared with what the clients were answered.
"""

import http.client
import importlib
import importlib.util
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click
import psutil
from station_kit import PYTHON, environment

from tjugo.benchmarks.station import add_meters, numbered
from tjugo.station.setup.service import set_up
from tjugo.station.station import Station
from tjugo.station.storage.tables import Sale, Token, VendRequest
from tjugo.toolchain import postgres

WAIT_S = 120
AGAIN_S = 0.2  # before a client repeats what was not answered
METERS = 40
SERVER_KILLS = 2
CLIENT = "api"


@dataclass
class Options:
    """How a storm is run: so many kills of the server, among sales of so many clients. most: the
    greatest number of answers between two kills."""

    kills: int = 50
    clients: int = 32
    workers: int = 2
    most: int = 60
    seed: int = 1


@dataclass
class Counts:
    """What happened, and the faults that were found: none if all is well."""

    answers: int = 0
    retries: int = 0
    asked_again: int = 0
    kills: int = 0
    worker_kills: int = 0
    database_kills: int = 0
    tokens: int = 0
    receipts: int = 0
    ledger: str = "no ledger"
    audit: str = "no audit chain"
    faults: list[str] = field(default_factory=list)


def body_of(drn: str) -> dict[str, str]:
    """Return the request of a sale."""
    return {"drn": drn, "kwh": "1.5"}


class Server:
    """A station in processes that are killed and started again, on one port."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._argv = [PYTHON, "-m", "tjugo", "station", "--state", str(folder)]
        self._argv += ["--workers", str(workers)]
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it on the port that it had."""
        self._process = subprocess.Popen(
            [*self._argv, "--port", str(self.port)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        if found is None:
            raise RuntimeError(f"the station did not start: {self._process.communicate()[1]}")
        self.port = int(found.group(1))

    def workers(self) -> list[psutil.Process]:
        """Return the worker processes."""
        return list(psutil.Process(self._process.pid).children())

    def kill(self) -> None:
        """Kill all processes of the station."""
        workers = self.workers()
        self._process.kill()
        for worker in workers:
            worker.kill()
        self._gone(workers)

    def kill_worker(self, number: int) -> bool:
        """Kill one worker, which the parent replaces. Return whether there was one."""
        workers = self.workers()
        if not workers:
            return False
        workers[number % len(workers)].kill()
        return True

    def end(self) -> None:
        """End the station as a person does."""
        workers = self.workers()
        self._process.terminate()
        self._gone(workers)

    def _gone(self, workers: list[psutil.Process]) -> None:
        self._process.communicate(timeout=WAIT_S)
        psutil.wait_procs(workers, WAIT_S)


class Storm:
    """The clients, and what they were answered."""

    def __init__(self, server: Server, options: Options, counts: Counts) -> None:
        self.server, self.options, self.counts = server, options, counts
        self.answered: dict[str, tuple[str, str]] = {}  # DRN and token by the request's id
        self.errors: list[BaseException] = []
        self._changed = threading.Condition()
        self._stop = False
        self._threads = [
            threading.Thread(target=self._client, args=(n,)) for n in range(options.clients)
        ]

    def start(self) -> None:
        """Start the clients."""
        for thread in self._threads:
            thread.start()

    def wait_for(self, answers: int) -> None:
        """Wait until the clients have so many answers. Raise the error of a client."""
        with self._changed:
            self._changed.wait_for(lambda: self.errors or self.counts.answers >= answers, WAIT_S)
            if self.errors:
                raise self.errors[0]
            if self.counts.answers < answers:
                raise RuntimeError(f"no answers any more, after {self.counts.answers}")

    def stop(self) -> None:
        """End the clients, each after the answer to its last request."""
        self._stop = True
        for thread in self._threads:
            thread.join(WAIT_S)

    def ask(self, connection: list[http.client.HTTPConnection], client_id: str, drn: str) -> str:
        """Repeat a request until there is an answer; return the token."""
        while True:
            try:
                status, found = self._once(connection, client_id, drn)
            except (OSError, http.client.HTTPException):
                connection.clear()
                status, found = 503, {}
            if status == 200:
                return str(found["token"])
            if status != 503:
                raise RuntimeError(f"{client_id}: {status} {found}")
            with self._changed:
                self.counts.retries += 1
                self._changed.wait(AGAIN_S)
                if self.errors:
                    raise RuntimeError("another client failed")

    def _once(
        self, connection: list[http.client.HTTPConnection], client_id: str, drn: str
    ) -> tuple[int, dict[str, object]]:
        if not connection:
            connection.append(
                http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=WAIT_S)
            )
        connection[0].request(
            "PUT",
            f"/api/v1/vends/{client_id}",
            json.dumps(body_of(drn)),
            {"content-type": "application/json"},
        )
        with connection[0].getresponse() as answer:
            return answer.status, json.load(answer)

    def _client(self, number: int) -> None:
        chance = random.Random(self.options.seed * 1000 + number)
        drns, sold = numbered(METERS), 0
        connection: list[http.client.HTTPConnection] = []
        try:
            while not self._stop:
                drn, client_id = chance.choice(drns), f"c{number}-{sold}"
                token = self.ask(connection, client_id, drn)
                with self._changed:
                    self.answered[client_id] = drn, token
                    self.counts.answers += 1
                    self._changed.notify_all()
                if sold and chance.random() < 0.1:
                    self._again(connection, f"c{number}-{chance.randrange(sold)}")
                sold += 1
        except BaseException as error:
            with self._changed:
                self.errors.append(error)
                self._changed.notify_all()

    def _again(self, connection: list[http.client.HTTPConnection], client_id: str) -> None:
        drn, token = self.answered[client_id]
        again = self.ask(connection, client_id, drn)
        with self._changed:
            self.counts.asked_again += 1
            if again != token:
                self.counts.faults.append(f"{client_id}: {token} first, and then {again}")

    def ask_all_again(self) -> None:
        """Ask for every sale again: each has its token."""
        connection: list[http.client.HTTPConnection] = []
        for client_id in sorted(self.answered):
            self._again(connection, client_id)


def run(folder: Path, server: postgres.Server | None, options: Options) -> Counts:
    """Make a station in a folder, on SQLite or a server of PostgreSQL, and run a storm."""
    url = server.new_database() if server else None
    with set_up(folder, database_url=url) as station, station.work("storm") as work:
        add_meters(work, numbered(METERS))
    counts, chance = Counts(), random.Random(options.seed)
    station_server = Server(folder, options.workers)
    storm = Storm(station_server, options, counts)
    storm.start()
    try:
        for number in range(options.kills):
            storm.wait_for(counts.answers + chance.randint(1, options.most))
            if server and number * (SERVER_KILLS + 1) // options.kills > counts.database_kills:
                server.kill()
                counts.database_kills += 1
                server.start()
            if number % 3 == 2 and station_server.kill_worker(chance.randrange(64)):
                counts.worker_kills += 1
            else:
                station_server.kill()
                station_server.start()
            counts.kills += 1
        storm.wait_for(counts.answers + 1)
        storm.stop()
        storm.ask_all_again()
    finally:
        storm.errors.append(RuntimeError("the storm is over"))
        storm.stop()
        station_server.end()
    with Station.open(folder) as station:
        check(station, storm.answered, counts)
    return counts


def check(station: Station, answered: dict[str, tuple[str, str]], counts: Counts) -> None:
    """Compare the database with what the clients were answered."""
    faults = counts.faults
    with station.view() as view:
        tokens: dict[str, list[tuple[str, str]]] = {}
        tids = Counter()
        for row in view.session.query(Token).yield_per(1000):
            counts.tokens += 1
            tokens.setdefault(row.client_id, []).append((row.drn, row.digits))
            tids[row.drn, row.bdt, row.tid] += 1
        for client_id, sold in answered.items():
            if tokens.get(client_id) != [sold]:
                faults.append(f"{client_id}: answered {sold}, recorded {tokens.get(client_id)}")
        faults += [f"{key}: TID {times} times" for key, times in tids.items() if times > 1]
        digits = Counter(pair for found in tokens.values() for pair in found)
        faults += [f"{pair}: token {times} times" for pair, times in digits.items() if times > 1]
        asked = {row.client_id for row in view.session.query(VendRequest).yield_per(1000)}
        if asked != set(tokens):
            faults.append(f"requests without a token, or tokens without: {asked ^ set(tokens)}")
        if set(tokens) - set(answered):
            faults.append(f"sold and never answered: {set(tokens) - set(answered)}")
        receipts: dict[str, list[int]] = {}
        for sale in view.session.query(Sale).yield_per(1000):
            receipts.setdefault(sale.outlet, []).append(sale.receipt_no)
        for outlet, numbers in receipts.items():
            counts.receipts += len(numbers)
            if sorted(numbers) != list(range(1, len(numbers) + 1)):
                faults.append(f"outlet {outlet}: receipt numbers with a gap or twice")
        counts.ledger = _verified("tjugo.station.ledger.verify", view, faults) or counts.ledger
        counts.audit = _verified("tjugo.station.audit.chain", view, faults) or counts.audit


def _verified(module: str, view: object, faults: list[str]) -> str | None:
    """Call `verify` of a module where there is one; it returns its findings, or their number of
    records with them."""
    if importlib.util.find_spec(module) is None:
        return None
    found = importlib.import_module(module).verify(view)
    records, sentences = found if isinstance(found, tuple) else (None, found)
    faults += [f"{module}: {sentence}" for sentence in sentences]
    return "verified" if records is None else f"{records} verified"


DATABASES = ("sqlite", "postgresql")


@click.command()
@click.option("--kills", default=50, show_default=True)
@click.option("--clients", default=32, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--database", "databases", multiple=True, type=click.Choice(DATABASES), default=DATABASES
)
def main(kills: int, clients: int, workers: int, seed: int, databases: tuple[str, ...]) -> None:
    """Run a storm on each database; print the counts."""
    options = Options(kills, clients, workers, seed=seed)
    well = True
    for name in databases:
        with tempfile.TemporaryDirectory(prefix="tjugo-storm-") as folder:
            if name == "sqlite":
                counts = run(Path(folder) / "state", None, options)
            elif why := postgres.missing():
                print(f"{name}: skipped: {why}")
                continue
            else:
                with postgres.server(durable=True) as server:
                    counts = run(Path(folder) / "state", server, options)
        shown = {key: value for key, value in vars(counts).items() if key != "faults"}
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in shown.items())}")
        print(f"{name}: {len(counts.faults)} faults", *counts.faults[:20], sep="\n  ", flush=True)
        well = well and not counts.faults
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
