"""Pages and receipts for people: names of operators, times of the utility's zone and language."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from people_kit import HTML, add, client, log_in
from station_kit import Clock, do, drn, new_station, see

from tjugo import local_time
from tjugo.station import names
from tjugo.station.operators import approvals, people
from tjugo.station.receipts import service
from tjugo.station.setup import utility
from tjugo.station.tills import shifts
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state", Clock()) as station:
        add(station, "ana")
        do(station, people.edit, "ana", name="Ana Diop-Ba")
        with station.work("test") as work:
            there = replace(utility.of(work), time_zone="Africa/Nairobi", language="fr")
            utility.change(work, there)
        yield station


@pytest.fixture
def web(station):
    with client(station) as web:
        log_in(web, "ana")
        yield web


def test_times_in_the_zone_and_language():
    at = datetime(2026, 11, 22, 23, 30, 5, tzinfo=UTC)
    assert local_time.moment(at, "Africa/Nairobi", "fr") == "23 nov. 2026 02:30"
    assert local_time.moment(at, "Africa/Nairobi", "fr-SN", True) == "23 nov. 2026 02:30:05"
    assert local_time.moment(at, "UTC", "en") == "Nov 22, 2026 23:30"
    assert local_time.moment(at, "Mars/Here", "xx") == "Nov 22, 2026 23:30 UTC"


def test_names_of_those_who_act(station):
    known = see(station, names.names)
    assert names.shown("op:ana", known) == "Ana Diop-Ba" == see(station, names.of_actor, "op:ana")
    assert names.shown("op:gone", known) == "gone"
    assert names.shown("cli:root", known) == "root, at the command line"
    assert names.shown("local", known) == "Local administrator"
    assert names.shown("init", known) == "init" and names.shown(None, known) == ""


def test_pages_have_names_and_local_times(web, station, monkeypatch):
    monkeypatch.setitem(
        approvals.ACTIONS, "test.do", approvals.Action("test.do", lambda work, payload: None)
    )
    with station.work("op:ana") as work:
        shifts.open_shift(work, "op:ana", "main", 500)
        approvals.ask(work, "test.do", "of Ana", {})
    time = '<time datetime="2026-11-22T12:00:00Z">22\xa0nov.\xa02026 15:00</time>'
    for path in ("/shifts", "/till", "/approvals"):
        page = web.get(path, headers=HTML).text
        assert time in page and "Ana Diop-Ba" in page and "op:ana" not in page, path
    for search, found in (("diop", 1), ("ANA", 1), ("op:ana", 1), ("zzz", 0)):
        page = web.get(f"/shifts?search={search}", headers=HTML).text
        assert page.count('href="/shifts/1"') == found, search
    audit = web.get("/audit", headers=HTML).text
    assert "22\xa0nov.\xa02026 15:00:00</time>" in audit
    assert 'Ana Diop-Ba <span class="reason">op:ana</span>' in audit
    do(station, people.edit, "ana", language="en")
    assert "Nov\xa022,\xa02026 15:00</time>" in web.get("/shifts", headers=HTML).text
    assert web.get("/api/v1/shifts").json()["items"][0]["opened_at"] == "2026-11-22T12:00:00Z"


def test_a_receipt_has_the_name_and_keeps_the_actor(web, station):
    sale = Purchase("web", "a", drn(3), money=1000, actor="op:ana", disclosed=True)
    do(station, sell_many, [sale])
    page = web.get("/receipts/web/a", headers=HTML).text
    assert "Ana Diop-Ba" in page and "op:ana" not in page
    assert web.get("/api/v1/receipts/web/a").json()["receipt"]["operator"] == "op:ana"
    with station.work("op:ana") as work:
        receipt, _ = service.count_print(work, "web", "a", "test")
    assert (receipt.operator, receipt.operator_name) == ("op:ana", "Ana Diop-Ba")
    assert see(station, service.find, "web", "a").receipt.operator == "op:ana"
    do(station, people.edit, "ana", name="Ana Ba")
    assert "Ana Diop-Ba" in web.get("/receipts/web/a", headers=HTML).text  # as it was
    recent = web.get("/sales", headers=HTML).text
    assert "22\xa0nov.\xa02026 15:00</time>" in recent and 'data-zone="Africa/Nairobi"' in recent
