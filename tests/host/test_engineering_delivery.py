"""Key changes through a collector: one section after the other, then the credit behind them."""

import pytest
from engineering_kit import EA07, EA11, Meter, decide, make_station, plan, sell, signed
from fastapi.testclient import TestClient
from sqlalchemy import select
from station_kit import Clock, do, see

from sts_portable import results
from tjugo.errors import Conflict, NotFound, TjugoError
from tjugo.station.delivery.jobs import Ack
from tjugo.station.link import records
from tjugo.station.registry.meters import config_of, set_collector
from tjugo.station.storage.tables import Token, TokenDelivery
from tjugo.station.vending import campaigns, change_rows, change_steps, change_views, key_delivery
from tjugo.web.app import create_app

COLLECTOR = "c1"


@pytest.fixture(name="made")
def station_with_a_collector(tmp_path, database):
    with make_station(tmp_path / "state", Clock(), COLLECTOR, database()) as station:
        yield station


def sold(station, number, client_id):
    """Sell credit, to be delivered behind the key change; return its digits."""
    digits = sell(station, number, client_id)[-1].digits
    with station.work("test") as work:
        token = work.session.scalars(select(Token).filter_by(digits=digits)).one()
        work.session.add(
            TokenDelivery(
                tenant_id=1,
                ref=token.tid,
                drn=number,
                bdt=token.bdt,
                tid=token.tid,
                collector_id=COLLECTOR,
                state="issued",
                created_at=work.now(),
                after_ref=key_delivery.last_refs(work, [number]).get(number),
            )
        )
    return digits


def send(station):
    """Send what is due, as the link does; return the jobs."""
    jobs = records.open_jobs(station, only_new=True)
    assert records.mark_sent(station, jobs) == []
    return jobs


def answer(station, job, result, meter=None):
    """Let the collector answer; with a meter, with its proof."""
    ack = Ack(COLLECTOR, job.drn, job.ref, "done", result)
    records.acks(station, [ack if meter is None else signed(station, meter, ack)])


def deliver(station, meter):
    """Let the collector enter one token after the other; return them with their results."""
    entered = []
    while jobs := send(station):
        (job,) = jobs  # never two at a time
        entered.append((job.digits, meter.enter(job.digits)))
        answer(station, job, entered[-1][1], meter)
    return entered


def sections(station, number):
    change = see(station, change_rows.last_change, number)
    return [token.digits for token in see(station, change_rows.made, change)]


@pytest.mark.parametrize(
    ("number", "changes", "count"),
    [(EA07, {"krn": 2}, 2), (EA07, {"sgc": 654321}, 3), (EA11, {"krn": 2}, 4)],
)
def test_the_sections_and_then_the_credit_are_delivered(made, number, changes, count):
    meter = Meter(made, number)
    plan(made, number, **changes)
    credit = sold(made, number, "a")
    entered = deliver(made, meter)
    assert [digits for digits, _ in entered] == [*sections(made, number), credit]
    assert len(entered) == count + 1
    assert [result for _, result in entered[-2:]] == [results.ACCEPT, results.ACCEPT]
    assert see(made, change_rows.last_change, number).state == "confirmed"
    for name, value in changes.items():
        assert getattr(see(made, config_of, number), name) == value
    after = sold(made, number, "b")
    assert deliver(made, meter) == [(after, results.ACCEPT)]


def test_a_refused_section_stops_the_row_until_the_whole_set_is_sent_again(made):
    meter = Meter(made, EA07)
    plan(made, EA07, krn=2)
    credit = sold(made, EA07, "a")
    (job,) = send(made)
    answer(made, job, results.LOCKOUT_ERROR)
    assert send(made) == []
    (shown,) = see(made, change_views.changes, "issued").items
    assert (shown.delivery.state, shown.delivery.behind) == ("stopped", 1)
    assert "locked" in shown.delivery.reason
    later = sold(made, EA07, "b")
    assert send(made) == []
    do(made, key_delivery.send_again, EA07)
    with pytest.raises(Conflict, match="on their way"):
        do(made, key_delivery.send_again, EA07)
    first, second = sections(made, EA07)
    (job,) = send(made)
    assert job.digits == first
    answer(made, job, meter.enter(first), meter)
    (job,) = send(made)
    answer(made, job, meter.enter(second), meter)
    assert see(made, config_of, EA07).krn == 2
    jobs = send(made)
    assert [job.digits for job in jobs] == [credit, later]
    assert [meter.enter(job.digits) for job in jobs] == [results.ACCEPT, results.ACCEPT]
    (shown,) = see(made, change_views.changes, "confirmed").items
    assert (shown.delivery.state, shown.delivery.set_no) == ("done", 2)


def test_a_set_that_the_meter_lost_half_of_is_not_taken_for_complete(made):
    plan(made, EA07, krn=2)
    credit = sold(made, EA07, "a")
    (job,) = send(made)
    answer(made, job, Meter(made, EA07).enter(job.digits))
    (job,) = send(made)
    restarted = Meter(made, EA07)
    answer(made, job, restarted.enter(job.digits))
    (shown,) = see(made, change_views.changes, "issued").items
    assert shown.delivery.state == "stopped"
    assert "2ndKCT" in shown.delivery.reason
    assert see(made, config_of, EA07).krn == 1
    made.clock.forward(minutes=11)
    do(made, key_delivery.send_again, EA07)
    assert deliver(made, Meter(made, EA07))[-1] == (credit, results.ACCEPT)


def test_what_the_customer_entered_completes_the_set(made):
    meter = Meter(made, EA07)
    plan(made, EA07, krn=2)
    credit = sold(made, EA07, "a")
    meter.enter(sections(made, EA07)[1])
    assert [result for _, result in deliver(made, meter)] == [results.ACCEPT, results.ACCEPT]
    assert meter.enter(credit) == results.USED_ERROR


def test_a_confirmation_by_other_means_lets_the_credit_go(made):
    meter = Meter(made, EA07)
    plan(made, EA07, krn=2)
    credit = sold(made, EA07, "a")
    for digits in sections(made, EA07):
        meter.enter(digits)
    (job,) = send(made)
    answer(made, job, meter.enter(job.digits))
    do(made, change_steps.confirm, EA07, "the display")
    assert deliver(made, meter) == [(credit, results.ACCEPT)]


def test_no_set_of_another_key_follows_a_part_of_one(made):
    """The meter keeps sections for 10 minutes, and puts what it gets together."""
    meter = Meter(made, EA07)
    plan(made, EA07, krn=2)
    credit = sold(made, EA07, "a")
    (job,) = send(made)
    with pytest.raises(Conflict, match="has not answered"):
        do(made, campaigns.ask_cancel, EA07, "a mistake")
    answer(made, job, meter.enter(job.digits))
    with pytest.raises(Conflict, match="10 minutes"):
        do(made, campaigns.ask_cancel, EA07, "a mistake")
    made.clock.forward(minutes=11)
    meter.decoder.elapsed(11 * 60_000)
    decide(made, do(made, campaigns.ask_cancel, EA07, "a mistake"))
    assert send(made) == []
    plan(made, EA07, krn=3)
    other = sold(made, EA07, "b")
    entered = [digits for digits, _ in deliver(made, meter)]
    assert entered == [*sections(made, EA07), other]
    assert credit not in entered
    assert meter.key.krn == 3


def test_a_station_without_the_answer_repeats_no_later_section(made):
    plan(made, EA07, krn=2)
    sold(made, EA07, "a")
    (job,) = send(made)
    assert [one.ref for one in records.open_jobs(made)] == [job.ref]
    records.acks(made, [Ack(COLLECTOR, EA07, job.ref, "refused", why="the store is full")])
    assert [one.ref for one in records.open_jobs(made)] == [job.ref]
    (shown,) = see(made, change_views.changes, "issued").items
    assert (shown.delivery.state, shown.delivery.reason) == ("sending", "the store is full")


def test_only_an_issued_change_of_a_served_meter_is_sent_again(made, tmp_path):
    with pytest.raises(NotFound):
        do(made, key_delivery.send_again, EA07)
    with make_station(tmp_path / "other") as without:
        plan(without, EA07, krn=2)
        sell(without, EA07, "a")
        assert see(without, change_views.changes, "issued").items[0].delivery is None
        with pytest.raises(TjugoError, match="No collector"):
            do(without, key_delivery.send_again, EA07)


def test_a_collector_that_comes_later_gets_the_set_with_the_next_tokens(tmp_path):
    with make_station(tmp_path / "state") as station:
        plan(station, EA07, krn=2)
        sell(station, EA07, "a")
        meter = Meter(station, EA07)
        do(station, set_collector, EA07, COLLECTOR)
        sell(station, EA07, "b")
        assert [result for _, result in deliver(station, meter)] == [2, results.ACCEPT]


def test_a_stopped_set_is_shown_and_sent_again_by_page_and_api(tmp_path):
    with make_station(tmp_path / "state", collector=COLLECTOR) as station:
        plan(station, EA07, krn=2)
        sell(station, EA07, "a")
        app = TestClient(create_app(station), base_url="http://127.0.0.1")
        with app as web:
            for again in ("/key-changes/{}/send", "/api/v1/key-changes/{}/send"):
                assert "Send again" not in web.get("/key-changes").text
                (job,) = send(station)
                answer(station, job, results.LOCKOUT_ERROR)
                assert "Send again" in web.get("/key-changes").text
                (shown,) = web.get("/api/v1/key-changes").json()["items"]
                assert [one["state"] for one in shown["delivery"]["sections"]] == [
                    *("refused", "waiting")
                ]
                assert web.post(again.format(EA07)).status_code == 200
            assert web.post(f"/api/v1/key-changes/{EA07}/send").status_code == 409
