"""What a soak does with its bench over HTTP, and what it records of it."""

import json
import os
import random
import time
import urllib.error
import urllib.request
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

from tjugo.bench.soak_checks import HEAP_SLACK, RSS_SLACK, Sale, Series
from tjugo.errors import TjugoError

SAMPLE_S = 2.0
_SETTLE_S = 120.0
_KWH = 5
_LOAD_W = 3000  # more than the sales at speed 60 provide: credit is used up in between
_OPEN = ("issued", "sent", "at_collector", "reported")
_USER_TIMEOUT_S = 20


class Client:
    """The bench's HTTP interface."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request with a JSON body and return the JSON answer. Raise TjugoError with the
        bench's error."""
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_USER_TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise TjugoError(f"{method} {path}: {error.code} {said}") from error
        except OSError as error:
            raise TjugoError(f"The bench does not answer {method} {path}: {error}.") from error


class Soak:
    """A run. `rng` decides which process is killed, so that a seed repeats it."""

    def __init__(self, facts: dict[str, Any], seed: int, kills: bool) -> None:
        self._client = Client(facts["url"])
        self._pid = facts["pid"]
        self._drns = [meter["drn"] for meter in facts["meters"]]
        self._rng = random.Random(seed)
        self._kills = kills
        self.sales: list[Sale] = []
        self.kills = 0
        self.keyed_again = 0
        self.memory: dict[str, Series] = {}
        self.state: dict[str, Any] = {}

    def begin(self) -> None:
        """Switch on the load of every meter and take the first sample."""
        self._loads(_LOAD_W)
        self.sample()

    def minute(self, number: int) -> None:
        """Sell a token; it is, by turns, keyed in at once, keyed in again later, or keyed in at
        the wrong meter."""
        drn = self._drns[number % len(self._drns)]
        client_id = f"soak-{uuid.uuid4()}"
        sold = self._client.call(
            "PUT", f"/api/v1/vends/{client_id}", {"drn": drn, "kwh": str(_KWH)}
        )
        units_wh = int(Decimal(sold["units_kwh"]) * 1000)
        self.sales.append(Sale(client_id, drn, units_wh, sold["token"]))
        turn = number % 4
        if turn == 1:
            self._key(self.sales[-1], drn)
        elif turn == 2 and len(self.sales) > 2:
            self._key_again(self.sales[-3])
        elif turn == 3:
            self._key_again(self.sales[-1], wrong=True)
        if self._kills and number % 3 == 2:
            self._kill()

    def _key(self, sale: Sale, drn: str) -> None:
        """Key a token in at once, in a race with the collector: the second entry has the result
        Used."""
        sale.keyed = True
        self._try("POST", f"/bench/meters/{drn}", {"keys": sale.digits + "#"})

    def _key_again(self, sale: Sale, wrong: bool = False) -> None:
        """Key in a token that must be refused: a used one, or another meter's."""
        others = [drn for drn in self._drns if (drn != sale.drn) == wrong]
        if others and (wrong or sale.state == "accepted"):
            self.keyed_again += 1
            self._try("POST", f"/bench/meters/{others[0]}", {"keys": sale.digits + "#"})

    def _kill(self) -> None:
        names = sorted(name[5:] for name in self.state if name.startswith("part:"))
        self.kills += self._try("POST", "/bench/kill", {"part": self._rng.choice(names)})

    def _try(self, method: str, path: str, body: Any) -> bool:
        """Send a request; return False when it fails because the board is restarting, which is no
        fault."""
        try:
            self._client.call(method, path, body)
        except TjugoError:
            return False
        return True

    def _loads(self, watts: int) -> None:
        for drn in self._drns:
            self._client.call("POST", f"/bench/meters/{drn}", {"load_w": watts})

    def sample(self) -> None:
        """Record the memory of every process, and the outcome of the sales."""
        self.state = self._client.call("GET", "/bench/state")
        self._series("bench rss", RSS_SLACK).add(_rss(self._pid))
        for name, part in self.state.items():
            if name.startswith("part:"):
                self._series(f"{part['name']} rss", RSS_SLACK).add(_rss(part["pid"]))
                self._series(f"{part['name']} heap", HEAP_SLACK).add(part["used"])
        for sale in self.sales:
            if sale.state in _OPEN:
                delivery = self._client.call("GET", f"/api/v1/vends/{sale.client_id}")["delivery"]
                sale.state, sale.result = delivery["state"], delivery["reason"]

    def _series(self, name: str, slack: int) -> Series:
        return self.memory.setdefault(name, Series(name, slack))

    def line(self, minute: int) -> str:
        """Return the state of the run in one line."""
        count = dict.fromkeys((*_OPEN, "accepted", "refused"), 0)
        for sale in self.sales:
            count[sale.state] += 1
        restarts = sum(p["restarts"] for n, p in self.state.items() if n.startswith("part:"))
        rss = [
            f"{series.name[:-4]} {series.samples[-1] >> 10}K"
            for series in self.memory.values()
            if series.name.endswith("rss") and series.samples
        ]
        waiting = sum(count[state] for state in _OPEN)
        return (
            f"{minute:4d} min  sold {len(self.sales)}, accepted {count['accepted']}, "
            f"keyed first {count['refused']}, under way {waiting}, "
            f"kills {self.kills}, restarts {restarts}; rss {', '.join(rss)}"
        )

    def settle(self) -> None:
        """Switch the loads off, and wait until no delivery is open and no meter's account
        changes."""
        until = time.monotonic() + _SETTLE_S
        self._loads(0)
        before: Any = None
        while time.monotonic() < until:
            time.sleep(SAMPLE_S)
            self.sample()
            now = self.meters()
            if (
                now == before
                and _known(now)
                and not any(sale.state in _OPEN for sale in self.sales)
            ):
                return
            before = now

    def meters(self) -> dict[str, dict[str, int | None]]:
        """Return {DRN: energy and credit} as the meters report them; None while one does not."""
        return {
            drn: {key: self.state[f"meter:{drn}"][key] for key in ("energy_wh", "credit_wh")}
            for drn in self._drns
        }


def _known(meters: dict[str, dict[str, int | None]]) -> bool:
    return all(value is not None for state in meters.values() for value in state.values())


def _rss(pid: int | None) -> int | None:
    """Return the resident memory of a process in bytes; None when it has just ended."""
    try:
        text = Path(f"/proc/{pid}/statm").read_text()
    except OSError:
        return None
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")
