"""What a token cannot carry of the money: given back in cash, or the customer's credit."""

from dataclasses import replace

import pytest
from station_kit import do, drn, see
from test_tariff_versions import approved
from test_vending_currency import TOU

from tjugo.errors import TjugoError
from tjugo.station.audit import chain
from tjugo.station.ledger import balances, verify
from tjugo.station.receipts.render import text
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.storage.tables import AuditEvent, Sale
from tjugo.station.tariffs import assignment
from tjugo.station.tills import vendors
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.credit_note import left
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.trial import trial
from tjugo.station.vending.views import Refusal
from tjugo.station.vending.void import void

MONEY = drn(7)
SPENT, REST = 19_993, 7  # of 200.00, a token of money carries 199.93
CARD = Tender("card", 20_000, "slip 1")


@pytest.fixture
def station(station):
    """Return the station of money_kit with a meter that counts money, sold without any tax."""
    do(station, vendors.ensure_default)
    do(station, add_meter, NewMeter(MONEY, counts="money"))
    approved(station, "tou", TOU, "Time of use")
    do(station, assignment.assign, MONEY, "tou")
    return station


def owner(station, number=7):
    account = do(station, add_customer, "Ada")
    do(station, link_meter, drn(number), account)
    return account


def sell(station, *tenders, client_id="a", money=20_000, number=7, **more):
    purchase = Purchase(
        "web", client_id, drn(number), money=money, tenders=tenders, actor="op:ada", **more
    )
    return do(station, sell_many, [purchase])[0]


def held(station, account):
    return -see(station, balances.balance, "customer_credit", account)


def lines(sale):
    return {line.kind: line.amount for line in sale.receipt.lines}


def printed(receipt):
    return " ".join(text(receipt, 42).split())


def right(station):
    assert see(station, verify.verify) == []
    assert see(station, chain.verify)[1] == []


@pytest.mark.parametrize(("due", "cash"), [(500, 999_999_999_999), (100, 50_001), (501, 50_101)])
def test_cash_that_nobody_hands_over_is_refused(station, due, cash):
    refused = sell(station, Tender("cash", cash), money=due, number=1)
    assert isinstance(refused, Refusal) and refused.code == "tender_invalid"
    assert f"more than 100 times what is due, {due / 100:.2f} EUR: compare" in refused.message
    account = owner(station)
    wrong = Payment("web", "p", account, due, Seller("op:ada"), None, (Tender("cash", cash),))
    with pytest.raises(TjugoError, match="more than 100 times"):
        do(station, pay, wrong)
    with station.view() as view:
        assert view.session.query(Sale).count() == 0
    right(station)


@pytest.mark.parametrize(("due", "cash"), [(100, 50_000), (501, 50_100)])
def test_the_largest_note_and_100_times_are_accepted(station, due, cash):
    assert sell(station, Tender("cash", cash), money=due, number=1).receipt.change == cash - due


@pytest.mark.parametrize(
    ("ref", "words"), [("r" * 61, "is up to 60 characters"), ("slip 1\x07", "cannot be printed")]
)
def test_what_is_wrong_with_a_reference_is_named(station, ref, words):
    refused = sell(station, Tender("card", 20_000, ref))
    assert isinstance(refused, Refusal) and words in refused.message


@pytest.mark.parametrize("tenders", [(), (Tender("cash", 20_000),)])
def test_cash_is_given_back(station, tenders):
    sale = sell(station, *tenders)
    assert (sale.receipt.change, lines(sale)) == (REST, {"energy": SPENT})
    assert see(station, balances.balance, "cash", "") == SPENT
    with station.view() as view:
        row = view.session.query(Sale).one()
        last = view.session.query(AuditEvent).order_by(AuditEvent.number.desc()).first()
    assert (row.tendered, row.change) == (20_000, REST)
    assert last.detail == "main 1: 199.93 EUR"
    shown = printed(sale.receipt)
    wanted = ("Total", "Tendered 200.00", "Change 0.07")
    assert [found for found in wanted if found not in shown] == []
    right(station)


def test_what_was_paid_by_card_is_kept_as_credit(station):
    account = owner(station)
    sale = sell(station, CARD)
    assert (sale.receipt.change, lines(sale)) == (0, {"energy": SPENT, "credit": REST})
    assert see(station, balances.balance, "card", "") == 20_000
    assert see(station, balances.balance, "cash", "") == 0
    assert held(station, account) == REST
    assert see(station, left, "web", "a") == SPENT
    right(station)
    paid = sell(station, Tender("account", REST), Tender("cash", 93), client_id="b", money=100)
    assert paid.credit is not None and held(station, account) == 0
    right(station)


def test_what_was_paid_from_the_credit_stays_there(station):
    account = owner(station)
    do(station, pay, Payment("web", "p", account, 20_000, Seller("op:ada")))
    sale = sell(station, Tender("account", 20_000))
    assert (sale.receipt.change, lines(sale)["credit"], held(station, account)) == (0, REST, REST)
    assert see(station, balances.balance, "cash", "") == 20_000
    right(station)


@pytest.mark.parametrize(
    ("cash", "change", "kept"), [(3, 3, 4), (7, 7, 0), (100, 7, 0), (107, 14, 0)]
)
def test_cash_goes_back_first(station, cash, change, kept):
    """What is tendered beyond the price was never spent, and is cash."""
    account = owner(station)
    card = min(20_000, 20_000 + 7 - cash) if cash > 100 else 20_000 - cash
    sale = sell(station, Tender("card", card), Tender("cash", cash))
    assert (sale.receipt.change, held(station, account)) == (change, kept)
    assert see(station, balances.balance, "cash", "") == cash - change
    right(station)


def test_without_a_customer_it_is_refused_with_the_amount(station):
    refused = sell(station, CARD)
    assert isinstance(refused, Refusal) and refused.code == "tender_invalid"
    assert "sell for 199.93 EUR, or take a part in cash" in refused.message
    asked = Purchase("web", "t", MONEY, money=20_000, tenders=(CARD,))
    with pytest.raises(TjugoError, match=r"sell for 199\.93"):
        see(station, trial, asked, station.clock())
    sale = sell(station, Tender("card", SPENT), client_id="b", money=SPENT)
    assert (sale.receipt.change, lines(sale)) == (0, {"energy": SPENT})
    right(station)


def test_a_meter_that_counts_energy_does_the_same(station):
    account = owner(station, 1)
    sale = sell(station, Tender("bank", 50_117), money=50_117, number=1)
    assert (sale.receipt.change, held(station, account)) == (0, lines(sale)["credit"])
    assert sum(lines(sale).values()) == 50_117 and lines(sale)["credit"] > 2
    right(station)


def test_a_void_takes_it_back(station):
    account = owner(station)
    sell(station, CARD, disclosed=False)
    assert held(station, account) == REST
    do(station, void, "web", "a", "typed wrong")
    assert held(station, account) == 0 and see(station, balances.balance, "card", "") == 0
    right(station)


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("en", "Customer's credit 0.07"),
        ("fr", "Crédit du client 0,07"),
        ("pt", "Crédito do cliente 0,07"),
        ("es", "Crédito del cliente 0,07"),
        ("de", "Kundenguthaben 0,07"),
        ("sw", "Salio la mteja 0.07"),
    ],
)
def test_the_receipt_names_it_in_the_customers_language(station, language, label):
    owner(station)
    sale = sell(station, CARD)
    assert label in printed(replace(sale.receipt, language=language))
