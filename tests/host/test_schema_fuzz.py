"""Requests made from the OpenAPI description: no answer is a 500, or other than described.

As the administrator, and as an API client of each scope. TJUGO_FUZZ_MINUTES (0.4) is how long the
test lasts; `TJUGO_FUZZ_SEED` repeats one that failed.
"""

import os
import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from station_kit import Clock, do

from tjugo.station.operators import clients
from tjugo.station.operators.permissions import SCOPES
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.setup import sandbox
from tjugo.station.setup.service import set_up
from tjugo.station.setup.utility import Utility
from tjugo.station.tariffs import debts
from tjugo.web import access
from tjugo.web.app import create_app

pytestmark = pytest.mark.long

MINUTES = float(os.environ.get("TJUGO_FUZZ_MINUTES", "0.4"))
SEED = int(os.environ.get("TJUGO_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
TOGETHER = 10
HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.fixture
def station(tmp_path):
    """Make a station in which something of each kind exists under the ids that requests have."""
    with set_up(tmp_path / "s", Utility("Test"), Clock(), sandbox=True) as made:
        with made.work("test") as work:
            account = add_customer(work, "Ada")
            link_meter(work, sandbox.METERS[0].drn, account)
            debts.open_debt(work, account, "old bill", 1000, rate=5000)
        yield made


def known_ids() -> dict[str, list[str]]:
    """Return values that exist, by the name of a parameter or a field of a body."""
    drns = [meter.drn for meter in sandbox.METERS]
    return {
        "drn": drns,
        "client": ["api", "web", "api:sell"],
        "client_id": ["a", "b", "c"],
        "account_no": ["1", "2", "3"],
        "tariff": ["standard", sandbox.FREE],
        "outlet": ["main", sandbox.NO_CREDIT],
        "vendor": ["main", sandbox.NO_CREDIT],
        "sale": ["a", "b"],
    }


def with_known(value: object, chosen: random.Random, ids: dict[str, list[str]]) -> object:
    """Return a generated value with ids that exist in half of their places."""
    if isinstance(value, dict):
        return {
            name: chosen.choice(ids[name])
            if name in ids and isinstance(one, str) and chosen.random() < 0.5
            else with_known(one, chosen, ids)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [with_known(one, chosen, ids) for one in value]
    return value


class Fuzz:
    """Requests to a station. failures: what was wrong, by operation and kind."""

    def __init__(self, station) -> None:
        import schemathesis

        app = create_app(station, hosts=["testserver"])
        self.schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
        self.failures: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.statuses: dict[int, int] = {}
        self.chosen = random.Random(SEED)
        self.ids = known_ids()

    def operations(self, scope: str | None) -> Iterator:
        """Yield the operations that the scope permits; None: all."""
        for found in self.schema.get_all_operations():
            operation = found.ok()
            row = access.find(operation.method.upper(), operation.path.format_map(_Ones()))
            assert row is not None, operation.label
            if scope is None or access.ACCESS[row] in (*SCOPES[scope], access.ACCOUNT):
                yield operation

    def ask(self, operation, headers: dict[str, str], number: int) -> None:
        """Send generated requests of an operation."""

        @seed(SEED + number)
        @settings(
            max_examples=TOGETHER,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=HEALTH,
        )
        @given(operation.as_strategy())
        def one(case) -> None:
            for name in ("path_parameters", "query", "body"):
                value = getattr(case, name)
                if isinstance(value, dict):
                    setattr(case, name, with_known(value, self.chosen, self.ids))
            self.asked += 1
            try:
                answer = case.call(headers=headers)
            except Exception as error:  # what the station did not foresee: it answers with 500
                key = (case.operation.label, type(error).__name__)
                self.failures.setdefault(key, f"{error}\n{case.as_curl_command()}")
                return
            self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
            self.check(case, answer)

        one()

    def check(self, case, answer) -> None:
        """Note what is wrong with an answer."""
        try:
            case.validate_response(answer, checks=_checks(answer.status_code))
        except BaseExceptionGroup as group:
            for error in group.exceptions:
                key = (case.operation.label, type(error).__name__)
                self.failures.setdefault(key, f"{group}\n{case.as_curl_command()}")


class _Ones(dict):
    def __missing__(self, name: str) -> str:
        return "1"


def _checks(status: int) -> list:
    """Return the checks of an answer. 503: a sandbox fails on purpose, and so do locked keys."""
    from schemathesis import checks
    from schemathesis.specs.openapi import checks as described

    found = [
        *(described.status_code_conformance, described.content_type_conformance),
        described.response_schema_conformance,
    ]
    return found if status == 503 else [checks.not_a_server_error, *found]


def test_no_answer_is_other_than_described(station, monkeypatch):
    pytest.importorskip("schemathesis")
    monkeypatch.setattr("tjugo.web.sandbox.SLOW_S", 0.0)  # a minute is right, and too late here
    fuzz = Fuzz(station)
    who: list[tuple[str | None, dict[str, str]]] = [(None, {})]
    for scope in SCOPES:
        key = do(station, clients.add, f"c-{scope}", "Test", [scope, "read"][:1])
        who.append((scope, {"authorization": f"Bearer {key}"}))
    ends, number = time.monotonic() + MINUTES * 60, 0
    while number == 0 or time.monotonic() < ends:
        rounds = [(o, headers) for scope, headers in who for o in fuzz.operations(scope)]
        fuzz.chosen.shuffle(rounds)
        for operation, headers in rounds:
            fuzz.ask(operation, headers, number)
            number += 1
            if time.monotonic() > ends:
                break
    print(f"{fuzz.asked} requests, seed {SEED}, answers {dict(sorted(fuzz.statuses.items()))}")
    report = "\n\n".join(f"{key}: {what}" for key, what in sorted(fuzz.failures.items()))
    assert not fuzz.failures, f"seed {SEED}\n{report}"
