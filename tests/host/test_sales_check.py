"""`doctor --full`: each receipt against its row, its tokens and the ledger, and the numbers."""

import json

import pytest
from sqlalchemy import event, text
from station_kit import do, drn, see

from tjugo.station.health import doctor
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.station import utc_now
from tjugo.station.tariffs import debts
from tjugo.station.tills import shifts, vendors
from tjugo.station.vending import sales_check
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.credit_note import CreditNote, credit_note
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.void import void

ADA = Seller("op:ada")


@pytest.fixture
def station(station):
    """Return the station of money_kit with sales of all kinds: 6 receipts of `main`, and 2 of an
    agent's `kiosk`."""
    account = do(station, add_customer, "Ada")
    do(station, link_meter, drn(3), account)
    do(station, debts.open_debt, account, "old bill", 5_000, rate=5000)
    do(station, vendors.add_vendor, "agent", "Agent")
    do(station, vendors.add_outlet, "kiosk", "agent", "Kiosk")
    till = do(station, shifts.open_shift, "op:ada", "main", 100)
    sell(station, "cash", 1, tenders=(Tender("cash", 2_500),), shift_no=till)
    sell(station, "split", 3, tenders=(Tender("cash", 1_000), Tender("card", 1_000, "slip")))
    sell(station, "void", 2, disclosed=False)
    do(station, void, "web", "void", "a test")
    do(
        station,
        credit_note,
        CreditNote("web", "note", "web", "cash", ADA, "did not work", 500, "cash"),
    )
    do(station, pay, Payment("web", "debt", account, 200, ADA, 1, (Tender("cash", 500),)))
    do(station, pay, Payment("web", "credit", account, 700, ADA))
    sell(station, "kiosk-1", 1, outlet="kiosk")
    sell(
        station,
        "kiosk-2",
        3,
        tenders=(Tender("account", 300), Tender("cash", 1_700)),
        outlet="kiosk",
    )
    return station


def sell(station, client_id, number, **more):
    purchase = Purchase("web", client_id, drn(number), money=2_000, actor="op:ada", **more)
    (outcome,) = do(station, sell_many, [purchase])
    assert outcome.digits


def wrong(station):
    count, found = see(station, sales_check.damaged)
    assert count == 8
    return found


@pytest.mark.parametrize("part", [1, 3, 500])
def test_sales_as_they_were_made_have_no_fault(station, monkeypatch, part):
    monkeypatch.setattr(sales_check, "PART", part)
    assert wrong(station) == []


def test_sales_are_read_in_parts(station, monkeypatch):
    """Whatever their number: no more than a part of them is in memory."""
    sizes, check = [], sales_check._wrong
    monkeypatch.setattr(sales_check, "PART", 3)
    monkeypatch.setattr(
        sales_check, "_wrong", lambda view, part: sizes.append(len(part)) or check(view, part)
    )
    assert wrong(station) == [] and sizes == [3, 3, 2]


def test_no_part_reads_a_whole_table(station):
    """Each statement for a part finds its rows by an index over more than the tenant."""
    plans = []

    def explain(connection, cursor, statement, given, *_):
        if connection.dialect.name == "sqlite" and " IN " in statement:
            raw = connection.connection.dbapi_connection
            plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", given))

    with station.view() as view:
        engine = view.session.connection().engine
        event.listen(engine, "before_cursor_execute", explain)
        try:
            assert sales_check.damaged(view)[1] == []
        finally:
            event.remove(engine, "before_cursor_execute", explain)
    if station.database.name == str(station.path):
        assert len(plans) >= 4
    assert not [plan for plan in plans if "SCAN" in plan or "(tenant_id=?)" in plan]


def change(station, statement, **given):
    with station.work("thief") as work:
        assert work.session.execute(text(statement), given).rowcount == 1


def of(client_id, column, value):
    return f"UPDATE sale SET {column} = {value} WHERE client_id = '{client_id}'"


CHANGED = [
    (of("cash", "tendered", 250), "Receipt main 1: its row has tendered 250, its receipt 2500."),
    (of("note", "tendered", 500), "its row has tendered 500, its receipt -500."),
    (of("cash", "change", 0), "its row has change 0, its receipt 500."),
    (of("cash", "drn", "NULL"), "its row has meter None, its receipt"),
    (of("debt", "account_no", "NULL"), "its row has account None, its receipt"),
    (of("kiosk-2", "operator", "'op:eve'"), "its row has operator op:eve, its receipt op:ada."),
    (of("cash", "receipt", "'{}'"), "The record of the receipt is damaged"),
]


@pytest.mark.parametrize(("statement", "sentence"), CHANGED)
def test_a_changed_row_is_found(station, statement, sentence):
    change(station, statement)
    (found,) = wrong(station)
    assert sentence in found


def edit(station, client_id, alter):
    """Change the receipt of a sale."""
    (stored,) = see(
        station,
        lambda view: view.session.execute(
            text("SELECT receipt FROM sale WHERE client_id = :id"), {"id": client_id}
        ).one(),
    )
    receipt = json.loads(stored)
    alter(receipt)
    change(
        station,
        "UPDATE sale SET receipt = :receipt WHERE client_id = :id",
        receipt=json.dumps(receipt),
        id=client_id,
    )


def line(receipt, kind):
    return next(one for one in receipt["lines"] if one["kind"] == kind)


EDITED = [
    (
        "cash",
        lambda r: line(r, "energy").update(amount=1),
        "the ledger has -2000 as energy, its receipt -1.",
    ),
    (
        "split",
        lambda r: line(r, "debt").update(amount=1),
        "the ledger has -1000 as debt, its receipt -1.",
    ),
    (
        "split",
        lambda r: r["tendered"][1].update(means="account"),
        "as customer_credit, its receipt",
    ),
    (
        "note",
        lambda r: line(r, "energy").update(amount=1),
        "the ledger has 500 as energy, its receipt 1.",
    ),
    (
        "credit",
        lambda r: line(r, "debt").update(amount=1),
        "the ledger has -700 as customer_credit, its receipt -1.",
    ),
    ("cash", lambda r: r["tokens"][0].update(digits="1" * 20), "its tokens are not those"),
    ("cash", lambda r: r.update(number=7), "its row has number 1, its receipt 7."),
    ("cash", lambda r: r.update(outlet="kiosk"), "its row has outlet main, its receipt kiosk."),
    ("cash", lambda r: r.update(at="2026-01-01T00:00:00+00:00"), "its row has time"),
    ("cash", lambda r: line(r, "energy").update(kind="magic"), "a line of an unknown kind"),
]


@pytest.mark.parametrize(("client_id", "alter", "sentence"), EDITED)
def test_a_changed_receipt_is_found(station, client_id, alter, sentence):
    edit(station, client_id, alter)
    found = wrong(station)
    assert any(sentence in one for one in found), found


def test_a_gap_in_the_receipt_numbers_is_found(station):
    change(station, of("credit", "receipt_no", 900))
    assert wrong(station) == [
        "Receipt main 900: its row has number 900, its receipt 6.",
        "Outlet main: receipt numbers 6 to 899 are missing before 900.",
        "Outlet main: the last receipt is 900, but 6 numbers are taken.",
    ]


def test_a_receipt_that_is_gone_is_found(station):
    change(station, "DELETE FROM sale WHERE client_id = 'debt'")
    found = see(station, sales_check.damaged)
    assert found == (7, ["Outlet main: receipt number 5 is missing before 6."])
    change(station, "DELETE FROM sale WHERE client_id = 'credit'")
    change(station, "DELETE FROM sale WHERE client_id = 'kiosk-2'")
    assert see(station, sales_check.damaged) == (
        5,
        [
            "Outlet kiosk: the last receipt is 1, but 2 numbers are taken.",
            "Outlet main: the last receipt is 4, but 6 numbers are taken.",
        ],
    )


def test_many_faults_are_counted(station, monkeypatch):
    monkeypatch.setattr(sales_check, "_MOST", 2)
    with station.work("thief") as work:
        work.session.execute(text("UPDATE sale SET operator = 'op:eve'"))
    assert wrong(station)[2:] == ["6 more faults of sales."]


def test_the_doctor_names_it(station):
    change(station, of("cash", "tendered", 1))
    short = doctor.examine(station.state_dir, utc_now())
    assert not [check for check in short if check.what == "sales"]
    full = doctor.examine(station.state_dir, utc_now(), full=True)
    (line,) = [check for check in full if check.what == "sales"]
    assert line.level == "fail" and "tendered 1" in line.sentence
