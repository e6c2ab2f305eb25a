"""The energy of a sale is credited or replaced, never both."""

import pytest
from engineering_kit import decide
from station_kit import do
from test_vending_credit_note import note, right, sell

from tjugo.errors import Conflict, TjugoError
from tjugo.station.storage.tables import Approval, Token
from tjugo.station.tills import vendors
from tjugo.station.vending import replacement, triage
from tjugo.station.vending.void import void


@pytest.fixture(autouse=True)
def office(station):
    do(station, vendors.ensure_default)


def old_sale(station, client_id="a", **more):
    """Sell 50 kWh for 10.00 by a token that is too old for the meter."""
    sale = sell(station, client_id, **more)
    for number in range(50):
        sell(station, f"{client_id}{number}", 20)
    return sale


def ask(station, sale, tenths=None):
    return do(station, replacement.replace, sale.drn, sale.bdt, sale.tid, tenths, "too old")


def examined(station, sale):
    return do(station, triage.examine, sale.drn, sale.digits, "OldError")


def test_a_token_that_was_credited_is_not_replaced(station):
    sale = old_sale(station)
    assert examined(station, sale).offers == ("replace",)
    done = note(station, "n", None, "cash")
    with pytest.raises(Conflict, match=f"credited by credit note main {done.receipt.number}: "):
        ask(station, sale)
    found = examined(station, sale)
    assert (found.code, found.offers, found.tenths) == ("credited", ("nothing",), 0)
    assert f"credit note main {done.receipt.number}" in found.sentence


def test_what_is_left_after_a_credit_note_is_replaced(station):
    sale = old_sale(station)
    number = note(station, "n", 400, "cash").receipt.number
    found = examined(station, sale)
    assert (found.code, found.tenths) == ("old", 300)
    assert any(
        f"30.0 kWh are left after credit note main {number}" in s.sentence for s in found.steps
    )
    with pytest.raises(Conflict, match=r"30\.0 kWh are left"):
        ask(station, sale, 301)
    waiting = ask(station, sale)
    with station.view() as view:
        subject = view.session.get_one(Approval, (view.tenant_id, waiting.approval)).subject
    assert "30.0 kWh" in subject and f"credit note main {number}" in subject
    note(station, "m", 100, "cash")  # while the replacement waits
    decide(station, waiting.approval)
    assert ask(station, sale).tokens[-1].tenths == 250
    with pytest.raises(Conflict, match="was replaced"):
        note(station, "o", 1, "cash")
    right(station)


def test_what_is_left_is_never_more_than_what_was_paid_for(station):
    """6.67 EUR buy 33.35 kWh."""
    sale = old_sale(station)
    note(station, "n", 333, "cash")
    assert examined(station, sale).tenths == 333
    decide(station, ask(station, sale).approval)
    assert ask(station, sale).tokens[-1].tenths == 333
    right(station)


def test_a_token_of_much_energy_is_replaced_by_what_it_can_carry(station):
    """Above 1638.3 kWh a token carries steps of 1 kWh, and is rounded up."""
    sale = old_sale(station, amount=60_000)
    note(station, "n", 20_001, "cash")
    assert examined(station, sale).tenths == 19_993
    decide(station, ask(station, sale).approval)
    token = ask(station, sale).tokens[-1]
    with station.view() as view:
        row = view.session.get_one(Token, (1, sale.drn, sale.bdt, token.tid))
    assert (token.tenths, row.units_tenths) == (19_984, 19_984)
    right(station)


def test_a_credit_while_the_replacement_waits_ends_it(station):
    sale = old_sale(station)
    waiting = ask(station, sale)
    note(station, "n", None, "cash")
    decide(station, waiting.approval)
    assert "credited by credit note" in ask(station, sale).message


def test_a_credit_note_does_not_return_what_was_replaced(station):
    sale = old_sale(station)
    decide(station, ask(station, sale, 200).approval)
    with pytest.raises(Conflict, match=r"only 6\.00 EUR"):
        note(station, "n", 601, "cash")
    assert note(station, "n", None, "cash").receipt.paid() == 600
    with pytest.raises(TjugoError, match="was replaced"):
        note(station, "m", 1, "cash")
    right(station)


def test_a_sale_whose_token_was_replaced_is_not_void(station):
    sale = old_sale(station, disclosed=False)
    decide(station, ask(station, sale).approval)
    with pytest.raises(Conflict, match="was replaced"):
        do(station, void, "web", "a", "wrong meter")


def test_a_void_sale_is_named(station):
    sale = old_sale(station, disclosed=False)
    do(station, void, "web", "a", "wrong meter")
    found = examined(station, sale)
    assert (found.code, found.offers) == ("void", ("nothing",))
