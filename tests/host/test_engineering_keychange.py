"""Key changes: the order of entry, the pending key, what confirms it, and no token lost."""

from decimal import Decimal

import pytest
from engineering_kit import EA07, EA11, IN_2036, Meter, make_station, plan, sell
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from station_kit import Clock, do, drn, see

from sts_portable import results
from tjugo.errors import Conflict, TjugoError
from tjugo.station import clock as clock_guard
from tjugo.station import settings as station_settings
from tjugo.station.audit import chain
from tjugo.station.registry.meters import NewMeter, add_meter, config_of
from tjugo.station.storage.tables import Meter as MeterRow
from tjugo.station.storage.tables import MeterKeyState, MeterReading, Token, TokenDelivery
from tjugo.station.vending import change_rows, change_steps, evidence, keychange, trial
from tjugo.station.vending.asked import Issued
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.vend import sold
from tjugo.station.vending.views import Refusal

ACCEPTED = {results.ACCEPT, 2, 3, 17, 18}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with make_station(tmp_path / "state", clock) as made:
        yield made


def entered(meter, tokens):
    return [meter.enter(token.digits) for token in tokens]


@pytest.mark.parametrize(
    ("number", "shown"),
    [(EA07, [2, results.ACCEPT]), (EA11, [2, 3, 17, results.ACCEPT])],
)
def test_a_key_change_is_entered_before_the_credit_of_its_sale(station, number, shown):
    meter = Meter(station, number)
    first = sell(station, number, "before")
    plan(station, number, krn=2)
    tokens = sell(station, number, "with")
    assert [token.kind for token in tokens] == [
        *(f"key_change_{n + 1}" for n in range(len(shown))),
        "credit",
    ]
    assert entered(meter, first) == [results.ACCEPT]
    assert entered(meter, tokens) == [*shown, results.ACCEPT]
    assert (meter.key.krn, meter.key.ti, meter.key.kt) == (2, 1, 2)


def test_no_credit_is_sold_under_a_default_key(station):
    """A meter refuses it with DDTKError; with the key change before it, it is sold."""
    number = drn(3)
    do(station, add_meter, NewMeter(number, kt=1))
    purchase = Purchase("test", "a", number, kwh=Decimal(20))
    tries = [
        lambda: sold(station, purchase),
        lambda: see(station, trial.trial, purchase, station.clock()),
        lambda: sell(station, number, "b"),
    ]
    for attempt in tries:
        with pytest.raises(Conflict, match=r"default key \(KT 1\).* needs a key change"):
            attempt()
    plan(station, number, kt=2)
    assert see(station, trial.trial, purchase, station.clock()).quote.tenths == 200
    meter = Meter(station, number)
    assert entered(meter, sell(station, number, "c")) == [2, results.ACCEPT, results.ACCEPT]
    assert meter.key.kt == 2


def test_a_new_supply_group_is_in_a_third_token(station):
    plan(station, EA07, sgc=654321, ti=7)
    meter = Meter(station, EA07)
    assert entered(meter, sell(station, EA07, "a")) == [2, 3, results.ACCEPT, results.ACCEPT]
    assert (meter.key.sgc, meter.key.ti) == (654321, 7)


@pytest.mark.parametrize("number", [EA07, EA11])
def test_a_new_base_date_empties_the_store(station, clock, number):
    clock.now = IN_2036
    do(station, clock_guard.confirm)
    meter = Meter(station, number)
    assert entered(meter, sell(station, number, "old")) == [results.ACCEPT]
    plan(station, number, krn=5)
    tokens = sell(station, number, "new")
    assert set(entered(meter, tokens)) <= ACCEPTED
    assert tokens[-1].tid < 1_000_000  # of 2035
    assert meter.tids.contains(tokens[-1].tid)
    assert meter.enter(tokens[-1].digits) == results.USED_ERROR


def test_the_pending_key_becomes_the_current_one(station):
    plan(station, EA07, krn=2)
    sell(station, EA07, "a")
    with station.view() as view:
        assert config_of(view, EA07).krn == 1
        assert view.session.get(MeterKeyState, (1, EA07, "pending")).krn == 2
    do(station, change_steps.confirm, EA07, "the customer read it")
    with station.view() as view:
        assert config_of(view, EA07).krn == 2
        assert view.session.get(MeterKeyState, (1, EA07, "pending")) is None
        assert change_rows.open_change(view, EA07) is None
        assert chain.verify(view)[1] == []
    assert [token.kind for token in sell(station, EA07, "b")] == ["credit"]


def test_the_same_tokens_are_printed_until_the_change_is_confirmed(station):
    plan(station, EA07, krn=2)
    lost = sell(station, EA07, "lost")
    again = sell(station, EA07, "again")
    assert [t.digits for t in again[:-1]] == [t.digits for t in lost[:-1]]
    assert again[-1].tid > lost[-1].tid
    assert set(entered(Meter(station, EA07), again)) <= ACCEPTED


def test_without_the_policy_a_sale_leaves_the_key_as_it_is(station):
    do(station, station_settings.put, "key_change_with_sale", "0")
    plan(station, EA07, krn=2)
    assert [t.kind for t in sell(station, EA07, "a")] == ["credit"]
    with station.work("op:e") as work:
        outcome = keychange.issue_alone(work, "web", "k1", EA07)
    assert [t.kind for t in outcome.tokens] == ["key_change_1", "key_change_2"]
    assert [t.kind for t in sell(station, EA07, "b")][-1] == "credit"
    assert len(sell(station, EA07, "c")) == 3  # issued now: before every token


def test_a_key_change_alone_is_issued_once_for_each_id(station):
    plan(station, EA07, krn=2)
    first = do(station, keychange.issue_alone, "web", "k1", EA07)
    assert isinstance(first, Issued)
    assert do(station, keychange.issue_alone, "web", "k1", EA07) == first
    do(station, change_steps.confirm, EA07, "test")
    nothing = do(station, keychange.issue_alone, "web", "k2", EA07)
    assert isinstance(nothing, Refusal)
    assert nothing.code == "key_change_unknown"
    with pytest.raises(TjugoError, match="was used before"):
        do(station, keychange.issue_alone, "web", "k1", EA11)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"krn": 1}, "already"),
        ({"ken": 200}, "only the KEN"),
        ({"kt": 0}, "key type 2 to 0"),
        ({"krn": 9}, "There is no vending key"),
        ({"krn": 4}, "expired"),
        ({"krn": 5}, "base date 2035 has not come yet"),
    ],
)
def test_a_change_that_the_meter_would_not_take_is_refused(station, changes, words):
    with pytest.raises(TjugoError, match=words):
        plan(station, EA07, **changes)


def test_one_change_at_a_time(station):
    plan(station, EA07, krn=2)
    with pytest.raises(TjugoError, match="planned or issued already"):
        plan(station, EA07, krn=3)
    do(station, change_steps.cancel, EA07, "a mistake")
    plan(station, EA07, krn=3)
    sell(station, EA07, "a")
    with pytest.raises(TjugoError, match="second person"):
        do(station, change_steps.cancel, EA07, "a mistake")
    do(station, change_steps.cancel_issued, EA07, "never handed out")
    assert see(station, change_rows.open_change, EA07) is None
    assert Meter(station, EA07).enter(sell(station, EA07, "b")[0].digits) == results.ACCEPT


def reading(work, **values):
    row = MeterReading(tenant_id=1, drn=EA07, received_at=work.now(), online=True, **values)
    work.session.merge(row)


def test_the_register_that_the_meter_reports_confirms(station):
    plan(station, EA07, krn=2)
    sell(station, EA07, "a")
    old = {"sgc": 123457, "krn": 1, "kt": 2, "ti": 1, "ken": 255}
    do(station, reading, **old)
    assert see(station, evidence.reported, [EA07, EA11]) == []
    do(station, reading, **{**old, "krn": None})
    assert see(station, evidence.reported, [EA07]) == []
    do(station, reading, **{**old, "krn": 2})
    assert see(station, evidence.reported, [EA07]) == [EA07]


def test_an_accepted_token_of_the_new_key_confirms(station):
    old = sell(station, EA07, "old")
    plan(station, EA07, krn=2)
    new = sell(station, EA07, "new")
    assert do(station, evidence.accepted, EA07, old[-1].digits) is False
    assert do(station, evidence.accepted, EA07, new[0].digits) is False
    assert do(station, evidence.accepted, EA07, new[-1].grouped()) is True
    assert see(station, config_of, EA07).krn == 2


def test_a_delivery_of_the_new_key_confirms(tmp_path):
    with make_station(tmp_path / "state", collector="c1") as station:
        old = sell(station, EA07, "old")[0]
        plan(station, EA07, krn=2)
        new = sell(station, EA07, "new")[-1]
        with station.work("test") as work:
            assert work.session.get(MeterRow, (1, EA07)).collector_id == "c1"
            for ref, token in ((1, old), (2, new)):
                row = work.session.get_one(Token, (1, EA07, "14", token.tid))
                work.session.add(
                    TokenDelivery(
                        tenant_id=1,
                        ref=ref,
                        drn=EA07,
                        bdt=row.bdt,
                        tid=row.tid,
                        collector_id="c1",
                        state="accepted",
                        result=results.ACCEPT,
                        created_at=work.now(),
                    )
                )
        assert see(station, evidence.delivered, [1]) == []
        assert see(station, evidence.delivered, [1, 2]) == [EA07]


STEPS = st.lists(
    st.sampled_from(["sell", "lose", "late", "change", "rollover", "confirm"]), max_size=12
)


@settings(max_examples=examples(8), deadline=None)
@given(steps=STEPS, number=st.sampled_from([EA07, EA11]))
def test_a_meter_accepts_every_token_once_in_the_printed_order(tmp_path_factory, steps, number):
    clock = Clock()
    with make_station(tmp_path_factory.mktemp("order") / "state", clock) as station:
        clock.now = IN_2036
        do(station, clock_guard.confirm)
        meter = Meter(station, number)
        drawer, accepted, krns = [], [], [2, 3]
        for place, step in enumerate(steps):
            if step in ("sell", "lose", "late"):
                tokens = sell(station, number, f"s{place}", 10 + place)
                if step == "late":
                    drawer.append(tokens)
                elif step == "sell":
                    for receipt in [*drawer, tokens]:
                        enter_all(meter, receipt, accepted)
                    drawer = []
            elif see(station, change_rows.open_change, number) is None and step != "confirm":
                if step == "rollover" and see(station, config_of, number).bdt == "14":
                    plan(station, number, krn=5)
                elif krns and see(station, config_of, number).bdt == "14":
                    plan(station, number, krn=krns.pop())
            elif step == "confirm":
                confirm_if_there(station, meter, number)
            clock.forward(minutes=1)
        credits = [token.digits for token in accepted]
        assert len(set(credits)) == len(credits)


def enter_all(meter, receipt, accepted):
    """Enter a receipt in its order: key change tokens that the meter has already are skipped, as
    the receipt says; every credit token must be accepted."""
    *parts, credit = receipt
    shown = [meter.enter(part.digits) for part in parts]
    assert set(shown) <= ACCEPTED or set(shown) == {results.CRC_ERROR}
    assert meter.enter(credit.digits) == results.ACCEPT
    assert meter.enter(credit.digits) == results.USED_ERROR
    accepted.append(credit)


def confirm_if_there(station, meter, number):
    """Confirm an issued change if the meter has the new key, as its reading would."""
    change = see(station, change_rows.open_change, number)
    if change is not None and change.state == "issued":
        new = see(station, change_rows.registers, number)[0][0]
        if (meter.key.krn, meter.key.sgc) == (new.krn, new.sgc):
            do(station, change_steps.confirm, number, "reading")
