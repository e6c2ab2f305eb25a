"""The ledger: entries, what is derived from them, and what the database refuses."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from station_kit import Clock, do, drn, new_station, see

from tjugo.errors import Conflict, NotFound, TjugoError
from tjugo.station.ledger import balances, correct, credit, verify
from tjugo.station.ledger.post import Entry, post
from tjugo.station.storage.tables import Outlet, Shift, Tenant, Vendor
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase

FIRST, LAST = date(2026, 1, 1), date(2027, 1, 1)
SALE = (("cash", "7", 1000), ("energy", "dom", -850), ("vat", "VAT", -150), ("levy", "x", 0))


def sale(number, amount=1000, **more):
    postings = (("cash", "7", amount), ("energy", "dom", -amount))
    return Entry("sale", f"web/{number}", postings, **more)


def test_an_entry_becomes_postings_balances_and_a_day_total(station):
    do(station, post, Entry("sale", "web/1", SALE, "main", 7))
    do(station, post, Entry("sale", "web/2", SALE, "main", 7))
    assert see(station, balances.balance, "cash", "7") == 2000
    assert see(station, balances.balance, "vat", "VAT") == -300
    assert see(station, balances.balance, "levy", "x") == 0
    assert see(station, balances.by_account, ["cash", "card"], "7") == {"cash": 2000, "card": 0}
    totals = see(station, balances.day_totals, FIRST, LAST)
    assert [(t.account, t.outlet, t.amount, t.postings) for t in totals] == [
        ("cash", "main", 2000, 2),
        ("energy", "main", -1700, 2),
        ("vat", "main", -300, 2),
    ]
    assert sum(row.amount for row in see(station, balances.trial_balance)) == 0
    assert see(station, verify.verify) == []


def test_entries_are_numbered_without_a_gap_although_one_is_rolled_back(station):
    do(station, post, sale(1))
    with pytest.raises(RuntimeError), station.work("test") as work:
        post(work, sale(2))
        work.finish()
        raise RuntimeError
    do(station, post, sale(3))
    found = see(station, balances.statement, "cash", "7", FIRST, LAST)
    assert [(line.entry_no, line.ref) for line in found.lines] == [(1, "web/1"), (2, "web/3")]


@pytest.mark.parametrize("twice_at_once", [True, False])
def test_an_event_is_posted_once(station, twice_at_once):
    if not twice_at_once:
        do(station, post, sale(1))
    with pytest.raises(Conflict) as caught, station.work("test") as work:
        post(work, sale(1))
        if twice_at_once:
            post(work, sale(1))
    assert caught.value.code == "entry_posted"
    assert see(station, balances.balance, "cash", "7") == (0 if twice_at_once else 1000)
    assert see(station, verify.verify) == []


@pytest.mark.parametrize(
    ("postings", "words"),
    [
        ((("cash", "", 5), ("energy", "dom", -4)), "not balanced"),
        ((("gold", "", 5), ("energy", "dom", -5)), "no account 'gold'"),
        ((("vendor", "", 5), ("energy", "dom", -5)), "vendor has no party"),
        ((("cash", "x" * 61, 5), ("energy", "dom", -5)), "has no party"),
        ((("cash", "", 0), ("energy", "dom", 0)), "no postings"),
        ((), "no postings"),
        ((("cash", "", 10**15 + 1), ("energy", "dom", -(10**15) - 1)), "out of range"),
    ],
)
def test_an_entry_that_cannot_be_one_is_refused_before_anything_is_written(
    station, postings, words
):
    with pytest.raises(ValueError, match=words):
        do(station, post, Entry("sale", "web/1", postings))
    assert see(station, balances.day_totals, FIRST, LAST) == []


@pytest.mark.parametrize("table", ["ledger_entry", "posting"])
@pytest.mark.parametrize("change", ["UPDATE {} SET entry_no = 9", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_was_posted(station, table, change):
    do(station, post, sale(1))
    with pytest.raises(DBAPIError, match="append-only"), station.work("test") as work:
        work.session.execute(text(change.format(table)))
    assert see(station, verify.verify) == []


def test_the_day_is_the_utilitys(tmp_path):
    clock = Clock(datetime(2026, 11, 22, 21, 30, tzinfo=UTC))
    with new_station(tmp_path / "state", clock) as station:
        with station.work("test") as work:
            work.session.get_one(Tenant, 1).time_zone = "Africa/Nairobi"
        do(station, post, sale(1))
        (cash, _) = see(station, balances.day_totals, FIRST, LAST)
        assert cash.day == date(2026, 11, 23)


def test_a_statement_begins_and_ends_with_the_balance_of_its_days(tmp_path):
    clock = Clock()
    with new_station(tmp_path / "state", clock) as station:
        for number, amount in enumerate((1000, 500, -200, 70)):
            do(station, post, sale(number, amount))
            clock.forward(days=1)
        day = date(2026, 11, 23)
        found = see(station, balances.statement, "cash", "7", day, date(2026, 11, 24))
        assert (found.opening, found.closing) == (1000, 1300)
        assert [(line.amount, line.balance) for line in found.lines] == [(500, 1500), (-200, 1300)]
        empty = see(station, balances.statement, "cash", "8", day, day)
        assert (empty.opening, empty.lines, empty.closing) == (0, (), 0)
        with pytest.raises(TjugoError, match="after the last"):
            see(station, balances.statement, "cash", "7", LAST, FIRST)
        with pytest.raises(NotFound):
            see(station, balances.statement, "gold", "", FIRST, LAST)


def test_a_statement_without_a_party_is_of_the_whole_account(station):
    do(station, post, sale(1))
    other = (("cash", "8", 300), ("cash", "", 50), ("energy", "dom", -350))
    do(station, post, Entry("sale", "web/2", other))
    found = see(station, balances.statement, "cash", None, FIRST, LAST)
    assert (found.party, found.opening, found.closing) == (None, 0, 1350)
    assert [(line.party, line.balance) for line in found.lines] == [
        ("7", 1000),
        ("8", 1300),
        ("", 1350),
    ]
    assert see(station, balances.statement, "cash", "", FIRST, LAST).closing == 50


WRONG = (
    ("UPDATE balance SET amount = 1 WHERE account = 'cash'", "The balance cash 7 is 1, but"),
    ("DELETE FROM balance WHERE account = 'cash'", "The balance cash 7 is missing, but"),
    ("UPDATE day_total SET postings = 3 WHERE account = 'cash'", "The day total 2026-11-22 sale"),
    ("DELETE FROM day_total", "The day total"),
    ("UPDATE counter SET value = 3 WHERE name = 'ledger'", "The ledger has 1 entries"),
    (
        "INSERT INTO posting (tenant_id, entry_no, line, account, party, amount) "
        "VALUES (1, 1, 9, 'cash', '7', 5)",
        "Entry 1 is not balanced: 5.",
    ),
    (
        "INSERT INTO ledger_entry (tenant_id, entry_no, kind, ref, at, day, actor) VALUES "
        "(1, 2, 'sale', 'web/9', '2026-11-22 12:00:00', '2026-11-22', 'x')",
        "Entry 2 has no postings.",
    ),
)


@pytest.mark.parametrize(("damage", "sentence"), WRONG)
def test_verify_finds_what_is_wrong(station, damage, sentence):
    do(station, post, sale(1))
    with station.work("test") as work:
        work.session.execute(text(damage))
    assert any(found.startswith(sentence) for found in see(station, verify.verify))


def test_verify_compares_the_months_of_meters_with_the_sales(station):
    bought = [Purchase("till", str(n), drn(n), money=1000, actor="op:ada") for n in (1, 2)]
    do(station, sell_many, bought)
    assert see(station, verify.verify) == []
    with station.work("test") as work:
        work.session.execute(
            text(f"UPDATE meter_month SET paid_tenths = 1 WHERE drn = '{drn(1)}'")
        )
        work.session.execute(text(f"DELETE FROM meter_month WHERE drn = '{drn(2)}'"))
    assert see(station, verify.verify) == [
        f"The month of meter {drn(1)} 2026-11 is 1, 0, but it should be 500, 0.",
        f"The month of meter {drn(2)} 2026-11 is missing, but it should be 500, 0.",
    ]


def test_rebuild_makes_the_derived_rows_again(station):
    do(station, post, sale(1, outlet="main"))
    do(station, post, sale(2))
    before = see(station, balances.day_totals, FIRST, LAST)
    with station.work("test") as work:
        work.session.execute(text("UPDATE balance SET amount = 1"))
        work.session.execute(text("DELETE FROM day_total"))
    do(station, verify.rebuild)
    assert see(station, verify.verify) == []
    assert see(station, balances.day_totals, FIRST, LAST) == before


def test_an_entry_is_corrected_by_another_one_once(station):
    opening = (("debt", "C1/1", 700), ("opening", "", -700))
    do(station, post, Entry("opening", "C1/1", opening))
    do(station, post, sale(1))
    do(station, correct.reverse, 1, "Typed for the wrong customer.")
    assert see(station, balances.balance, "debt", "C1/1") == 0
    (first, second) = see(station, balances.statement, "debt", "C1/1", FIRST, LAST).lines
    assert (first.amount, second.amount) == (700, -700)
    assert (second.kind, second.text) == ("correction", "Typed for the wrong customer.")
    for number, code in (
        (1, "entry_posted"),
        (2, "entry_not_reversible"),
        (9, "entry_unknown"),
        (2**70, "entry_unknown"),
    ):
        with pytest.raises(TjugoError) as caught:
            do(station, correct.reverse, number, "Again.")
        assert caught.value.code == code
    with pytest.raises(TjugoError, match="has a reason"):
        do(station, correct.reverse, 1, " ")


def test_a_limit_refuses_single_sales_and_counts_the_money_in_open_tills(station):
    with station.work("test") as work:
        for vendor, limit in (("agent", 1000), ("free", None)):
            row = Vendor(tenant_id=1, vendor=vendor, name=vendor, credit_limit=limit)
            row.commission, row.commission_from, row.active = 0, FIRST, True
            work.session.add(row)
            work.session.flush()
        work.session.add(
            Outlet(tenant_id=1, outlet="kiosk", vendor="agent", name="K", active=True)
        )
        work.session.flush()
        for number, closed in ((7, None), (8, work.now())):
            shift = Shift(tenant_id=1, shift_no=number, operator=f"op:{number}", outlet="kiosk")
            shift.opened_at, shift.opening_float, shift.closed_at = work.now(), 0, closed
            work.session.add(shift)
        work.session.flush()
        post(work, sale(1, 300))
        post(work, Entry("deposit", "1", (("bank", "", 100), ("vendor", "agent", -100))))
    wanted = [("agent", 700), ("agent", 200), ("free", 10**9), ("agent", 100), ("nobody", 1)]
    assert do(station, credit.check_limits, wanted) == [True, False, True, True, False]
    assert see(station, credit.owed_by, ["agent"]) == {"agent": 200}
    tills = [(7, 200, 500), (7, 1, 500), (8, 5, None), (8, 600, 500)]
    assert do(station, credit.check_tills, tills) == [True, False, True, False]
