"""Credit notes of payments, and banking without shifts, over pages, requests and commands."""

import json
import re

import pytest
from cli_kit import Shell
from people_kit import add, client, log_in, post
from station_kit import do, drn, see

from tjugo.station.ledger import balances, verify
from tjugo.station.registry.customers import add_customer
from tjugo.station.tariffs import debts
from tjugo.station.tills import shifts, vendors

NOTE = "/api/v1/credit-notes"


@pytest.fixture
def account(station):
    do(station, vendors.ensure_default)
    made = do(station, add_customer, "Ada")
    do(station, debts.open_debt, made, "old bill", 300)
    return made


@pytest.fixture
def web(station, account):
    with client(station) as opened:
        yield opened


def test_over_the_api(web, station, account):
    paid = {"account_no": account, "amount": "7", "tenders": [{"means": "card", "amount": "7"}]}
    assert web.put("/api/v1/payments/p", json=paid).status_code == 200
    body = {"sale": "p", "reason": "typed twice"}
    for more in ({"amount": "6"}, {"to": "credit"}, {"to": "cash"}):
        refused = web.put(f"{NOTE}/m", json={**body, **more})
        assert (refused.status_code, refused.json()["code"]) == (409, "sale_not_credited")
    done = web.put(f"{NOTE}/n", json=body)
    assert done.status_code == 200, done.text
    receipt = done.json()["receipt"]
    assert (receipt["kind"], receipt["credits"]) == ("credit_note", "main 1")
    assert receipt["tendered"] == [{"means": "card", "amount": 700, "reference": None}]
    assert web.put(f"{NOTE}/n", json=body).json() == done.json()
    assert web.put(f"{NOTE}/o", json=body).json()["code"] == "sale_not_credited"
    over = web.put("/api/v1/payments/q", json={"account_no": account, "amount": "1000000.01"})
    assert over.json()["code"] == "amount_over_limit" and "payment_limit" in over.text
    assert see(station, balances.balance, "card") == 0
    assert see(station, verify.verify) == []


def test_on_the_pages(web, station, account):
    paid = {"client_id": "p", "amount": "3", "debt_no": "1"}
    address = post(web, f"/customers/{account}/payments", **paid).headers["location"]
    page = web.get(address).text
    action = re.search(r'action="(/sales/web/p/credit-note)"', page)
    made = re.search(r'name="client_id" value="([^"]+)"', page)
    assert action and made and "€3.00" in page
    sent = post(web, action.group(1), client_id=made.group(1), reason="wrong account")
    assert sent.headers["location"] == f"/receipts/web/{made.group(1)}"
    shown = web.get(sent.headers["location"]).text
    assert "CREDIT NOTE" in shown and "wrong account" in shown and "/credit-note" not in shown
    assert "/credit-note" not in web.get(address).text
    listed = web.get(f"/customers/{account}").text
    assert address in listed and "credit note main 2" in listed
    assert see(station, balances.balance, "debt", f"{account}/1") == 300


def test_it_needs_the_permission_of_credit_notes(station, account):
    add(station, "root")
    add(station, "carl", "cashier")
    do(station, shifts.open_shift, "op:carl", "main", 0)
    with client(station) as web:
        log_in(web, "carl")
        post(web, f"/customers/{account}/payments", "/sales", client_id="p", amount="5")
        assert "/credit-note" not in web.get("/receipts/web/p").text
        note = {"client_id": "n", "reason": "mine"}
        assert post(web, "/sales/web/p/credit-note", "/sales", **note).status_code == 403
    assert see(station, balances.balance, "cash", "1") == 500


def test_money_without_a_shift_is_banked_on_the_page(web, station, account):
    sold = web.put("/api/v1/payments/p", json={"account_no": account, "amount": "7"})
    assert sold.status_code == 200
    assert "without a shift <strong>€7.00" in web.get("/banking").text
    made = post(web, "/banking", outlet="main")
    assert made.headers["location"] == "/banking/1"
    assert "Received without a shift" in web.get("/banking/1").text
    report = web.get("/api/v1/batches/1").json()
    assert report["office"] == report["left"] == [{"means": "cash", "amount": "7.00"}]
    slip = {"amount": "7", "bank_ref": "Q1", "batch_no": 1}
    assert web.post("/api/v1/deposits", json=slip).status_code == 201
    rows = {row["vendor"]: row for row in web.get("/api/v1/vendors").json()}
    assert (rows["main"]["owed"], rows["main"]["in_tills"]) == (None, None)
    assert see(station, balances.balance, "cash") == 0


def test_the_commands(tmp_path, monkeypatch, capsys):
    shell = Shell(tmp_path / "state", monkeypatch, capsys)
    shell.fine("init")
    shell.fine("customer", "add", "Ada")
    shell.fine("meter", "add", drn(1))
    shell.fine("pay", "C00001", "9", "--id", "p")
    shell.fine("setting", "payment_limit", "50")
    assert "The setting is payment_limit." in shell.refused("pay", "C00001", "50.01")
    assert shell.refused("credit-note", "p", "--reason", "x", "--amount", "4")
    done = shell.fine("credit-note", "p", "--reason", "wrong account", "--id", "n")
    assert done == "Credit note of €9.00, receipt main 2.\n"
    shell.fine("sell", drn(1), "--money", "10")
    hint = shell.run("deposit", "add", "10", "Q1", "--vendor", "main").err
    assert "by banking batch" in hint and "without a shift" in hint
    (listed,) = shell.fine("vendor", "list").splitlines()[1:]
    assert listed.split()[-6:] == ["-", "-", "none", "0.00", "%", "main"]
    banked = shell.fine("shift", "bank", "main")
    assert "shifts none" in banked and "without a shift: 10.00 EUR cash" in banked
    assert "to deposit: 10.00 EUR cash" in banked
    shell.fine("deposit", "add", "10", "Q1", "--batch", "1")
    whole = json.loads(shell.fine("shift", "batch", "1", "--json"))
    assert (whole["office"], whole["left"]) == ([{"means": "cash", "amount": 1000}], [])
    lines = json.loads(shell.fine("ledger", "statement", "cash", "", "--json"))
    assert lines["closing"] == 0
    assert shell.refused("shift", "bank", "main").startswith("Outlet main has no closed shift")
    shell.fine("ledger", "verify")
