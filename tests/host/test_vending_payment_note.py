"""Credit notes of payments without energy."""

from dataclasses import replace
from datetime import date

import pytest
from station_kit import do, drn, see
from test_vending_credit_note import ADA, customer, note, right

from tjugo.errors import Conflict, TjugoError
from tjugo.station import settings
from tjugo.station.audit import chain
from tjugo.station.ledger import balances
from tjugo.station.receipts import render
from tjugo.station.receipts import service as receipts
from tjugo.station.receipts.texts import labels, languages
from tjugo.station.tariffs import debts
from tjugo.station.tills import cash_up, commission, shifts, vendors, views
from tjugo.station.vending import payment_note, payment_views
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.credit_note import credit_note
from tjugo.station.vending.note import CreditNote
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.void import void

DAY = date(2026, 11, 22)


def paid(station, client_id, account, amount, debt=None, tenders=(), seller=ADA):
    return do(station, pay, Payment("web", client_id, account, amount, seller, debt, tenders))


def held(station, account, party=""):
    return see(station, balances.balance, account, party)


def test_a_payment_to_the_credit_is_credited_once(station):
    account = customer(station)
    paid(station, "p", account, 1000)
    done = note(station, "n", None, None, "p")
    assert (done.receipt.kind, done.receipt.number, done.receipt.credits) == (
        "credit_note",
        2,
        "main 1",
    )
    assert [(one.means, one.amount) for one in done.receipt.tendered] == [("cash", 1000)]
    assert done.receipt.lines[0].balance == 0
    assert held(station, "cash") == held(station, "customer_credit", account) == 0
    assert note(station, "n", None, None, "p") == done  # a repeat
    with pytest.raises(Conflict, match="has credit note main 2 already"):
        note(station, "m", None, None, "p")
    events = see(station, lambda view: list(chain.events(view)))
    assert events[-1].detail == "credit note main 2: 10.00 EUR by cash: did not work"
    assert (events[-1].subject, events[-1].action) == ("receipt main 1", "sales.void")
    assert see(station, payment_note.left, "web", "p") == 0
    (listed,) = see(station, payment_views.newest, account)
    assert (listed.receipt, listed.amount, listed.credited) == ("main 1", 1000, "main 2")
    right(station)


def test_a_debt_is_owed_again_by_each_means(station):
    account = customer(station, 900)
    paid(station, "c", account, 500)
    tenders = (
        *(Tender("cash", 300), Tender("card", 200, "slip 1"), Tender("account", 150)),
        Tender("cash", 350),
    )
    paid(station, "p", account, 900, 1, tenders)  # 100 of the cash is change
    assert held(station, "debt", f"{account}/1") == 0
    done = note(station, "n", 900, None, "p")
    assert [(one.means, one.amount, one.reference) for one in done.receipt.tendered] == [
        ("cash", 550, None),
        ("card", 200, "slip 1"),
        ("account", 150, None),
    ]
    assert (done.receipt.paid(), done.receipt.lines[0].balance) == (900, 900)
    assert held(station, "debt", f"{account}/1") == 900
    assert held(station, "customer_credit", account) == -500
    assert (held(station, "cash"), held(station, "card")) == (500, 0)
    right(station)


def test_a_debt_that_was_written_off_meanwhile_is_opened_and_written_off_again(station):
    account = customer(station, 900)
    paid(station, "p", account, 400, 1)
    assert do(station, debts.write_off, account, 1, "gone") == 500
    note(station, "n", None, None, "p")
    assert see(station, debts.find_debt, account, 1).state == "open"
    assert do(station, debts.write_off, account, 1, "gone again") == 400
    note_of_sale_reopens(station, account)
    found = see(station, balances.statement, "written_off", f"{account}/1", DAY, DAY)
    refs = [line.ref for line in found.lines]
    assert refs == [f"{account}/1", f"{account}/1#2"]
    right(station)


def note_of_sale_reopens(station, account):
    """Write off a debt twice that the credit notes of a sale open."""
    second = do(station, debts.open_debt, account, "loan", 300, rate=10000)
    do(station, sell_many, [Purchase("web", "s", drn(3), money=1000, actor="op:ada")])
    for amount in (100, 200):
        note(station, f"s{amount}", amount, "credit", "s")
        do(station, debts.write_off, account, second, "gone")


def test_what_cannot_be_credited(station):
    account = customer(station, 300)
    paid(station, "p", account, 1000)
    for amount in (999, 1, 0, -5):
        with pytest.raises(Conflict, match=r"as a whole: 10\.00 EUR"):
            note(station, "n", amount, None, "p")
    with pytest.raises(Conflict, match=r"cannot be voided\. Write a credit note"):
        do(station, void, "web", "p", "wrong")
    with pytest.raises(Conflict, match="by the means by which it was paid: cash"):
        note(station, "n", None, "credit", "p")
    paid(station, "d", account, 300, 1, (Tender("account", 300),))
    with pytest.raises(Conflict, match=r"is spent: the customer's credit is 7\.00 EUR"):
        note(station, "n", None, None, "p")
    with pytest.raises(Conflict, match="by which it was paid: account"):
        note(station, "n", None, "cash", "d")
    note(station, "n1", None, None, "d")
    shift = do(station, shifts.open_shift, "op:ada", "main", 999)
    with pytest.raises(Conflict, match="holds less cash"):
        note(station, "n", None, "cash", "p", Seller("op:ada", shift_no=shift))
    with pytest.raises(TjugoError, match="reason"):
        do(station, note_without_reason)
    assert note(station, "n", None, "cash", "p").receipt.number == 4
    right(station)


def note_without_reason(work):
    credit_note(work, CreditNote("web", "x", "web", "p", ADA, " "))


def test_the_takings_of_each_shift_are_what_its_till_has(station):
    account = customer(station)
    mine = do(station, shifts.open_shift, "op:ada", "main", 1000)
    other = do(station, shifts.open_shift, "op:ben", "main", 1000)
    ada, ben = Seller("op:ada", shift_no=mine), Seller("op:ben", shift_no=other)
    tenders = (Tender("cash", 300), Tender("card", 700, "x"))
    paid(station, "p", account, 1000, None, tenders, ada)
    paid(station, "q", account, 1000, None, (Tender("card", 1000, "y"),), ada)
    note(station, "n", None, None, "p", ben)

    def takings(number):
        return {one.means: one.amount for one in see(station, views.takings, [number]).means}

    assert (takings(mine), takings(other)) == ({"cash": 300, "card": 1000}, {"cash": -300})
    do(station, cash_up.cash_up, mine, {"cash": 1300, "card": 1000})
    note(station, "m", None, None, "q", ben)  # the till is closed: the card is the office's
    assert held(station, "card") == -1000
    do(station, cash_up.cash_up, other, {"cash": 700})
    for number in (mine, other):
        report = see(station, views.shift_report, number, "op:reader")
        assert report.shift.difference == 0
        assert report.takings.total == sum(one.amount for one in report.takings.resources)
    assert held(station, "customer_credit", account) == 0
    right(station)


def test_an_agent_owes_less_and_its_commission_stays(station):
    do(station, vendors.ensure_default)
    do(station, vendors.add_vendor, "agent", "Agent Ltd", 10_000, 250)
    do(station, vendors.add_outlet, "kiosk", "agent", "Kiosk")
    account = customer(station)
    kiosk = Seller("op:ada", "kiosk")
    sold = Purchase("web", "s", drn(3), money=4000, actor="op:ada", outlet="kiosk")
    do(station, sell_many, [sold])
    paid(station, "p", account, 1000, None, (Tender("card", 1000, "x"),), kiosk)
    note(station, "n", None, None, "p", kiosk)
    assert held(station, "vendor", "agent") == 4000
    station.clock.forward(days=1)
    (day,) = do(station, commission.post_due)
    assert (day.sales, day.commission) == (4000, 100)
    right(station)


def test_a_credit_note_counts_in_the_limits_of_a_day(station):
    account = customer(station)
    limited = replace(ADA, day_limit=1000)
    paid(station, "p", account, 1000, None, (), limited)
    with pytest.raises(TjugoError, match="limit for today"):
        paid(station, "q", account, 1, None, (), limited)
    note(station, "n", None, None, "p", limited)
    paid(station, "r", account, 1000, None, (), limited)


@pytest.mark.parametrize("language", sorted(languages()))
def test_it_prints_in_every_language(station, language):
    do(station, lambda work: work.change_tenant(language=language))
    account = customer(station)
    paid(station, "p", account, 1000, None, (Tender("mobile_money", 1000, "MM1"),))
    note(station, "n", None, None, "p")
    printed = render.text(see(station, receipts.find, "web", "n").receipt, 48)
    own = labels(language)
    for key in ("title.credit_note", "credits", "customer_credit", "means.mobile_money", "total"):
        assert own[key] in printed, key
    assert "main 1" in printed and "MM1" in printed and "did not work" in printed


def test_one_payment_is_at_most_the_setting(station):
    account = customer(station)
    with pytest.raises(TjugoError) as caught:
        paid(station, "p", account, 100_000_001)
    assert caught.value.message == (
        "1000000.01 EUR is more than this station takes at once (1000000 EUR). The setting is "
        "payment_limit."
    )
    paid(station, "p", account, 100_000_000)
    do(station, settings.put, "payment_limit", "99.5")
    with pytest.raises(TjugoError, match=r"at once \(99\.5 EUR\)"):
        paid(station, "q", account, 9951)
    paid(station, "q", account, 9950)
    with pytest.raises(TjugoError, match="from 1 to 999999999"):
        do(station, settings.put, "payment_limit", "0")
