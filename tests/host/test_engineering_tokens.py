"""Engineering tokens: what each carries, who approves it, and that each is a recorded request."""

import pytest
from engineering_kit import EA07, EA11, Meter, decide, make_station, plan, sell
from hypothesis import given
from hypothesis import strategies as st
from station_kit import do, drn, see

from sts_portable import amount, results, token, vendor
from tjugo.errors import TjugoError
from tjugo.station.audit import chain
from tjugo.station.receipts import render
from tjugo.station.receipts.model import Receipt
from tjugo.station.registry.meters import (
    NewMeter,
    add_meter,
    config_of,
    drn_with_check_digit,
    set_status,
)
from tjugo.station.storage.tables import MeterReading, PlainToken, Sale, Token
from tjugo.station.vending import asked, engineering, kinds, sale_views
from tjugo.station.vending.asked import Issued, Waiting
from tjugo.station.vending.views import Refusal


@pytest.fixture
def station(tmp_path):
    with make_station(tmp_path / "state") as made:
        yield made


def request(station, kind, client_id="a", number=EA07, **more):
    with station.work("op:engineer") as work:
        return engineering.request(work, "web", client_id, number, kind, **more)


def decoded(station, outcome, number=EA07):
    """Return the one token of an outcome, as the meter decodes it."""
    assert isinstance(outcome, Issued)
    (printed,) = outcome.tokens
    assert printed.kind == outcome.asked["kind"]
    config = see(station, config_of, number)
    found = station.backend.verify_token(config, printed.digits)
    assert (found.cls, found.subclass) == (printed.token_class, printed.subclass)
    assert found.tid == printed.tid
    return found


def test_the_token_that_displays_the_krn_is_the_published_one(station):
    outcome = request(station, "display_krn", number=None)
    assert outcome.tokens[0].grouped() == "1844 6744 0738 4377 2416"
    assert outcome.drn == ""


def test_test_all_sets_every_control_bit(station):
    (all_of_11,) = request(station, "test_all").tokens
    assert token.decode(all_of_11.digits).field("control") == (1 << 36) - 1
    do(station, add_meter, NewMeter(long_drn()))
    (all_of_13,) = request(station, "test_all", "b", long_drn()).tokens
    found = token.decode(all_of_13.digits)
    assert (found.subclass, found.field("control")) == (1, (1 << 28) - 1)


def long_drn():
    """Return a DRN with a manufacturer code of 4 digits."""
    return drn_with_check_digit("012300000001")


@pytest.mark.parametrize(
    ("kind", "given", "field", "value"),
    [
        ("phase_unbalance", {"value": 500}, "mppul", 500),
        ("tariff_rate", {"value": 7}, "rate", 7),
        ("water_factor", {"value": 65535}, "factor", 65535),
    ],
)
def test_a_token_of_low_risk_is_issued_at_once(station, kind, given, field, value):
    found = decoded(station, request(station, kind, **given))
    number = found.field(field)
    assert (amount.decode(number) if field == "mppul" else number) == value
    with station.view() as view:
        row = view.session.get_one(Token, (1, EA07, "14", found.tid))
        assert (row.token_class, row.units_tenths) == (2, 0)


@pytest.mark.parametrize(
    ("kind", "given", "fields"),
    [
        ("clear_credit", {}, {"register": 0xFFFF}),
        ("clear_credit", {"value": 4}, {"register": 4}),
        ("clear_tamper", {}, {"pad": 0}),
        ("set_flag", {"index": 2, "value": 1}, {"index": 63, "flag": 2, "state": 1}),
        ("set_register", {"index": 5, "value": 1023}, {"index": 5, "data": 1023}),
    ],
)
def test_a_risky_token_waits_for_a_second_person(station, kind, given, fields):
    waiting = request(station, kind, **given)
    assert isinstance(waiting, Waiting)
    with station.view() as view:
        assert view.session.query(Token).count() == 0
    with pytest.raises(TjugoError):
        decide(station, waiting.approval, who="op:engineer")
    assert request(station, kind, **given) == waiting
    decide(station, waiting.approval)
    outcome = request(station, kind, **given)
    found = decoded(station, outcome)
    assert {name: found.field(name) for name in fields} == fields
    assert request(station, kind, **given) == outcome
    with pytest.raises(TjugoError):
        decide(station, waiting.approval, who="op:third")
    with station.view() as view:
        assert view.session.query(Token).count() == 1
        assert chain.verify(view)[1] == []


def test_a_refused_approval_is_the_final_answer(station):
    waiting = request(station, "clear_credit")
    decide(station, waiting.approval, approve=False, note="wrong meter")
    outcome = request(station, "clear_credit")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "approval_refused"
    assert "wrong meter" in outcome.message


def test_what_became_impossible_meanwhile_is_recorded_as_refused(station):
    waiting = request(station, "clear_tamper")
    do(station, set_status, EA07, "blocked")
    decide(station, waiting.approval)
    outcome = request(station, "clear_tamper")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "meter_not_installed"


@pytest.mark.parametrize(
    ("limit", "watts", "waits"), [(None, 100, True), (5000, 5001, True), (5000, 5000, False)]
)
def test_a_power_limit_above_the_present_one_waits(station, limit, watts, waits):
    with station.work("test") as work:
        row = MeterReading(tenant_id=1, drn=EA07, received_at=work.now(), online=True)
        row.power_limit_w = limit
        work.session.add(row)
    outcome = request(station, "power_limit", value=watts)
    assert isinstance(outcome, Waiting) is waits
    if not waits:
        assert amount.decode(decoded(station, outcome).field("mpl")) == watts


def test_tids_are_unique_among_credit_and_engineering_tokens(station):
    meter = Meter(station, EA07)
    tokens = [
        *sell(station, EA07, "s1"),
        *request(station, "tariff_rate", "t1", value=1).tokens,
        *sell(station, EA07, "s2"),
        *request(station, "phase_unbalance", "t2", value=9).tokens,
    ]
    assert len({one.tid for one in tokens}) == 4
    assert [meter.enter(one.digits) for one in tokens] == [results.ACCEPT] * 4


def test_while_a_key_change_is_issued_its_tokens_come_first(station):
    plan(station, EA11, krn=2)
    sell(station, EA11, "lost")
    outcome = request(station, "tariff_rate", number=EA11, value=1)
    meter = Meter(station, EA11)
    assert [meter.enter(one.digits) for one in outcome.tokens] == [2, 3, 17, 1, 1]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("clear", {}),
        ("power_limit", {}),
        ("power_limit", {"value": 0}),
        ("power_limit", {"value": amount.MAX_TENTHS + 1}),
        ("clear_credit", {"value": 8}),
        ("clear_tamper", {"value": 1}),
        ("set_flag", {"value": 1}),
        ("set_flag", {"index": 512, "value": 1}),
        ("set_flag", {"index": 1, "value": 2}),
        ("set_register", {"index": 63, "value": 1}),
        ("display_krn", {"index": 1}),
        ("clear_credit", {"number": None}),
    ],
)
def test_what_no_token_can_carry_is_refused(station, kind, given):
    with pytest.raises(TjugoError) as caught:
        asked.answer(request(station, kind, **given))
    assert caught.value.code == "engineering_invalid"
    with station.view() as view:
        assert view.session.query(Token).count() == view.session.query(PlainToken).count() == 0


def test_one_id_is_for_one_request(station):
    request(station, "tariff_rate", value=1)
    with pytest.raises(TjugoError, match="was used before"):
        request(station, "tariff_rate", value=2)
    with pytest.raises(TjugoError, match="was used before"):
        request(station, "tariff_rate", number=EA11, value=1)


def test_an_unknown_meter_is_a_recorded_refusal(station):
    outcome = request(station, "display_krn", number=drn(99))
    assert isinstance(outcome, Refusal)
    assert see(station, asked.found, "web", "a") == outcome


def test_a_damaged_record_is_not_shown(station):
    request(station, "display_krn")
    with station.work("test") as work:
        row = work.session.get_one(PlainToken, (1, "web", "a", 0))
        row.digits = "0" * 20
    with pytest.raises(TjugoError, match="damaged"):
        see(station, asked.found, "web", "a")


def test_they_are_no_sales(station):
    request(station, "display_krn")
    assert see(station, sale_views.sales).items == []
    assert len(see(station, engineering.recent)) == 1


CLASS_2 = [name for name, kind in kinds.KINDS.items() if kind.token_class == 2]


@given(data=st.data(), name=st.sampled_from(CLASS_2))
def test_every_value_that_is_taken_is_carried(data, name):
    kind = kinds.KINDS[name]
    value = None
    if name == "clear_credit":
        value = data.draw(st.sampled_from([*range(8), 0xFFFF]))
    elif kind.value:
        value = data.draw(st.integers(kind.least, kind.most))
    index = data.draw(st.sampled_from(kind.index)) if kind.index else None
    wanted = kinds.checked(name, value, index)
    values = kinds.values_of(wanted)
    made = vendor.management(bytes(8), 7, kind.subclass, 5000, 1, **values)
    found = token.decode(made, bytes(8), 7)
    for name, number in values.items():
        carried = found.field(name)
        assert (carried if kind.value != "W" else amount.decode(carried)) >= number
    assert kinds.described(wanted)


@pytest.mark.parametrize(
    ("kind", "given", "of_sale", "printed"),
    [
        ("display_krn", {"number": None}, "engineering", "test"),
        ("tariff_rate", {"value": 1}, "engineering", "tariff_rate"),
        ("phase_unbalance", {"value": 1}, "engineering", "phase_unbalance"),
    ],
)
def test_each_has_a_receipt_with_the_next_number(station, kind, given, of_sale, printed):
    sell(station, EA07, "s")
    outcome = request(station, kind, **given)
    with station.view() as view:
        row = view.session.get_one(Sale, (1, "web", "a"))
        receipt = Receipt.from_json(row.receipt)
    assert (row.kind, row.receipt_no, row.tendered, row.paid_tenths) == (of_sale, 2, 0, 0)
    assert [(one.kind, one.digits) for one in receipt.tokens] == [
        (printed, outcome.tokens[0].digits)
    ]
    assert (receipt.meter is None) is ("number" in given)
    assert render.text(receipt, 42, "en", 0)


def test_a_refused_request_takes_no_number(station):
    request(station, "tariff_rate", number=drn(99), value=1)
    request(station, "tariff_rate", "b", value=1)
    with station.view() as view:
        assert [row.receipt_no for row in view.session.query(Sale)] == [1]
