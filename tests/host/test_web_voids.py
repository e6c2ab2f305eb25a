"""Voids, credit notes, payments and free units over pages, requests and commands."""

import json
import re
from dataclasses import replace

import pytest
from cli_kit import Shell
from people_kit import add, client, log_in, post
from station_kit import do, drn, see

from tjugo.station.ledger import balances, verify
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.station import Station
from tjugo.station.tariffs import assignment, debts, effect, versions
from tjugo.station.tills import shifts, vendors
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase

REASON = {"reason": "wrong meter"}


@pytest.fixture
def web(station):
    do(station, vendors.ensure_default)
    with client(station) as opened:
        yield opened


def put_vend(web, client_id, **body):
    return web.put(f"/api/v1/vends/{client_id}", json={"drn": drn(3), **body})


def page_sale(web, client_id="w1"):
    return post(web, "/sales", client_id=client_id, drn=drn(3), money="10")


def test_a_sale_of_the_page_is_void_until_it_is_shown(web, station):
    assert page_sale(web).headers["location"] == "/sales?id=w1"
    (row,) = web.get("/api/v1/vends").json()["items"]
    assert (row["state"], row["token"]) == ("not_shown", "")
    listed = web.get("/sales").text
    assert "not shown yet" in listed and "/sales/web/w1/void" in listed
    assert post(web, "/sales/web/w1/void", **REASON).headers["location"] == "/sales"
    assert "not shown yet" not in web.get("/sales").text
    assert web.get("/sales?id=w1").status_code == 409
    assert web.get("/api/v1/vends/w1?client=web").json()["code"] == "sale_void"
    assert see(station, balances.balance, "cash") == 0
    page_sale(web, "w2")
    assert re.search("credit-note", web.get("/sales?id=w2").text)
    refused = web.post("/api/v1/vends/w2:void?client=web", json=REASON)
    assert (refused.status_code, refused.json()["code"]) == (409, "sale_not_voided")
    assert "credit note" in refused.json()["error"]
    assert see(station, verify.verify) == []


def test_a_sale_that_the_api_looks_at_counts_as_shown(web):
    page_sale(web)
    assert len(web.get("/api/v1/vends/w1?client=web").json()["token"]) == 20
    assert web.post("/api/v1/vends/w1:void?client=web", json=REASON).status_code == 409


def test_credit_notes_and_payments_over_the_api(web, station):
    account = do(station, add_customer, "Ada")
    do(station, link_meter, drn(3), account)
    do(station, debts.open_debt, account, "old bill", 300, most=0)
    assert put_vend(web, "a", money="10").status_code == 200
    body = {"sale": "a", "amount": "4", "reason": "did not work"}
    first = web.put("/api/v1/credit-notes/n", json=body)
    assert first.status_code == 200, first.text
    assert first.json()["receipt"]["credits"] == "main 1"
    assert web.put("/api/v1/credit-notes/n", json=body).json() == first.json()
    other = web.put("/api/v1/credit-notes/n", json={**body, "amount": "5"})
    assert other.json()["code"] == "request_id_used"
    most = web.put("/api/v1/credit-notes/m", json={**body, "amount": "6.01"})
    assert most.json()["code"] == "sale_not_credited"
    paid = {"account_no": account, "debt_no": 1, "amount": "2"}
    done = web.put("/api/v1/payments/p", json=paid)
    assert done.json()["receipt"]["lines"][0]["balance"] == 100
    assert web.put("/api/v1/payments/p", json=paid).json() == done.json()
    shown = web.get(f"/customers/{account}").text
    assert "old bill" in shown and "/payments" in shown
    sent = post(web, f"/customers/{account}/payments", client_id="x", amount="1", debt_no="1")
    assert sent.headers["location"] == "/receipts/web/x"
    assert "PAYMENT RECEIPT" in web.get("/receipts/web/x").text
    assert see(station, balances.balance, "debt", f"{account}/1") == 0
    wrong = post(web, f"/customers/{account}/payments", client_id="y", amount="1", debt_no="1")
    assert wrong.status_code == 400 and "0.00" in wrong.text
    noted = post(web, "/sales/api/a/credit-note", client_id="z", to="cash", **REASON)
    assert noted.headers["location"] == "/receipts/web/z"
    assert see(station, verify.verify) == []


def test_a_cashier_sells_and_pays_but_does_not_undo(station):
    do(station, vendors.ensure_default)
    account = do(station, add_customer, "Ada")
    add(station, "root")
    add(station, "carl", "cashier")
    do(station, shifts.open_shift, "op:carl", "main", 0)
    with client(station) as web:
        log_in(web, "carl")
        page_sale(web)
        assert "/void" not in web.get("/sales").text
        assert post(web, "/sales/web/w1/void", "/sales", **REASON).status_code == 403
        pay = post(web, f"/customers/{account}/payments", "/sales", client_id="p", amount="5")
        assert pay.status_code == 303
        free = post(web, "/sales", "/sales", client_id="f", drn=drn(3), kind="free")
        assert free.status_code == 403
    assert see(station, balances.balance, "cash", "1") == 1500


def give_free(station):
    give_free_now(station)
    station.clock.forward(minutes=1)


def test_free_units_alone_once_a_month(web, station):
    give_free(station)
    assert "Free units alone" in web.get(f"/sales?drn={drn(3)}").text
    first = put_vend(web, "f", kind="free").json()
    assert (first["kwh"], first["receipt"]["kind"]) == ("50", "free")
    assert put_vend(web, "f", kind="free").json() == first
    assert put_vend(web, "g", kind="free").json()["code"] == "free_not_due"
    again = post(web, "/sales", client_id="h", drn=drn(3), kind="free")
    assert again.status_code == 409 and "No free units are due" in again.text
    station.clock.forward(days=31)
    sold = post(web, "/sales", client_id="i", drn=drn(3), kind="free")
    assert sold.headers["location"] == "/sales?id=i"
    assert post(web, "/sales/web/i/void", **REASON).status_code == 303
    assert put_vend(web, "j", kind="free").status_code == 200  # the void gave them back
    assert see(station, verify.verify) == []


def test_free_units_with_a_sale(web, station):
    give_free(station)
    kinds = [token["kind"] for token in put_vend(web, "a", money="10").json()["receipt"]["tokens"]]
    assert kinds == ["free", "credit"]
    assert put_vend(web, "f", kind="free").json()["code"] == "free_not_due"
    body = {"sale": "a", "to": "cash", "reason": "did not work"}
    assert web.put("/api/v1/credit-notes/n", json=body).status_code == 200
    assert put_vend(web, "f", kind="free").json()["code"] == "free_not_due"
    assert see(station, verify.verify) == []


def test_the_commands(tmp_path, monkeypatch, capsys):
    shell = Shell(tmp_path / "state", monkeypatch, capsys)
    shell.fine("init")
    shell.fine("customer", "add", "Ada")
    shell.fine("meter", "add", drn(1))
    shell.fine("meter", "link", drn(1), "C00001")
    shell.fine("debt", "open", "C00001", "old bill", "3", "--rate", "10", "--most", "0")
    shell.fine("sell", drn(1), "--money", "10", "--id", "a")
    late = shell.run("void", "a", "--reason", "wrong meter")
    assert late.status == 1 and "credit note" in late.err
    note = ("credit-note", "a", "--reason", "did not work", "--amount", "4", "--id", "n")
    assert shell.fine(*note) == shell.fine(*note)
    assert "4.00" in shell.fine(*note) and "receipt main 2." in shell.fine(*note)
    assert "6.00" in shell.fine("credit-note", "a", "--reason", "all", "--cash")
    paid = shell.fine("pay", "C00001", "3", "--debt", "1", "--means", "account")
    assert "Payment of" in paid and "receipt main 4." in paid
    shown = json.loads(shell.fine("pay", "C00001", "2", "--json"))
    assert shown["kind"] == "payment"
    more = shell.run("pay", "C00001", "3", "--debt", "1")
    assert more.status == 1 and "0.00" in more.err
    free = shell.run("sell", drn(1), "--free")
    assert free.status == 1 and "No free units are due" in free.err
    assert "Give KWH" in shell.run("sell", drn(1), "5", "--free").err
    with Station.open(shell.state) as station:
        give_free_now(station)
    assert "50 kWh" in shell.fine("sell", drn(1), "--free")
    with Station.open(shell.state) as station:
        purchase = Purchase("cli", "b", drn(1), money=100, disclosed=False)
        do(station, sell_many, [purchase])
    assert shell.fine("void", "b", "--reason", "wrong meter") == "Sale b is void.\n"
    assert "void" in shell.fine("sales")
    shell.fine("ledger", "verify")


def give_free_now(station):
    rules = see(station, effect.in_effect, assignment.DEFAULT, station.clock()).rules
    version = do(
        station, versions.propose, assignment.DEFAULT, replace(rules, free_tenths_per_month=500)
    )
    with station.work("op:eve") as work:
        versions.approve(work, assignment.DEFAULT, version)
