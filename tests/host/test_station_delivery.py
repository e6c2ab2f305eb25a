"""The delivery of a token to its meter: what is due when, and what an answer changes."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from proof_kit import proved
from station_kit import COLLECTOR, NOON, Clock, drn, new_station, see

from sts_portable import results
from tjugo.station.delivery import outcomes
from tjugo.station.delivery import service as delivery
from tjugo.station.delivery.jobs import LATER_S, Ack, Job, Schedule
from tjugo.station.link import records, wire
from tjugo.station.readings import intake
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
    return Ack(collector, sale.drn, sale.delivery.ref, state, result, why)


def state_of(station, sale):
    return see(station, sale_views.find_sale, sale.client, sale.client_id).delivery


# The schedule


def job(ref=1, collector=COLLECTOR):
    return Job(ref, collector, drn(1), "0" * 20, NOON)


def test_a_command_is_repeated_less_and_less_often():
    schedule, one = Schedule(), job()
    schedule.add([one])
    sent, now = [], 0
    while now < 400:
        for due in schedule.due(now):
            sent.append(now)
            schedule.sent(due, now)
        now += 1
    assert sent == [0, 5, 10, 20, 40, 80, 140, 200, 260, 320, 380]


def test_what_is_stored_is_asked_about_now_and_then():
    schedule, one = Schedule(), job()
    schedule.add([one])
    schedule.sent(one, 0)
    schedule.answered(Ack(COLLECTOR, drn(1), 1, "stored"), 1)
    assert schedule.due(300) == [] and schedule.due(301) == [one]
    schedule.sent(one, 301)
    assert schedule.due(600) == [] and schedule.due(601) == [one]


def test_done_ends_a_job_and_strangers_do_not():
    schedule = Schedule()
    schedule.add([job()])
    schedule.answered(Ack("other", drn(1), 1, "done", 1), 0)
    schedule.answered(Ack(COLLECTOR, drn(2), 1, "done", 1), 0)
    schedule.answered(Ack(COLLECTOR, drn(1), 2, "done", 1), 0)
    assert len(schedule) == 1
    schedule.answered(Ack(COLLECTOR, drn(1), 1, "done", 1), 0)
    assert len(schedule) == 0


def test_a_collector_that_does_not_answer_echoes_gets_commands_rarely():
    schedule, one = Schedule(), job()
    schedule.add([one])
    schedule.sent(one, 0, reachable=False)
    assert schedule.due(LATER_S - 1) == [] and schedule.due(LATER_S) == [one]
    schedule.resume(COLLECTOR, 10)
    assert schedule.due(10) == [one]


def test_a_job_that_expired_is_not_sent():
    schedule = Schedule()
    schedule.add([job(1), job(2)])
    schedule.drop([1, 7])
    assert [j.ref for j in schedule.due(0)] == [2]


def test_a_collector_that_comes_back_is_asked_at_once():
    schedule, here, there = Schedule(), job(1), job(2, "other")
    schedule.add([here, there])
    for one in (here, there):
        schedule.sent(one, 0)
    schedule.resume(COLLECTOR, 2)
    assert schedule.due(2) == [here]


def test_a_job_is_taken_once():
    schedule, one = Schedule(), job()
    schedule.add([one])
    schedule.sent(one, 0)
    schedule.add([job()])
    assert schedule.due(0) == []


# The rows


def sent(station, client_id="a", number=1):
    """Return a sale whose command was sent."""
    sale = sell(station, client_id, number)
    jobs = [job for job in records.open_jobs(station) if job.ref == sale.delivery.ref]
    records.mark_sent(station, jobs)
    return sale


def take(station, *acks):
    """Record answers, which have the meter's proof; return how each was judged."""
    return judged(station, *(proved(station, one) for one in acks))


def judged(station, *acks):
    """Record answers as they are; return how each was judged."""
    answered = vars(records.acks(station, acks))
    kinds = [kind for kind in answered if kind != "changes"]
    assert sum(len(answered[kind]) for kind in kinds) == len(acks)
    where = {_plain(one): kind for kind in kinds for one in answered[kind]}
    return [where[_plain(one)] for one in acks]


def _plain(ack):
    return ack.collector_id, ack.drn, ack.ref, ack.state, ack.result, ack.proof


def test_from_issued_to_accepted(station):
    sale = sell(station)
    jobs = records.open_jobs(station, only_new=True)
    assert [(j.ref, j.collector_id, j.digits) for j in jobs] == [
        (sale.delivery.ref, COLLECTOR, sale.digits)
    ]
    records.mark_sent(station, jobs)
    assert records.open_jobs(station, only_new=True) == []
    assert (state_of(station, sale).state, state_of(station, sale).attempts) == ("sent", 1)
    assert take(station, ack(sale, "stored")) == ["taken"]
    assert state_of(station, sale).state == "at_collector"
    assert len(records.open_jobs(station)) == 1
    assert take(station, ack(sale, "done", results.ACCEPT)) == ["taken"]
    found = state_of(station, sale)
    assert (found.state, found.reason) == ("accepted", None)
    assert found.sent_at and found.stored_at and found.done_at
    assert records.open_jobs(station) == []


@pytest.mark.parametrize("code", [c for c in range(19) if c not in (results.NONE, results.ACCEPT)])
def test_a_meters_refusal_says_why(station, code):
    sale = sent(station)
    take(station, ack(sale, "done", code))
    found = state_of(station, sale)
    assert found.state == "refused"
    assert found.reason.startswith(results.name(code))


def test_a_result_from_a_later_edition_is_still_shown():
    assert outcomes.sentence(99) == "Result99"


def test_the_first_result_of_the_meter_is_final(station):
    sale = sent(station)
    take(station, ack(sale, "done", results.ACCEPT))
    for late in (ack(sale, "stored"), ack(sale, "refused"), ack(sale, "done", results.USED_ERROR)):
        assert take(station, late) == ["taken"]
        assert state_of(station, sale).state == "accepted"


def test_of_two_results_in_one_batch_the_first_is_final(station):
    sale = sent(station)
    take(station, ack(sale, "stored"), ack(sale, "done", 1), ack(sale, "done", results.USED_ERROR))
    assert state_of(station, sale).state == "accepted"


def test_a_collectors_refusal_is_shown_and_tried_again(station):
    sale = sent(station)
    assert take(station, ack(sale, "refused", why="storage full")) == ["taken"]
    assert state_of(station, sale).reason == "storage full"
    assert state_of(station, sale).state == "refused"
    (again,) = records.open_jobs(station)
    records.mark_sent(station, [again])
    take(station, ack(sale, "stored"))
    found = state_of(station, sale)
    assert (found.state, found.reason) == ("at_collector", None)


@pytest.mark.parametrize(
    ("wrong", "judged"), [("collector", "unknown"), ("drn", "foreign"), ("ref", "unknown")]
)
def test_an_answer_from_elsewhere_changes_nothing(station, wrong, judged):
    sale = sent(station)
    fields = {"collector": COLLECTOR, "drn": drn(1), "ref": sale.delivery.ref}
    fields[wrong] = {"collector": "c2", "drn": drn(2), "ref": fields["ref"] % 0xFFFFFFFF + 1}[
        wrong
    ]
    stranger = Ack(fields["collector"], fields["drn"], fields["ref"], "done", 1)
    assert take(station, stranger) == [judged]
    assert state_of(station, sale).state == "sent"


@pytest.mark.parametrize("state", ["stored", "done", "refused"])
def test_an_answer_to_a_command_that_was_never_sent_is_not_believed(station, state):
    sale = sell(station)
    for _ in range(2):
        assert take(station, ack(sale, state, 1 if state == "done" else None)) == ["early"]
        found = state_of(station, sale)
        assert (found.state, found.done_at) == ("issued", None)
        assert "before the token was sent" in found.reason
    (job,) = records.open_jobs(station, only_new=True)  # it is still delivered
    records.mark_sent(station, [job])
    assert take(station, ack(sale, "done", 1)) == ["taken"]
    assert state_of(station, sale).state == "accepted"


def test_answers_that_change_nothing_take_no_write_lock(station, monkeypatch):
    """A flood of them must not delay a sale."""
    waiting, done = sent(station), sent(station, "b")
    take(station, ack(waiting, "stored"), ack(done, "done", 1))
    unsent = sell(station, "c")
    take(station, ack(unsent, "done", 1))
    monkeypatch.setattr(station, "work", None)
    flood = [Ack(COLLECTOR, drn(1), ref, "done", 1) for ref in range(1, 2000)]
    known = [ack(waiting, "stored"), ack(done, "done", 1), ack(unsent, "done", 1)]
    assert take(station, *known, *flood) == ["taken", "taken", "early"] + ["unknown"] * 1999


def test_a_job_expires_at_the_collector_and_here(tmp_path):
    clock = Clock()
    with new_station(tmp_path / "state", clock) as station:
        sale, answered = sent(station), sent(station, "b")
        take(station, ack(answered, "done", 1))
        assert records.open_jobs(station)[0].expires == clock() + delivery.EXPIRES_AFTER
        clock.forward(days=30)
        assert records.expire(station) == []  # the collector's answer may still be on its way
        clock.forward(hours=1)
        assert records.expire(station) == [sale.delivery.ref]
        assert records.expire(station) == []
        found = state_of(station, sale)
        assert (found.state, found.done_at) == ("expired", None)
        assert "can still be keyed in" in found.reason
        assert records.open_jobs(station) == []
        # What a meter answers late is taken all the same.
        assert take(station, ack(sale, "done", 1)) == ["taken"]
        assert state_of(station, sale).state == "accepted"
        assert state_of(station, answered).state == "accepted"


def test_what_expired_under_a_wrong_clock_is_delivered(tmp_path):
    clock = Clock()
    with new_station(tmp_path / "state", clock) as station:
        sale = sent(station)
        clock.forward(days=365)
        records.expire(station)
        clock.forward(days=-364)
        (job,) = records.open_jobs(station)
        records.mark_sent(station, [job])
        assert (state_of(station, sale).state, state_of(station, sale).reason) == ("sent", None)


def reading(collector=COLLECTOR, number=1, **values):
    return intake.Reading(collector, drn(number), datetime(2026, 1, 2, tzinfo=UTC), True, values)


def test_many_readings_in_one_call(station):
    """More than one transaction has; those of one meter count as its latest."""
    many = [reading(number=1 + i % 2, credit_wh=i) for i in range(3000)]
    judged = records.reports(station, [*many, reading("c2"), reading(number=3), reading(number=9)])
    assert [r.collector_id for r in judged.strangers] == ["c2"]
    assert [r.drn for r in judged.foreign] == [drn(3), drn(9)]
    for number, credit in ((1, 2998), (2, 2999)):
        assert see(station, registry_views.find_meter, drn(number)).reading["credit_wh"] == credit


def test_the_latest_reading_is_kept(station):
    records.reports(station, [reading(credit_wh=100)])
    records.reports(station, [reading(credit_wh=90, relay_closed=True)])
    found = see(station, registry_views.find_meter, drn(1)).reading
    assert (found["credit_wh"], found["relay_closed"], found["energy_wh"]) == (90, True, None)
    assert found["at"] == "2026-01-02T00:00:00Z"


@pytest.mark.parametrize("stranger", [{"collector": "c2"}, {"number": 3}, {"number": 9}])
def test_a_collector_reads_its_own_meters_only(station, stranger):
    records.reports(station, [reading(**stranger)])
    assert all(meter.reading is None for meter in see(station, registry_views.meters).items)


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
    records.reports(station, [wire.parse(topic, json.dumps(state).encode(), 1)])
    found = see(station, registry_views.find_meter, drn(1)).reading
    assert (found["energy_wh"], found["credit_wh"], found["krn"]) == (None, None, 2)
    assert (found["fault"], found["online"]) == ("ledger fault", True)
    assert set(found["open_reasons"]) == {"ledger_fault", "no_credit", "bit 15"}
    assert found["status"] == ["ledger_fault", "relay_fault"]
    assert (found["relay_fault"], found["safe_mode"], found["cover_open"]) == (True, False, None)
    records.reports(station, [wire.parse(topic, b"{}", 1)])
    found = see(station, registry_views.find_meter, drn(1)).reading
    assert found["status"] is found["open_reasons"] is None


def test_the_collectors_status(station):
    unknown = dict.fromkeys(("online", "at", "version", "crash"))
    assert see(station, reading_views.collectors) == [
        reading_views.CollectorView(COLLECTOR, **unknown)
    ]
    for online in (True, False):
        records.reports(station, [intake.CollectorStatus(COLLECTOR, online)])
        records.reports(station, [intake.CollectorStatus("unknown", online)])
        (found,) = see(station, reading_views.collectors)
        assert found.online is online


def test_what_a_collector_says_of_itself(station):
    for crash in ("MemoryError", None):
        records.reports(station, [intake.CollectorAbout(COLLECTOR, "0.1.0", crash)])
        records.reports(station, [intake.CollectorAbout("unknown", "0.1.0", "OSError")])
        (found,) = see(station, reading_views.collectors)
        assert (found.version, found.crash, found.online) == ("0.1.0", crash, None)
