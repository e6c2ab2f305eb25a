"""The meter refused a token: each cause gives its reason and what helps."""

import pytest
from engineering_kit import EA07, EA11, Meter, decide, make_station, plan, sell
from hypothesis import given
from hypothesis import strategies as st
from station_kit import Clock, do, drn

from meter.face.panel import result_words
from sts_portable import results
from tjugo.errors import TjugoError
from tjugo.station.delivery.jobs import Ack
from tjugo.station.link import records
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.registry.meters import config_of, set_status
from tjugo.station.storage.tables import MeterReading, Token, TokenDelivery
from tjugo.station.vending import answers, change_steps, engineering, replacement, triage
from tjugo.station.vending.asked import Issued, Waiting
from tjugo.station.vending.mistyped import difference


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with make_station(tmp_path / "state", clock, collector="c1") as made:
        yield made


def examine(station, digits, shown="", number=EA07, **more):
    with station.work("op:cashier") as work:
        return triage.examine(work, number, digits, shown, **more)


def credit(station, client_id="s", number=EA07):
    return sell(station, number, client_id)[-1].digits


@pytest.mark.parametrize("code", range(results.ACCEPT, results.FOURTH_KCT + 1))
def test_every_display_of_the_meter_is_understood(code):
    first, second = result_words(code, "20.00 kWh" if code == results.ACCEPT else "")
    assert answers.result_of(str(code)) == code
    assert answers.result_of(results.name(code)) == code
    assert answers.result_of(f"{first} {second}") in (code, None)
    if code not in (results.ACCEPT, results.BUSY):
        assert answers.result_of(f"{first} {second}") == code
        assert answers.result_of(second) == code
        assert answers.result_of(f"{first} Wait 12 s") in (code, answers.result_of(first))
    understood = answers.result_of(first)
    assert understood in (code, None, results.CRC_ERROR)


@pytest.mark.parametrize("shown", ["", "0", "19", "99", "hello", "-1"])
def test_other_words_are_no_result(shown):
    assert answers.result_of(shown) is None


def test_what_no_meter_displays_is_an_error(station):
    with pytest.raises(TjugoError, match="No meter displays 'hello'"):
        examine(station, credit(station), "hello")


def test_a_wrong_meter_number(station):
    assert examine(station, "1", number="123").code == "drn_invalid"
    found = examine(station, "1", number=drn(99))
    assert (found.code, found.offers) == ("meter_unknown", ("retype",))


def test_a_meter_that_is_blocked(station):
    digits = credit(station)
    do(station, set_status, EA07, "blocked")
    assert examine(station, digits).code == "meter_not_installed"


def test_the_customer_is_named(station):
    do(station, add_customer, "Ada Obi", account_no="A1")
    do(station, link_meter, EA07, "A1")
    assert examine(station, credit(station)).customer == "Ada Obi (A1)"


def test_a_missing_digit(station):
    digits = credit(station)
    found = examine(station, digits[:6] + digits[7:])
    assert (found.code, found.offers, found.token) == ("mistyped", ("retype",), digits)
    assert examine(station, "1234").code == "digits_invalid"
    assert examine(station, "9" * 20).code == "digits_invalid"
    assert examine(station, "one").code == "digits_invalid"


def test_a_wrong_digit(station):
    digits = credit(station)
    wrong = digits[:4] + str((int(digits[4]) + 1) % 10) + digits[5:]
    found = examine(station, wrong, "Wrong token")
    assert (found.code, found.token) == ("mistyped", digits)
    assert f"digit 5 is {digits[4]}, not {wrong[4]}" in found.sentence


@given(
    right=st.text("0123456789", min_size=20, max_size=20),
    place=st.integers(0, 18),
    digit=st.sampled_from("0123456789"),
)
def test_one_mistake_is_described(right, place, digit):
    wrong = right[:place] + digit + right[place + 1 :]
    assert (difference(wrong, right) is None) is (wrong == right)
    assert difference(right[:place] + right[place + 1 :], right) is not None
    assert difference(right[:place] + digit + right[place:], right) is not None
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    if swapped != right:
        assert difference(swapped, right) == f"digits {place + 1} and {place + 2} are exchanged"


def test_the_token_of_another_meter(station):
    digits = credit(station, number=EA11)
    found = examine(station, digits, "CRCError")
    assert found.code == "other_meter"
    assert EA11 in found.sentence


def test_a_test_token(station):
    with station.work("op:e") as work:
        engineering.request(work, "web", "t", None, "display_krn")
    assert examine(station, "1844 6744 0738 4377 2416").code == "test_token"


def test_a_token_that_nobody_sold(station):
    assert examine(station, "12345678901234567890", "CRCError").code == "not_ours"


def test_a_token_of_this_key_without_a_record(station):
    with station.view() as view:
        config = config_of(view, EA07)
    digits = station.backend.issue_credit_token(config, 0, 10, 5000, 1)
    assert examine(station, digits).code == "not_recorded"


def delivered(station, tid, result):
    with station.work("test") as work:
        row = TokenDelivery(tenant_id=1, ref=tid, drn=EA07, bdt="14", tid=tid, collector_id="c1")
        row.state, row.result, row.created_at = "accepted", result, work.now()
        row.done_at = work.now()
        work.session.add(row)


def test_a_token_that_is_only_reported_as_used(station):
    """Nothing proves that its credit was added: what the meter displays decides."""
    token = sell(station, EA07, "s")[-1]
    delivered(station, token.tid, results.ACCEPT)
    with station.work("test") as work:
        work.session.query(TokenDelivery).one().state = "reported"
    found = examine(station, token.digits)
    (step,) = [one for one in found.steps if one.name == "Used"]
    assert step.state == "unknown" and "not proved" in step.sentence
    assert found.code != "used"
    assert examine(station, token.digits, "UsedError").code == "used"
    with pytest.raises(TjugoError, match="Its collector reports that the meter has accepted"):
        do(station, replacement.replace, EA07, "14", token.tid, 10, "x")


def test_a_token_that_was_used(station):
    token = sell(station, EA07, "s")[-1]
    assert examine(station, token.digits, "Used").code == "used"
    delivered(station, token.tid, results.ACCEPT)
    found = examine(station, token.digits)
    assert (found.code, found.offers) == ("used", ("nothing",))
    assert "2026-11-22 12:00" in found.sentence
    with pytest.raises(TjugoError, match="has accepted this token"):
        do(station, replacement.replace, EA07, "14", token.tid, None, "please")


@pytest.mark.parametrize(
    ("shown", "code", "offer"),
    [
        ("", "no_fault", "resend"),
        ("Too much credit", "too_much_credit", "resend"),
        ("LockoutError", "locked", "wait"),
        ("12", "default_key", "plan_key_change"),
        ("FormatError", "mistyped", "retype"),
        ("CRCError", "wrong_token", "retype"),
        ("Expired", "key_expired", "plan_key_change"),
        ("Old", "old_doubtful", "plan_key_change"),
        ("Accepted", "accepted", "nothing"),
        ("FunctionError", "no_function", "nothing"),
    ],
)
def test_the_answer_of_the_meter(station, shown, code, offer):
    digits = credit(station)
    found = examine(station, digits, shown)
    assert (found.code, found.offers[0], found.token) == (code, offer, digits)
    assert all(step.sentence.endswith(".") for step in found.steps)


def test_a_token_older_than_all_that_the_meter_keeps(station):
    token = sell(station, EA07, "first")[-1]
    meter = Meter(station, EA07)
    for number in range(50):
        assert meter.enter(credit(station, f"s{number}")) == results.ACCEPT
    assert meter.enter(token.digits) == results.OLD_ERROR
    found = examine(station, token.digits, "OldError")
    assert (found.code, found.offers) == ("old", ("replace",))
    replace_and_enter(station, meter, found)


def replace_and_enter(station, meter, found):
    """Replace the token; the meter accepts the new one, and a second replacement is the same."""
    given = (found.drn, found.bdt, found.tid, None, "the meter refuses it")
    with station.work("op:cashier") as work:
        waiting = replacement.replace(work, *given)
    assert isinstance(waiting, Waiting)
    with pytest.raises(TjugoError, match="nother person"):
        decide(station, waiting.approval, who="op:cashier")
    decide(station, waiting.approval)
    outcome = do(station, replacement.replace, *given)
    assert isinstance(outcome, Issued)
    assert outcome.tokens[-1].kind == "replacement"
    assert outcome.tokens[-1].tenths == found.tenths
    assert [meter.enter(one.digits) for one in outcome.tokens][-1] == results.ACCEPT
    assert do(station, replacement.replace, *given) == outcome


def test_credit_before_the_key_change_tokens(station):
    plan(station, EA07, krn=2)
    tokens = sell(station, EA07, "s")
    meter = Meter(station, EA07)
    assert meter.enter(tokens[-1].digits) == results.CRC_ERROR
    found = examine(station, tokens[-1].digits, "CRCError")
    assert (found.code, found.offers[0]) == ("key_change_first", "key_change")
    assert [one.digits for one in found.first] == [one.digits for one in tokens[:-1]]
    assert [meter.enter(one.digits) for one in found.first] == [2, results.ACCEPT]
    assert meter.enter(found.token) == results.ACCEPT
    with pytest.raises(TjugoError, match="to be entered first"):
        do(station, replacement.replace, found.drn, found.bdt, found.tid, None, "x")


def test_a_token_of_the_former_key_is_replaced(station):
    meter = Meter(station, EA07)
    forgotten = credit(station, "drawer")
    plan(station, EA07, krn=2)
    for one in sell(station, EA07, "new"):
        meter.enter(one.digits)
    assert meter.enter(forgotten) == results.CRC_ERROR
    found = examine(station, forgotten, "Wrong token")
    assert (found.code, found.offers) == ("key_changed", ("confirm_key", "replace"))
    do(station, change_steps.confirm, EA07, "triage")
    found = examine(station, forgotten, "Wrong token")
    assert (found.code, found.offers) == ("old_key", ("replace",))
    replace_and_enter(station, meter, found)


def test_a_used_token_of_the_new_key_confirms_the_change(station):
    plan(station, EA07, krn=2)
    token = sell(station, EA07, "s")[-1]
    found = examine(station, token.digits, "Used")
    assert (found.code, found.offers[0]) == ("used", "confirm_key")


def test_a_change_that_was_confirmed_too_early(station):
    meter = Meter(station, EA07)
    plan(station, EA07, krn=2)
    tokens = sell(station, EA07, "s")
    do(station, change_steps.confirm, EA07, "a mistake")
    later = credit(station, "later")
    found = examine(station, later, "Wrong token", seen={"krn": 1})
    assert (found.code, found.offers[0]) == ("key_change_missed", "key_change")
    assert [one.digits for one in found.first] == [one.digits for one in tokens[:-1]]
    assert [meter.enter(one.digits) for one in found.first] == [2, results.ACCEPT]
    assert meter.enter(later) == results.ACCEPT


def test_a_meter_with_a_key_that_is_not_recorded(station):
    found = examine(station, credit(station), "Wrong token", seen={"krn": 7})
    assert (found.code, found.offers) == ("other_key", ("nothing",))
    with station.work("test") as work:
        row = MeterReading(tenant_id=1, drn=EA07, received_at=work.now(), online=True, ti=9)
        work.session.add(row)
    assert examine(station, credit(station, "b"), "CRCError").code == "other_key"


def test_the_tokens_of_a_key_change(station):
    plan(station, EA07, krn=2)
    first, second, new = sell(station, EA07, "s")
    assert examine(station, first.digits, "Next token 1stKCT").code == "next_token"
    assert examine(station, first.digits, "CRCError").code == "key_change_doubtful"
    assert do(station, change_steps.confirm, EA07, "x").krn == 2
    assert examine(station, second.digits, "CRCError").code == "key_change_done"
    assert examine(station, new.digits).code == "no_fault"


def test_a_damaged_record_gives_no_digits(station):
    digits = credit(station)
    with station.work("test") as work:
        row = work.session.query(Token).one()
        row.units_tenths = 9
    found = examine(station, digits)
    assert (found.code, found.token) == ("token_damaged", None)


def test_a_replacement_is_of_what_is_owed_at_most(station):
    token = sell(station, EA07, "s")[-1]
    for tenths in (0, -1, 201):
        with pytest.raises(TjugoError, match=r"carries 20\.0 kWh"):
            do(station, replacement.replace, EA07, "14", token.tid, tenths, "x")
    with pytest.raises(TjugoError, match="can still be used"):
        do(station, replacement.replace, EA07, "14", token.tid, 10, "x")
    with pytest.raises(TjugoError, match="No credit token"):
        do(station, replacement.replace, EA07, "14", 1, 10, "x")


def test_the_collectors_part_of_a_key_change_is_shown(station):
    plan(station, EA07, krn=2)
    token = sell(station, EA07, "a")[-1].digits
    jobs = records.open_jobs(station)
    records.mark_sent(station, jobs)
    records.acks(station, [Ack("c1", EA07, jobs[0].ref, "done", results.LOCKOUT_ERROR)])
    found = examine(station, token)
    (step,) = [one for one in found.steps if one.name == "Key change by the collector"]
    assert (step.state, found.code) == ("failed", "key_change_first")
    assert "0 of 2" in step.sentence
    assert "locked" in step.sentence
