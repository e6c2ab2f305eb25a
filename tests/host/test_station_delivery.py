"""The way of a token to its meter: what is due when, what an answer changes."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from station_kit import COLLECTOR, do, drn, new_station, see

from sts_portable import results
from tjugo.station.delivery import outcomes
from tjugo.station.delivery import service as delivery
from tjugo.station.link import wire
from tjugo.station.readings import views as reading_views
from tjugo.station.registry import views as registry_views
from tjugo.station.vending import vend as selling
from tjugo.station.vending import views as sale_views


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


def sell(station, client_id="a", number=1):
    return selling.sell(station, "test", client_id, drn(number), Decimal(20))


def ack(sale, state, result=None, why=None, collector=COLLECTOR):
    return wire.Ack(collector, sale.drn, sale.delivery.ref, state, result, why)


def state_of(station, sale):
    return see(station, sale_views.find_sale, sale.client, sale.client_id).delivery


# The schedule


def job(ref=1, collector=COLLECTOR):
    return delivery.Job(ref, collector, drn(1), "0" * 20)


def test_a_command_is_repeated_less_and_less_often():
    schedule, one = delivery.Schedule(), job()
    schedule.add([one])
    sent, now = [], 0
    while now < 400:
        for due in schedule.due(now):
            sent.append(now)
            schedule.sent(due, now)
        now += 1
    assert sent == [0, 5, 10, 20, 40, 80, 140, 200, 260, 320, 380]


def test_what_is_stored_is_asked_about_now_and_then():
    schedule, one = delivery.Schedule(), job()
    schedule.add([one])
    schedule.sent(one, 0)
    schedule.answered(wire.Ack(COLLECTOR, drn(1), 1, "stored"), 1)
    assert schedule.due(300) == [] and schedule.due(301) == [one]
    schedule.sent(one, 301)
    assert schedule.due(600) == [] and schedule.due(601) == [one]


def test_done_ends_a_job_and_strangers_do_not():
    schedule = delivery.Schedule()
    schedule.add([job()])
    schedule.answered(wire.Ack("other", drn(1), 1, "done", 1), 0)
    schedule.answered(wire.Ack(COLLECTOR, drn(2), 1, "done", 1), 0)
    schedule.answered(wire.Ack(COLLECTOR, drn(1), 2, "done", 1), 0)
    assert len(schedule) == 1
    schedule.answered(wire.Ack(COLLECTOR, drn(1), 1, "done", 1), 0)
    assert len(schedule) == 0


def test_a_collector_that_comes_back_is_asked_at_once():
    schedule, here, there = delivery.Schedule(), job(1), job(2, "other")
    schedule.add([here, there])
    for one in (here, there):
        schedule.sent(one, 0)
    schedule.collector_online(COLLECTOR, 2)
    assert schedule.due(2) == [here]


def test_a_job_is_taken_once():
    schedule, one = delivery.Schedule(), job()
    schedule.add([one])
    schedule.sent(one, 0)
    schedule.add([job()])
    assert schedule.due(0) == []


# The rows


def test_from_issued_to_accepted(station):
    sale = sell(station)
    jobs = see(station, delivery.open_jobs, only_new=True)
    assert [(j.ref, j.collector_id, j.digits) for j in jobs] == [
        (sale.delivery.ref, COLLECTOR, sale.digits)
    ]
    do(station, delivery.mark_sent, jobs)
    assert see(station, delivery.open_jobs, only_new=True) == []
    assert (state_of(station, sale).state, state_of(station, sale).attempts) == ("sent", 1)
    assert do(station, delivery.take, ack(sale, "stored")) == []
    assert state_of(station, sale).state == "at_collector"
    assert len(see(station, delivery.open_jobs)) == 1
    answers = do(station, delivery.take, ack(sale, "done", results.ACCEPT))
    assert answers == [wire.forget(COLLECTOR, drn(1), sale.delivery.ref)]
    found = state_of(station, sale)
    assert (found.state, found.reason) == ("accepted", None)
    assert found.sent_at and found.stored_at and found.done_at
    assert see(station, delivery.open_jobs) == []


@pytest.mark.parametrize("code", [c for c in range(19) if c not in (results.NONE, results.ACCEPT)])
def test_a_meters_refusal_says_why(station, code):
    sale = sell(station)
    do(station, delivery.take, ack(sale, "done", code))
    found = state_of(station, sale)
    assert found.state == "refused"
    assert found.reason.startswith(results.name(code))


def test_a_result_from_a_later_edition_is_still_shown():
    assert outcomes.sentence(99) == "Result99"


def test_what_the_meter_said_first_is_final_and_forgotten_again(station):
    sale = sell(station)
    do(station, delivery.take, ack(sale, "done", results.ACCEPT))
    for late in (ack(sale, "stored"), ack(sale, "refused"), ack(sale, "done", results.USED_ERROR)):
        answers = do(station, delivery.take, late)
        assert (answers == []) == (late.state == "stored")
        assert state_of(station, sale).state == "accepted"


def test_a_collectors_refusal_is_shown_and_tried_again(station):
    sale = sell(station)
    answers = do(station, delivery.take, ack(sale, "refused", why="storage full"))
    assert answers == [wire.forget(COLLECTOR, drn(1), sale.delivery.ref)]
    assert state_of(station, sale).reason == "storage full"
    assert state_of(station, sale).state == "refused"
    (again,) = see(station, delivery.open_jobs)
    do(station, delivery.mark_sent, [again])
    do(station, delivery.take, ack(sale, "stored"))
    assert (state_of(station, sale).state, state_of(station, sale).reason) == (
        "at_collector",
        None,
    )


@pytest.mark.parametrize("wrong", ["collector", "drn", "ref"])
def test_an_answer_from_elsewhere_changes_nothing(station, wrong):
    sale = sell(station)
    fields = {"collector": COLLECTOR, "drn": drn(1), "ref": sale.delivery.ref}
    fields[wrong] = {"collector": "c2", "drn": drn(2), "ref": fields["ref"] % 0xFFFFFFFF + 1}[
        wrong
    ]
    stranger = wire.Ack(fields["collector"], fields["drn"], fields["ref"], "done", 1)
    assert do(station, delivery.take, stranger) == []
    assert state_of(station, sale).state == "issued"


def reading(collector=COLLECTOR, number=1, **values):
    return wire.Reading(collector, drn(number), datetime(2026, 1, 2, tzinfo=UTC), True, values)


def test_the_latest_reading_is_kept(station):
    do(station, delivery.take, reading(credit_wh=100))
    do(station, delivery.take, reading(credit_wh=90, relay_closed=True))
    found = see(station, registry_views.find_meter, drn(1)).reading
    assert (found["credit_wh"], found["relay_closed"], found["energy_wh"]) == (90, True, None)
    assert found["at"] == "2026-01-02T00:00:00Z"


@pytest.mark.parametrize("stranger", [{"collector": "c2"}, {"number": 3}, {"number": 9}])
def test_a_collector_reads_its_own_meters_only(station, stranger):
    do(station, delivery.take, reading(**stranger))
    assert all(meter.reading is None for meter in see(station, registry_views.meters).items)


@pytest.mark.parametrize("incoming", [wire.EchoReply(COLLECTOR, 7), wire.EchoReply("c2", 7)])
def test_an_echo_is_not_answered(station, incoming):
    assert do(station, delivery.take, incoming) == []


def test_a_collector_without_the_job_is_not_told_to_forget_it(station):
    sale = sell(station)
    assert do(station, delivery.take, ack(sale, "unknown")) == []
    assert state_of(station, sale).state == "issued"


def test_what_a_meter_does_not_know_is_unknown_and_each_bit_is_shown(station):
    """As decoded: a damaged ledger is no energy of 0, and no bit of the status is dropped."""
    state = {"at": 5, "online": True, "fault": "ledger fault", "energy_wh": None, "krn": 2}
    state |= {
        "open_reasons": 0x8005,
        "relay_fault": True,
        "ledger_fault": True,
        "safe_mode": False,
    }
    topic = f"tjugo/v1/1/{COLLECTOR}/{drn(1)}/state"
    do(station, delivery.take, wire.parse(topic, json.dumps(state).encode(), 1))
    found = see(station, registry_views.find_meter, drn(1)).reading
    assert (found["energy_wh"], found["credit_wh"], found["krn"]) == (None, None, 2)
    assert (found["fault"], found["online"]) == ("ledger fault", True)
    assert set(found["open_reasons"]) == {"ledger_fault", "no_credit", "bit 15"}
    assert found["status"] == ["ledger_fault", "relay_fault"]
    assert (found["relay_fault"], found["safe_mode"], found["cover_open"]) == (True, False, None)
    do(station, delivery.take, wire.parse(topic, b"{}", 1))
    found = see(station, registry_views.find_meter, drn(1)).reading
    assert found["status"] is found["open_reasons"] is None


def test_the_collectors_status(station):
    unknown = dict.fromkeys(("online", "at", "version", "crash"))
    assert see(station, reading_views.collectors) == [
        reading_views.CollectorView(COLLECTOR, **unknown)
    ]
    for online in (True, False):
        do(station, delivery.take, wire.CollectorStatus(COLLECTOR, online))
        do(station, delivery.take, wire.CollectorStatus("unknown", online))
        (found,) = see(station, reading_views.collectors)
        assert found.online is online


def test_what_a_collector_says_of_itself(station):
    for crash in ("MemoryError", None):
        do(station, delivery.take, wire.CollectorAbout(COLLECTOR, "0.1.0", crash))
        do(station, delivery.take, wire.CollectorAbout("unknown", "0.1.0", "OSError"))
        (found,) = see(station, reading_views.collectors)
        assert (found.version, found.crash, found.online) == ("0.1.0", crash, None)
