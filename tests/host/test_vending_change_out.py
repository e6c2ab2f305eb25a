"""A meter was replaced: its tokens and the credit that was left in it go to the meter in its
place, once, and together never more than was sold."""

import pytest
from engineering_kit import EA07, EA11, Meter, decide, make_station, sell
from station_kit import Clock, do, drn, see
from test_engineering_triage import delivered, examine
from test_vending_credit_note import note

from sts_portable import results
from tjugo.errors import Conflict, TjugoError
from tjugo.station.audit import chain
from tjugo.station.ledger import verify
from tjugo.station.receipts import service as receipts
from tjugo.station.registry.customers import add_customer, link_meter, unlink_meter
from tjugo.station.registry.meters import NewMeter, add_meter, retire_meter, set_status
from tjugo.station.registry.replace import replace_meter
from tjugo.station.storage.tables import MeterStatus
from tjugo.station.tills import vendors
from tjugo.station.vending import asked, carry_over, replacement, request_views, sales_check
from tjugo.station.vending.asked import Issued, Waiting
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.views import Refusal
from tjugo.station.vending.void import void

MONEY, MONEY_2, THIRD = drn(7), drn(8), drn(9)


@pytest.fixture
def station(tmp_path, database):
    with make_station(tmp_path / "state", Clock(), "c1", database()) as made:
        do(made, vendors.ensure_default)
        account = do(made, add_customer, "Ada Obi", account_no="A1")
        do(made, link_meter, EA07, account)
        yield made


def change_out(station, old=EA07, new=EA11):
    do(station, replace_meter, old, new, "meter changed")


def replace(station, token, number=EA07, tenths=None):
    return do(station, replacement.replace, number, "14", token.tid, tenths, "meter changed")


def carry(station, credit, number=EA07):
    return do(station, carry_over.carry_over, number, credit, "read on the display")


def issued(station, ask, *given):
    """Ask for it, approve it as another person, and return the tokens."""
    waiting = ask(station, *given)
    assert isinstance(waiting, Waiting)
    decide(station, waiting.approval)
    outcome = ask(station, *given)
    assert isinstance(outcome, Issued) and ask(station, *given) == outcome
    receipt = see(station, receipts.find, outcome.client, outcome.client_id).receipt
    assert (receipt.kind, receipt.paid(), receipt.meter.drn) == ("replacement", 0, outcome.drn)
    assert see(station, verify.verify) == [] and see(station, chain.verify)[1] == []
    return outcome


def refused(station, ask, *given):
    with pytest.raises(TjugoError) as caught:
        ask(station, *given)
    return caught.value.message


def test_a_token_that_the_old_meter_never_took(station):
    token = sell(station, EA07, "s")[-1]
    assert "can still be used" in refused(station, replace, token)
    change_out(station)
    found = issued(station, replace, token)
    assert (found.drn, found.tokens[-1].tenths) == (EA11, 200)
    assert Meter(station, EA11).enter(found.tokens[-1].digits) == results.ACCEPT


@pytest.mark.parametrize("number", [EA07, EA11])
def test_both_meters_lead_to_the_replacement(station, number):
    """On the guided screen, by the number of the old meter and of the new one."""
    sold = [sell(station, one, one)[-1] for one in (EA07, EA11)]
    assert sold[0].tid == sold[1].tid  # of another meter, at the same minute
    change_out(station)
    found = examine(station, sold[0].digits, "CRCError", number)
    assert (found.code, found.offers) == ("meter_replaced", ("replace",))
    assert (found.token_drn, found.tid, found.tenths) == (EA07, sold[0].tid, 200)
    assert found.customer == "Ada Obi (A1)"
    assert EA07 in found.sentence and f"for meter {EA11}, which was installed" in found.sentence
    of = (station, sold[0], found.token_drn)
    decide(station, replace(*of).approval)
    assert replace(*of).drn == EA11


def test_what_the_old_meter_took_is_not_replaced(station):
    token = sell(station, EA07, "s")[-1]
    delivered(station, token.tid, results.ACCEPT)
    change_out(station)
    assert "has accepted this token" in refused(station, replace, token)
    for number in (EA07, EA11):
        found = examine(station, token.digits, number=number)
        assert found.offers == ("nothing",) and "has accepted this token" in found.sentence


def test_a_customer_who_saw_it_accepted(station):
    token = sell(station, EA07, "s")[-1]
    change_out(station)
    assert examine(station, token.digits, "Used").code == "used"


def test_a_retired_meter_without_another_one(station):
    token = sell(station, EA07, "s")[-1]
    do(station, retire_meter, EA07, "burnt")
    assert "no meter that serves its customer" in refused(station, replace, token)
    assert "no meter that serves its customer" in refused(station, carry, "1")
    assert examine(station, token.digits).code == "meter_not_installed"
    other = examine(station, token.digits, "CRCError", EA11)
    assert (other.code, other.offers) == ("other_meter", ("nothing",))
    assert other.sentence.endswith("that meter is retired.")


def test_another_customer_does_not_get_it(station):
    token = sell(station, EA07, "s")[-1]
    change_out(station)
    do(station, unlink_meter, EA11)
    do(station, link_meter, EA11, do(station, add_customer, "Ben"))
    assert "no meter that serves its customer" in refused(station, replace, token)
    assert "no meter that serves its customer" in refused(station, carry, "1")


def test_a_meter_that_was_replaced_twice(station):
    token = sell(station, EA07, "s")[-1]
    do(station, add_meter, NewMeter(THIRD))
    change_out(station)
    waiting = replace(station, token)
    change_out(station, EA11, THIRD)  # while the replacement waits
    decide(station, waiting.approval)
    assert replace(station, token).drn == THIRD


def test_a_change_out_of_an_earlier_version(station):
    """It recorded nothing of a meter that was installed already."""
    token = sell(station, EA07, "s")[-1]
    station.clock.forward(hours=1)
    change_out(station)
    with station.work("test") as work:
        assert work.session.query(MeterStatus).filter_by(drn=EA11).delete() == 1
    assert issued(station, replace, token).drn == EA11


def test_a_meter_in_use_again_takes_its_tokens(station):
    token = sell(station, EA07, "s")[-1]
    change_out(station)
    do(station, set_status, EA07, "installed")
    assert "can still be used" in refused(station, replace, token)
    assert "is not retired" in refused(station, carry, "1")
    do(station, retire_meter, EA07, "burnt")
    do(station, unlink_meter, EA11)
    assert "no meter that serves its customer" in refused(station, replace, token)


def test_the_credit_that_was_left(station):
    sell(station, EA07, "s")
    assert "is not retired" in refused(station, carry, "12.3")
    change_out(station)
    with pytest.raises(TjugoError, match="nother person"):
        decide(station, carry(station, "12.3").approval, who="test")
    found = issued(station, carry, "12.3")
    assert (found.drn, found.tokens[-1].tenths) == (EA11, 123)
    assert Meter(station, EA11).enter(found.tokens[-1].digits) == results.ACCEPT
    title = request_views.request_view(found).title
    assert title == f"Credit that was left in meter {EA07}"
    assert "asked for before: 12.3 kWh" in refused(station, carry, "12.4")


@pytest.mark.parametrize(
    ("credit", "words"),
    [
        ("20.1", "Only 20.0 kWh were sold"),
        ("0", "more than 0"),
        ("1.25", "multiple of 0.1"),
        ("x", "is not a number"),
    ],
)
def test_credit_that_cannot_have_been_left(station, credit, words):
    sell(station, EA07, "s")
    change_out(station)
    assert words in refused(station, carry, credit)


def test_a_reading_that_was_turned_down_is_read_again(station):
    sell(station, EA07, "s")
    change_out(station)
    decide(station, carry(station, "20").approval, approve=False)
    assert issued(station, carry, "2.0").tokens[-1].tenths == 20


def test_a_token_and_the_credit_are_not_more_than_was_sold(station):
    first, second = (sell(station, EA07, name)[-1] for name in ("a", "b"))
    change_out(station)
    issued(station, carry, "20")
    issued(station, replace, first)
    assert "The meter took this token: the 20.0 kWh" in refused(station, replace, second)


def test_replaced_tokens_were_not_in_the_meter(station):
    first = sell(station, EA07, "a")[-1]
    sell(station, EA07, "b")
    change_out(station)
    waiting = carry(station, "30")
    issued(station, replace, first)
    decide(station, waiting.approval)  # meanwhile too much
    outcome = do(station, lambda work: asked.found(work, waiting.client, waiting.client_id))
    assert isinstance(outcome, Refusal) and "Only 20.0 kWh" in outcome.message
    assert issued(station, carry, "20").tokens[-1].tenths == 200


def test_meters_that_count_money(station):
    for number in (MONEY, MONEY_2):
        do(station, add_meter, NewMeter(number, counts="money"))
    sell(station, MONEY, "s", 1_000_000)
    change_out(station, MONEY, MONEY_2)
    assert "Only 9.99924 EUR were sold" in refused(station, carry, "10.01", MONEY)
    found = issued(station, carry, "7.50", MONEY)
    assert (found.drn, found.tokens[-1].credit) == (
        MONEY_2,
        749_924,
    )  # the most that a token can carry


def test_a_meter_that_counts_something_else(station):
    do(station, add_meter, NewMeter(MONEY, counts="money"))
    token = sell(station, EA07, "s")[-1]
    change_out(station, EA07, MONEY)
    for message in (refused(station, replace, token), refused(station, carry, "1")):
        assert f"Meter {EA07} counts energy, and meter {MONEY} in its place money" in message


def test_a_blocked_meter_gets_nothing(station):
    token = sell(station, EA07, "s")[-1]
    change_out(station)
    do(station, set_status, EA11, "blocked")
    with pytest.raises(Conflict, match="is blocked"):
        replace(station, token)


def test_what_was_carried_over_is_not_credited(station):
    sold = do(station, sell_many, [Purchase("web", "a", EA07, money=1000)])[0]
    assert sold.kwh == 50
    change_out(station)
    waiting = carry(station, "30")
    with pytest.raises(Conflict, match=r"only 10\.00 EUR are left"):
        note(station, "n", 1001, "cash")
    decide(station, waiting.approval)
    with pytest.raises(Conflict, match=r"only 4\.00 EUR are left"):
        note(station, "n", 401, "cash")
    assert note(station, "n", None, "cash").receipt.paid() == 400
    with pytest.raises(Conflict, match="credit in the meter of sale a was replaced"):
        note(station, "m", None, "cash")
    assert see(station, verify.verify) == [] and see(station, sales_check.damaged)[1] == []


def test_what_was_carried_over_is_not_void(station):
    do(station, sell_many, [Purchase("web", "a", EA07, money=1000, disclosed=False)])
    sell(station, EA07, "s")
    change_out(station)
    issued(station, carry, "20.1")
    with pytest.raises(Conflict, match="was replaced"):
        do(station, void, "web", "a", "wrong meter")
