"""The audit chain has amounts as people read them: in the currency, never in minor units."""

from people_kit import add
from station_kit import do, drn, see
from test_vending_credit_note import ADA, note, sell

from tjugo.station.audit import chain
from tjugo.station.operators import people
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.tariffs import debts
from tjugo.station.vending.payment import Payment, pay


def details(station):
    return see(station, lambda view: [event.detail for event in chain.events(view)])


def test_payments_and_credit_notes(station):
    account = do(station, add_customer, "Ada")
    do(station, link_meter, drn(3), account)
    do(station, pay, Payment("web", "p", account, 2550, ADA))
    assert details(station)[-1] == "payment main 1: 25.50 EUR"
    sell(station, "a", 1000)
    note(station, "n", 333)
    assert details(station)[-1] == "credit note main 3: 3.33 EUR in credit, 16.7 kWh: did not work"


def test_changes_of_debts(station):
    account = do(station, add_customer, "Ada")
    do(station, debts.open_debt, account, "old bill", 300)
    do(station, debts.edit_debt, account, 1, rate=1250, least=150, most=None, priority=7)
    assert details(station)[-1] == "rate 12.5 %, least 1.50 EUR, most none, priority 7"
    do(station, debts.edit_debt, account, 1, rule="amount", rate=1250)
    assert details(station)[-1] == "rule amount, rate 12.50 EUR"


def test_limits_of_operators(station):
    add(station, "ada", "administrator")
    add(station, "ben", "cashier", sale_limit=5000)
    do(station, people.edit, "ben", sale_limit=2550, day_limit=10000)
    assert details(station)[-1] == (
        "sale_limit: 50.00 EUR -> 25.50 EUR; day_limit: None -> 100.00 EUR"
    )
