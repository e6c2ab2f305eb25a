"""A sandbox: its meters have the outcomes of the documentation, it is marked, and it stays one."""

import asyncio
import re

import pytest
from people_kit import HTML, client
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from station_kit import Clock, do, see

from tjugo.errors import Conflict
from tjugo.key_register import VendingKey
from tjugo.paths import VENDING_KEYS
from tjugo.station.audit import chain
from tjugo.station.keys import service, store
from tjugo.station.keys.holders import Holder
from tjugo.station.operators import clients
from tjugo.station.receipts import render
from tjugo.station.receipts.model import Receipt
from tjugo.station.setup import sandbox
from tjugo.station.setup.service import set_up
from tjugo.station.setup.utility import Utility, change
from tjugo.station.station import Station
from tjugo.station.storage.tables import Sale
from tjugo.web.sandbox import SLOW_S, Trouble

ROW = re.compile(r"^\| `(\d{11})` \| (.*?) \| (.*?) \|$", re.M)


@pytest.fixture
def station(database, tmp_path):
    with set_up(
        tmp_path / "s", Utility("Test"), Clock(), sandbox=True, database_url=database()
    ) as made:
        yield made


@pytest.fixture
def waited(monkeypatch):
    """Take note of the seconds that the sandbox sleeps, without sleeping."""
    found = []

    async def sleep(seconds):
        found.append(seconds)

    monkeypatch.setattr(Trouble.__init__, "__defaults__", (sleep,))
    return found


def put(web, client_id, drn, **body):
    body = {"drn": drn, "money": "10", **body}
    return web.put(f"/api/v1/vends/{client_id}", json=body)


def test_each_meter_has_the_outcome_of_the_documentation(repo, station, waited):
    rows = ROW.findall((repo / "docs/sandbox.md").read_text())
    assert [(drn, title) for drn, title, _ in rows] == [
        (meter.drn, meter.title) for meter in sandbox.METERS
    ]
    with client(station) as web:
        for meter, (drn, _, outcome) in zip(sandbox.METERS, rows, strict=True):
            answers = []
            while not answers or answers[-1].status_code == 503:
                answers.append(put(web, f"s-{drn}", drn))
                assert len(answers) < 3
            shown = [
                f"{one.status_code} `{one.json()['code']}`"
                if one.status_code != 200
                else "200: " + ", ".join(t["kind"] for t in one.json()["receipt"]["tokens"])
                for one in answers
            ]
            assert ", then ".join(shown) == outcome, drn
            last = answers[-1].json()
            assert last.get("code", "sold") == meter.outcome
            assert put(web, f"s-{drn}", drn).json() == last  # for ever
    assert waited == [SLOW_S]


def test_what_else_a_program_meets(station, waited):
    good, free = sandbox.METERS[0].drn, sandbox.METERS[8].drn
    with client(station) as web:
        codes = {
            "amount_over_limit": put(web, "a", good, money=None, kwh="5000.1"),
            "drn_invalid": put(web, "b", good[:-1] + str((int(good[-1]) + 1) % 10)),
            "request_id_used": put(web, "a", good),
        }
        assert {code: answer.json()["code"] for code, answer in codes.items()} == {
            code: code for code in codes
        }
        first = put(web, "f", free, money=None, kind="free")
        assert [one["kind"] for one in first.json()["receipt"]["tokens"]] == ["free"]
        assert put(web, "g", free, money=None, kind="free").json()["code"] == "free_not_due"
        by_card = [{"means": "card", "amount": "200"}]
        more = put(web, "m", sandbox.METERS[12].drn, money="200", tenders=by_card).json()
        assert more["code"] == "tender_invalid" and "sell for 199.93" in more["error"]
        key = do(station, clients.add, "poor", "Poor", ["sell"], outlet=sandbox.NO_CREDIT)
        web.headers["authorization"] = f"Bearer {key}"
        assert put(web, "v", good).json()["code"] == "vendor_credit"


def test_a_sale_that_was_answered_with_503_is_made_once(station, waited):
    with client(station) as web:
        for drn, state in ((sandbox.SOLD_BUT_503, "sold"), (sandbox.NOT_SOLD_503, "unknown")):
            assert put(web, f"x{drn}", drn).status_code == 503
            advice = web.get(f"/api/v1/vends:advice?client_id=x{drn}").json()
            assert advice["state"] == state
            answer = put(web, f"x{drn}", drn).json()
            assert advice["sale"] in (None, answer)
    assert see(station, lambda view: view.session.query(Sale).count()) == 2


def test_pages_and_receipts_are_marked(station, tmp_path):
    do(station, change, Utility("Renamed", currency="EUR"))
    with client(station) as web:
        assert 'data-testid="sandbox"' in web.get("/sales", headers=HTML).text
        receipt = put(web, "a", sandbox.METERS[0].drn).json()["receipt"]
        assert receipt["utility"]["name"] == "SANDBOX Renamed"
    row = see(station, lambda view: view.session.query(Sale).one())
    printed = render.text(Receipt.from_json(row.receipt), 32)
    assert printed.strip().startswith("SANDBOX Renamed")


def test_a_sandbox_stays_one_and_a_real_station_too(station, tmp_path):
    folder = station.state_dir
    with set_up(folder, clock=Clock()) as again:  # without the word it is opened as it is
        assert see(again, sandbox.is_sandbox)
    with set_up(tmp_path / "real", clock=Clock()) as real:
        assert not see(real, sandbox.is_sandbox)
        with client(real) as web:
            assert 'data-testid="sandbox"' not in web.get("/sales", headers=HTML).text
    with pytest.raises(Conflict, match="is a real one, and stays one"):
        Station.create(tmp_path / "real", clock=Clock(), sandbox=True)
    for value in ("NOT sandbox",):
        with pytest.raises(DBAPIError, match="stays one"), station.work("test") as work:
            work.session.execute(text(f"UPDATE tenant SET sandbox = {value}"))
    do(station, lambda work: work.session.execute(text("UPDATE tenant SET sandbox = sandbox")))


def test_real_keys_are_refused_and_samples_are_not(station):
    path = station.state_dir / VENDING_KEYS
    before = path.read_bytes()
    sample = VendingKey(sgc=77, vk="a0" * 20, sample=True)
    real = VendingKey(sgc=78, vk="b0" * 20)
    people = (Holder("ada", True), Holder("ben", True))
    for add in (
        lambda: service.import_keys(station, "test", [sample, real], people, "KMC"),
        lambda: service.add_key(station, "test", real),
    ):
        with pytest.raises(Conflict, match="SGC 000078, KT 2, KRN 1 is no sample") as caught:
            add()
        assert caught.value.code == "key_not_sample"
        assert path.read_bytes() == before
    events = [one for one in see(station, lambda v: list(chain.events(v))) if one.actor == "test"]
    assert [(one.subject, one.detail, one.outcome) for one in events] == [
        (f"vending key {real.name}", "key_not_sample", chain.REFUSED)
    ] * 2
    service.import_keys(station, "test", [sample], people, "KMC")
    assert sample in store.all_keys(path)


def test_trouble_is_kept_within_bounds():
    class Asked:
        client, drn = "c", sandbox.NOT_SOLD_503

    async def all_of_them():
        trouble = Trouble()
        for number in range(1100):
            Asked.client_id = str(number)
            assert trouble._first(Asked, Asked.drn) and not trouble._first(Asked, Asked.drn)
        return len(trouble._seen)

    assert asyncio.run(all_of_them()) == 1000
