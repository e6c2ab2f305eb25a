"""Tariffs and debts over the JSON interface, on their page, and on the command line."""

import json
import pwd
from types import SimpleNamespace

import pytest
from cli_kit import Shell
from fastapi.testclient import TestClient
from station_kit import do, drn

from tjugo.station.operators.permissions import visitor
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.web.app import create_app

BASE = "http://127.0.0.1:8020"
BLOCKS = {
    "currency": "EUR",
    "energy": {
        "kind": "blocks",
        "steps": [{"rate": 0.1, "up_to_tenths": 500}, {"rate": "0.25"}],
    },
    "energy_tax": "vat",
    "taxes": [{"code": "vat", "name": "VAT", "rate": "20"}],
}


def client(station, name="ada", role="administrator"):
    app = create_app(station, visitor=visitor(role, f"op:{name}", name))
    return TestClient(app, base_url=BASE, raise_server_exceptions=False)


@pytest.fixture
def web(station):
    with client(station) as opened:
        yield opened


@pytest.fixture
def second(station):
    with client(station, "bob") as opened:
        yield opened


def propose(web, tariff="home", rules=BLOCKS, **more):
    body = {"name": "Home", "rules": rules, **more}
    return web.post(f"/api/v1/tariffs/{tariff}/versions", json=body)


def preview(web, **body):
    return web.post("/api/v1/tariffs:preview", json=body)


def test_a_version_is_proposed_and_approved_over_the_api(web, second):
    made = propose(web)
    assert (made.status_code, made.json()["state"]) == (201, "proposed")
    own = web.post("/api/v1/tariffs/home/versions/1:approve", json={})
    assert (own.status_code, own.json()["code"]) == (409, "tariff_same_person")
    done = second.post("/api/v1/tariffs/home/versions/1:approve", json={"note": "agreed"})
    assert (done.status_code, done.json()["decided_by"]) == (200, "op:bob")
    again = second.post("/api/v1/tariffs/home/versions/1:reject", json={})
    assert (again.status_code, again.json()["code"]) == (409, "tariff_decided")
    given = web.put(f"/api/v1/meters/{drn(1)}/tariff", json={"tariff": "home"})
    assert given.json() == {"drn": drn(1), "tariff": "home"}
    assert web.get("/api/v1/tariffs/home").json()["in_effect"] == 1
    assert [row["tariff"] for row in web.get("/api/v1/tariffs").json()["items"]] == [
        "flat",
        "home",
    ]
    found = preview(web, money="12", drn=drn(1)).json()
    assert [(line["code"], line["amount"], line["kwh"]) for line in found["lines"]] == [
        ("block_1", "5.00", "50.0"),
        ("block_2", "5.00", "20.0"),
        ("vat", "2.00", None),
    ]
    assert preview(web, kwh="70", drn=drn(1)).json()["tendered"] == "12.00"


REFUSED_AMOUNTS = [
    (0, "The amount must be more than 0."),
    ("-5", "has a sign"),
    (-5, "The amount must be more than 0."),
    (10**12, "has too many digits"),
    ("1000000000000", "has too many digits"),
    ("NaN", "is not a finite number"),
    ("5_0", "has an underscore"),
    ("1,500", "1,500 could be 1.5 or 1500"),
    ("0.001", "0.001 has more than the 2 decimals of EUR"),
    ("", "is missing"),
    (True, "must be a number"),
]


def test_amounts_that_are_refused(web):
    for amount, sentence in REFUSED_AMOUNTS:
        answer = preview(web, money=amount)
        assert 400 <= answer.status_code < 500, amount
        assert sentence in answer.json()["error"] and answer.json()["error"].endswith(".")
        if isinstance(amount, str):
            page = web.get("/tariffs", params={"amount": amount})
            assert page.status_code in (200, 400) and page.text.count("<h1") == 1


def test_unknown_tariffs_and_numbers(web):
    for answer in (
        web.get("/api/v1/tariffs/nothing"),
        web.get("/api/v1/tariffs/flat/versions/9"),
        web.post("/api/v1/tariffs/nothing/versions/1:approve", json={}),
        preview(web, money=5, tariff="nothing"),
        preview(web, money=5, tariff="flat", version=7),
        web.put(f"/api/v1/meters/{drn(1)}/tariff", json={"tariff": "nothing"}),
        web.get("/api/v1/debts/C00001/1"),
    ):
        assert answer.status_code == 404 and answer.json()["error"].endswith(".")
    for path in ("flat/versions/0", f"flat/versions/{10**30}", "flat/versions/x"):
        assert web.get(f"/api/v1/tariffs/{path}").status_code in (400, 404, 422)
    assert web.get(f"/api/v1/debts/C00001/{10**30}").status_code in (400, 404, 422)


REFUSED_RULES = [
    {"currency": "XXQ"},
    {"currency": "UGX"},
    {"energy": {"kind": "flat", "rate": "0"}},
    {"energy": {"kind": "flat", "rate": "NaN"}},
    {"energy": {"kind": "other"}},
    {"energy": {"kind": "blocks", "steps": []}},
    {"energy": {"kind": "blocks", "steps": [{"rate": 1, "up_to_tenths": 10**20}]}},
    {"energy_tax": "nothing"},
    {"order": ["energy", "fee", "charge", "debt"]},
    {"order": "fee"},
    {"levies": [{"code": "x", "name": "X", "kind": "percent", "rate": 5, "on": ["y"]}]},
    {"least": 5, "most": 4},
    {"units_rounding": "up"},
    {"nothing": 1},
    {"v": 2},
]


def test_rules_that_are_refused(web):
    for change in REFUSED_RULES:
        answer = propose(web, rules={**BLOCKS, **change})
        assert answer.status_code == 400, change
        assert answer.json()["code"] == "tariff_invalid" and answer.json()["error"].endswith(".")
    assert len(web.get("/api/v1/tariffs").json()["items"]) == 1


def test_versions_begin_within_ten_years(web):
    for moment in ("1000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"):
        assert propose(web, valid_from=moment).json()["code"] == "tariff_invalid"
    assert propose(web, valid_from="2026-12-01").status_code == 422
    made = propose(web, valid_from="2026-12-01T00:00:00+03:00")
    assert made.json()["valid_from"] == "2026-11-30T21:00:00Z"


@pytest.mark.parametrize("kwh", ["10.000", 10, "10"])
def test_what_programs_write_has_one_reading(station, web, second, kwh):
    assert preview(web, kwh=kwh, drn=drn(1)).json()["kwh"] == "10.0"
    do(station, add_customer, "Ada", account_no="C00001")
    body = {"account_no": "C00001", "name": "Arrears", "amount": "30.000", "rate": "25.000"}
    assert web.post("/api/v1/debts", json=body).json()["rate"] == "25"


def test_debts_over_the_api(station, web):
    do(station, add_customer, "Ada", account_no="C00001")
    do(station, link_meter, drn(1), "C00001")
    body = {"account_no": "C00001", "name": "Arrears", "amount": "30", "rate": "25"}
    made = web.post("/api/v1/debts", json=body)
    assert (made.status_code, made.json()["balance"], made.json()["rate"]) == (201, "30.00", "25")
    assert (made.json()["least"], made.json()["most"]) == ("0.00", None)
    found = preview(web, money=20, drn=drn(1)).json()["lines"]
    assert [(line["kind"], line["amount"], line["balance"]) for line in found] == [
        ("debt", "5.00", "25.00"),
        ("energy", "15.00", None),
    ]
    path = "/api/v1/debts/C00001/1"
    changed = web.patch(path, json={"rule": "amount", "rate": "2.50", "most": None})
    assert (changed.json()["rule"], changed.json()["rate"]) == ("amount", "2.50")
    nothing = [{name: None} for name in ("name", "rule", "rate", "least", "priority")]
    for wrong in ({"rule": "amount"}, {"name": " "}, {"priority": -1}, *nothing):
        answer = web.patch(path, json=wrong)
        assert answer.status_code == 400 and answer.json()["error"].endswith(".")
    assert web.post(path + ":write-off", json={"reason": " "}).status_code == 400
    done = web.post(path + ":write-off", json={"reason": "paid in cash"}).json()
    assert (done["state"], done["balance"]) == ("written_off", "0.00")
    assert web.post(path + ":write-off", json={"reason": "again"}).status_code == 409
    assert web.get("/api/v1/debts", params={"account_no": "C00001"}).json()["items"] == [done]


def test_the_page(station, web, second):
    given = {"tariff": "home", "name": "Home", "rate": "0.25", "vat": "20", "charge": "5"}
    assert web.post("/tariffs", data=given, follow_redirects=False).status_code == 303
    own = web.get("/tariffs").text
    assert "Another person must decide this." in own and 'value="approve"' not in own
    other = second.get("/tariffs").text
    assert 'value="approve"' in other and "0.25 EUR per kWh + vat" in other
    refused = web.post("/tariffs/home/1", data={"decision": "approve"})
    assert refused.status_code == 409 and "Another person must decide" in refused.text
    shown = web.get("/tariffs", params={"amount": "30", "by": "home 1", "meter": drn(2)}).text
    for text in ("Fixed charge", "5.00", "20.00", "80.0"):
        assert text in shown
    done = second.post("/tariffs/home/1", data={"decision": "approve"}, follow_redirects=False)
    assert done.status_code == 303
    assert web.post("/tariffs/home", data={"meter": drn(1)}).status_code == 200
    assert web.post("/tariffs/home", data={"meter": "7"}).status_code in (400, 404)
    assert web.post("/tariffs/home", data={}).status_code == 200
    assert web.get("/api/v1/tariffs/home").json()["default"] is True
    wrong = web.post("/tariffs", data={**given, "rate": "1,500"})
    assert wrong.status_code == 400 and "1,500 could be 1.5 or 1500" in wrong.text
    assert 'value="1,500"' in wrong.text


def test_who_may(station):
    with client(station, "eve", "auditor") as auditor:
        assert auditor.get("/tariffs").status_code == 200
        assert "Propose a version" not in auditor.get("/tariffs").text
        assert propose(auditor).status_code == 403
        assert auditor.post("/tariffs/flat", data={}).status_code == 403
        assert auditor.post("/tariffs/flat/1", data={}).status_code == 403
    with client(station, "cy", "cashier") as cashier:
        assert preview(cashier, money=5).status_code == 200
        assert propose(cashier).status_code == 403
        assert cashier.post("/api/v1/debts", json={}).status_code == 403


@pytest.fixture
def shell(station, tmp_path, monkeypatch, capsys):
    do(station, add_customer, "Ada", account_no="C00001")
    do(station, link_meter, drn(1), "C00001")
    return Shell(tmp_path / "state", monkeypatch, capsys)


def test_tariffs_on_the_command_line(shell, tmp_path, monkeypatch):
    given = ("tariff", "propose", "home", "--name", "Home", "--rate", "0,25", "--vat", "20")
    assert shell.fine(*given) == "Version 1 of tariff home waits for approval by another person.\n"
    assert "Another person" in shell.refused("tariff", "approve", "home", "1")
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name="bob"))
    assert "is approved from" in shell.fine("tariff", "approve", "home", "1")
    assert shell.fine("tariff", "assign", "home", drn(1)) == f"Meter {drn(1)} has tariff home.\n"
    assert shell.fine("tariff", "preview", "30", "--meter", drn(1)) == (
        "       25.00  Energy 100.0 kWh at 0.25\n"
        "        5.00  VAT 20 %\n"
        "       30.00  EUR by tariff home\n"
    )
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(BLOCKS))
    assert "Version 2" in shell.fine("tariff", "propose", "home", str(file))
    assert (
        json.loads(shell.fine("tariff", "show", "home", "--version", "2"))["energy_tax"] == "vat"
    )
    assert "withdrawn" in shell.fine("tariff", "withdraw", "home", "2")
    assert "Version 3" in shell.fine("tariff", "propose", "home", str(file))
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name="ada"))
    assert "rejected" in shell.fine("tariff", "reject", "home", "3", "--note", "too cheap")
    listed = shell.fine("tariff", "show", "home")
    assert "rejected by cli:ada: too cheap" in listed and "withdrawn by cli:bob" in listed
    assert "version 1 in effect" in shell.fine("tariff", "list")
    assert "of all meters without one" in shell.fine("tariff", "assign", "home", "--default")
    for amount in ("0", "-5", "1000000000000", "NaN", "5_0", "1,500"):
        done = shell.run("tariff", "preview", "--", amount)
        assert done.status in (1, 2) and done.err.strip().endswith(".") and not done.out
    assert "no tariff nothing" in shell.refused("tariff", "preview", "5", "--tariff", "nothing")
    for wrong in (
        ("preview",),
        ("assign", "home"),
        ("propose", "home"),
        ("preview", "5", "--kwh", "5"),
    ):
        assert shell.run("tariff", *wrong).status == 2


def test_debts_on_the_command_line(shell):
    given = ("debt", "open", "C00001", "Arrears", "30", "--rate", "12.5")
    assert shell.fine(*given) == "Debt 1 of account C00001 is 30.00 EUR.\n"
    shell.fine(
        "debt",
        "open",
        "C00001",
        "Wiring",
        "50",
        "--kind",
        "loan",
        "--rule",
        "month",
        "--rate",
        "4",
    )
    assert shell.fine("debt", "list") == (
        "C00001/1  30.00 EUR  open  arrears  Arrears  12.5 %\n"
        "C00001/2  50.00 EUR  open  loan  Wiring  4.00 EUR a month\n"
    )
    shell.fine("debt", "edit", "C00001", "1", "--most", "3", "--least", "1")
    shell.fine("debt", "edit", "C00001", "1", "--most", "none")
    assert json.loads(shell.fine("debt", "list", "--json"))["items"][0]["most"] is None
    done = shell.fine("debt", "write-off", "C00001", "2", "never built", "--yes")
    assert done == "Debt 2 of account C00001 is written off: 50.00 EUR.\n"
    assert "is written off" in shell.refused("debt", "edit", "C00001", "2", "--name", "x")
    assert shell.run("debt", "edit", "C00001", "1").status == 2
    assert shell.run("debt", "edit", "C00001", "1", "--rule", "month").status == 2
    assert shell.run("debt", "open", "C00001", "Arrears", "1,500").status == 2
