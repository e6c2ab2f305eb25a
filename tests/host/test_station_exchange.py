"""The station's handling of collectors' messages and its sending, without a broker."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_kit import fields_of, proof_of
from sqlalchemy import text
from station_kit import COLLECTOR, Clock, drn, new_station, see

from sts_portable import results
from tjugo.errors import Unavailable
from tjugo.rate import Bucket
from tjugo.station.delivery.jobs import Ack
from tjugo.station.link import echo, exchange, inbox, records, state, views
from tjugo.station.link.broker import Broker
from tjugo.station.link.limits import OncePer
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.readings import views as reading_views
from tjugo.station.readings.intake import CollectorStatus, Reading
from tjugo.station.registry import views as registry_views
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import sell
from uplink import kinds, topics

BROKER = Broker("broker.example", 1883)


class Rig:
    """A link without a broker: messages are put in, published ones are returned."""

    def __init__(self, station):
        self.station = station
        self.now_s = 1000.0
        self.link = MqttLink(station, BROKER, monotonic=lambda: self.now_s)
        self.connect()

    def connect(self):
        jobs = records.open_jobs(self.station)
        self.link.exchange.connected(jobs, records.collectors(self.station), self.now_s)

    def receive(self, name, payload, drn_="", collector=COLLECTOR):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.link.exchange.receive(topics.build(name, 1, collector, drn_), body, self.now_s)

    def ack(self, sale, state_, collector=COLLECTOR, **more):
        ref = sale if isinstance(sale, int) else sale.delivery.ref
        if "result" in more and not isinstance(sale, int):
            more |= fields_of(proof_of(self.station, ref, more["result"]))
        drn_ = drn(1) if isinstance(sale, int) else sale.drn
        self.receive("ack", {"ref": ref, "state": state_, **more}, drn_, collector)

    def record(self):
        return [_plain(m) for m in asyncio.run(self.link.record())]

    def outgoing(self):
        return [_plain(m) for m in asyncio.run(self.link.outgoing())]

    def echo(self):
        """Return the nonces of the echoes that are due."""
        return [found["nonce"] for name, found in self.outgoing() if name == "echo"]

    def status(self):
        """Return the status that another process would see while this link is connected."""
        self.link.connected = True
        asyncio.run(self.link._save())
        self.link._next_s["save"] = 0
        with state.hold(self.station.state_dir):
            return views.status(self.station)


def _plain(message):
    return message.name, json.loads(message.payload)


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def rig(station):
    return Rig(station)


def sold(station, client_id="a", number=1):
    return sell(station, "test", client_id, drn(number), Decimal(20))


def state_of(station, sale):
    return see(station, sale_views.find_sale, sale.client, sale.client_id).delivery.state


def test_a_sale_is_sent_answered_and_forgotten(rig, station):
    sale = sold(station)
    (command, echoed) = rig.outgoing()
    expires = int((sale.issued_at.timestamp()) + 30 * 86400)
    assert command == (
        "cmd",
        {"ref": sale.delivery.ref, "token": sale.digits, "expires": expires},
    )
    assert echoed[0] == "echo"
    rig.ack(sale, "stored")
    assert rig.record() == []
    rig.ack(sale, "done", result=1)
    assert rig.record() == [("cmd", {"ref": sale.delivery.ref, "forget": True})]
    assert state_of(station, sale) == "accepted"
    rig.ack(sale, "done", result=1)  # its `forget` was lost
    assert rig.record() == [("cmd", {"ref": sale.delivery.ref, "forget": True})]


def test_a_refusal_is_forgotten_and_sent_again_later(rig, station):
    sale = sold(station)
    rig.outgoing()
    rig.ack(sale, "refused", why="full")
    assert rig.record() == [("cmd", {"ref": sale.delivery.ref, "forget": True})]
    rig.now_s += 299
    assert "cmd" not in dict(rig.outgoing())
    rig.now_s += 1
    assert dict(rig.outgoing())["cmd"]["ref"] == sale.delivery.ref


def test_an_expired_job_is_not_sent(tmp_path):
    clock = Clock()
    with new_station(tmp_path / "state", clock) as station:
        sale, rig = sold(station), Rig(station)
        assert "cmd" in dict(rig.outgoing())
        clock.forward(days=31)
        rig.now_s += 60
        assert "cmd" not in dict(rig.outgoing())
        assert state_of(station, sale) == "expired"


def test_answers_for_unknown_deliveries_are_forgotten_counted_and_logged_once(rig, caplog):
    """A collector full of forged jobs is freed, whatever it answers."""
    for ref in range(1, 201):
        rig.ack(ref, "done", result=1)
    forgotten = [found["ref"] for _, found in rig.record()]
    rig.now_s += 30  # the collector repeats what was not answered
    for ref in range(1, 201):
        if ref not in forgotten:
            rig.ack(ref, "done", result=1)
    forgotten += [found["ref"] for _, found in rig.record()]
    assert forgotten == list(range(1, 201))
    (found,) = rig.status().collectors
    assert found.counters["unknown_answers"] == 300
    (logged,) = [r.getMessage() for r in caplog.records if "unknown deliveries" in r.getMessage()]
    assert COLLECTOR in logged


@pytest.mark.long
def test_a_flood_of_answers_takes_no_write_lock_and_few_lines(rig, station, monkeypatch, caplog):
    """48,450 answers in 20 seconds, as a forger sent them."""
    monkeypatch.setattr(station, "work", None)
    answers, ref = 0, 0
    for _ in range(200):
        rig.now_s += 0.1
        for _ in range(242):
            ref += 1
            rig.ack(ref, "done", result=1)
        answers += len(rig.record())
    assert answers <= exchange.UNKNOWN_BURST + 20 * exchange.UNKNOWN_PER_S + 1
    assert len(caplog.records) <= 2
    assert rig.status().collectors[0].counters["unknown_answers"] == 48_400


def test_more_than_can_be_recorded_is_dropped_and_counted(rig):
    for ref in range(1, inbox.ACKS + 100):
        rig.ack(ref, "stored")
    assert rig.link.exchange.inbox.acks == inbox.ACKS
    assert rig.status().counters["dropped"] == 99
    rig.receive("status", b"online")  # reports have places of their own
    assert rig.link.exchange.inbox.reports == 1


def test_strangers_take_few_places(rig):
    for number in range(1000):
        rig.ack(number + 1, "stored", collector=f"x{number}")
        rig.receive("status", b"online", collector=f"x{number}")
    assert rig.link.exchange.inbox.acks == rig.link.exchange.inbox.reports == inbox.STRANGERS
    rig.record()
    counters = rig.status().counters
    assert (counters["strangers"], counters["dropped"]) == (400, 1600)


def test_an_answer_before_the_command_is_counted_and_not_answered(rig, station):
    sale = sold(station)
    rig.ack(sale, "done", result=1)
    assert rig.record() == []
    assert state_of(station, sale) == "issued"
    assert rig.status().collectors[0].counters["early_answers"] == 1


def test_an_answer_for_another_meter_is_counted_and_not_forgotten(rig, station):
    sale = sold(station)
    rig.outgoing()
    rig.receive("ack", {"ref": sale.delivery.ref, "state": "done", "result": 1}, drn(2))
    assert rig.record() == []
    assert rig.status().collectors[0].counters["foreign_answers"] == 1


def test_the_answer_to_forget_is_not_answered(rig):
    rig.ack(7, kinds.UNKNOWN)
    assert rig.record() == []
    assert rig.status().collectors[0].counters["unknown_answers"] == 0


def test_readings_share_a_commit_a_second(rig, station, monkeypatch):
    units = []
    work = station.work
    monkeypatch.setattr(station, "work", lambda *a, **k: units.append(a) or work(*a, **k))
    for _ in range(10):
        for credit in range(100):
            rig.receive("state", {"online": True, "credit_wh": credit}, drn(1 + credit % 2))
        rig.record()
        rig.now_s += 0.1
    assert len(units) == 1
    rig.now_s += 1
    rig.record()
    assert len(units) == 2
    assert see(station, registry_views.find_meter, drn(1)).reading["credit_wh"] == 98


def test_one_message_that_cannot_be_recorded_does_not_take_others_along(
    rig, station, monkeypatch, caplog
):
    """A fault of this program in one message, for which no test was written."""
    real = records.intake.judge

    def judge(view, reports):
        if any(isinstance(r, Reading) and r.values["credit_wh"] == 13 for r in reports):
            raise ZeroDivisionError("unforeseen")
        return real(view, reports)

    monkeypatch.setattr(records.intake, "judge", judge)
    rig.receive("state", {"online": True, "credit_wh": 13}, drn(1))
    rig.receive("state", {"online": True, "credit_wh": 14}, drn(2))
    rig.receive("status", b"online")
    rig.record()
    assert see(station, registry_views.find_meter, drn(1)).reading is None
    assert see(station, registry_views.find_meter, drn(2)).reading["credit_wh"] == 14
    assert see(station, reading_views.collectors)[0].online is True
    assert "cannot be recorded" in caplog.text


def test_readings_that_cannot_be_recorded_wait_and_hold_up_no_answer(
    rig, station, monkeypatch, caplog
):
    """The station is busy, or its disk is full; sales and deliveries go first."""
    real = records.intake.record_readings
    sale = sold(station)
    rig.outgoing()

    def busy(work, readings):
        raise Unavailable("The station is busy.")

    monkeypatch.setattr(records.intake, "record_readings", busy)
    for credit in (1, 2):
        rig.receive("state", {"online": True, "credit_wh": credit}, drn(1))
        rig.receive("state", {"online": True, "credit_wh": 10 * credit}, drn(credit))
        rig.ack(sale, "done", result=1)
        assert rig.record() == [("cmd", {"ref": sale.delivery.ref, "forget": True})]
        rig.now_s += 1
    assert [r.getMessage() for r in caplog.records] == ["The station is busy."]
    assert state_of(station, sale) == "accepted"
    monkeypatch.setattr(records.intake, "record_readings", real)
    rig.record()
    assert see(station, registry_views.find_meter, drn(1)).reading["credit_wh"] == 2
    assert see(station, registry_views.find_meter, drn(2)).reading["credit_wh"] == 20


def test_deliveries_go_on_when_the_state_cannot_be_written(rig, station, monkeypatch, caplog):
    def full(*given):
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(state, "save", full)
    sold(station)
    for _ in range(3):
        asyncio.run(rig.link._save())
        rig.now_s += 6
    assert "cmd" in dict(rig.outgoing())
    assert [r.getMessage() for r in caplog.records] == ["The disk is full."]


# Echo


def test_a_collector_that_answers_is_reachable(rig):
    assert rig.status().collectors[0].reachable is None
    (nonce,) = rig.echo()
    rig.receive("echo_reply", {"nonce": nonce})
    (found,) = rig.status().collectors
    assert (found.reachable, found.missed) == (True, 0)
    assert found.echo_at == rig.station.clock()
    assert rig.echo() == []
    rig.now_s += echo.INTERVAL_S
    assert rig.echo() != [nonce]


def test_online_at_the_broker_is_not_reachable(rig):
    """A second client with the collector's id: the broker reports it online, nothing arrives."""
    (nonce,) = rig.echo()
    rig.receive("echo_reply", {"nonce": nonce})
    rig.receive("status", b"online")
    rig.record()
    for _ in range(echo.MISSES):
        assert rig.status().collectors[0].reachable is True
        rig.now_s += echo.INTERVAL_S
        rig.echo()
    rig.now_s += echo.INTERVAL_S
    rig.echo()
    (found,) = rig.status().collectors
    assert (found.online, found.reachable, found.missed) == (True, False, echo.MISSES)
    assert "does not answer echoes" in found.sentence and "another client" in found.sentence


def test_deliveries_resume_when_a_collector_answers_again(rig, station):
    sale = sold(station)
    for _ in range(20):
        rig.now_s += echo.INTERVAL_S
        rig.outgoing()
    (nonce,) = [found["nonce"] for _, found in _next(rig, "echo")]
    assert "cmd" not in dict(rig.outgoing())
    rig.receive("echo_reply", {"nonce": nonce})
    assert dict(rig.outgoing())["cmd"]["ref"] == sale.delivery.ref


def _next(rig, name):
    while True:
        rig.now_s += 1
        found = [one for one in rig.outgoing() if one[0] == name]
        if found:
            return found


@pytest.mark.long
def test_commands_to_an_unreachable_collector_are_rare(rig, station):
    sold(station)
    sent = []
    while rig.now_s < 3000:
        sent += [rig.now_s for name, _ in rig.outgoing() if name == "cmd"]
        rig.now_s += 1
    assert len(sent) <= 15  # 38 with a collector that is merely slow
    assert [b - a for a, b in pairwise(sent)][-1] == 300


@pytest.mark.parametrize("nonce", ["wrong", "old"])
def test_an_invented_or_old_reply_shows_nothing(rig, nonce):
    (first,) = rig.echo()
    rig.now_s += echo.INTERVAL_S
    (second,) = rig.echo()
    rig.receive("echo_reply", {"nonce": first if nonce == "old" else second ^ 1})
    assert rig.status().collectors[0].reachable is None
    rig.receive("echo_reply", {"nonce": second})
    assert rig.status().collectors[0].reachable is True


def test_a_new_connection_asks_at_once_and_counts_no_miss(rig):
    rig.echo()
    for _ in range(5):
        rig.connect()
        assert len(rig.echo()) == 1
    assert rig.status().collectors[0].missed == 0


def test_a_collector_that_reports_itself_is_asked_at_once(rig):
    (nonce,) = rig.echo()
    rig.receive("echo_reply", {"nonce": nonce})
    assert rig.echo() == []
    rig.receive("status", b"online")
    assert len(rig.echo()) == 1


def test_a_collector_registered_by_another_process_is_watched(rig, station):
    rig.outgoing()
    with station.work("test") as work:
        add_meter(work, NewMeter(drn(4), collector_id="c2"))
    rig.now_s += 15
    assert len(rig.echo()) == 1
    assert [c.collector for c in rig.status().collectors] == ["c1", "c2"]


# Limits


def test_a_bucket():
    bucket = Bucket(rate_per_s=2, burst=3)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(1) for _ in range(3)] == [True, True, False]
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(50)  # a clock that went back gives nothing


def test_once_per_period_and_kind():
    seldom = OncePer(60)
    assert [seldom.due("a", now) for now in (0, 1, 59)] == [0, None, None]
    assert seldom.due("b", 2) == 0
    assert [seldom.due("a", now) for now in (60, 61)] == [2, None]


def test_what_a_stranger_writes_is_one_short_line_of_the_log(rig, caplog):
    caplog.set_level(logging.WARNING)
    for _ in range(50):
        rig.link.exchange.receive("x\nCRITICAL forged" * 1000, b"secret", rig.now_s)
    (logged,) = caplog.records
    assert "\n" not in logged.getMessage() and len(logged.getMessage()) < 200
    assert "secret" not in caplog.text
    rig.now_s += 61
    rig.link.exchange.receive("x", b"", rig.now_s)
    assert "49 more" in caplog.records[-1].getMessage()


# Any messages at all

collectors = st.sampled_from([COLLECTOR, "c2", "stranger"])
numbers = st.sampled_from([1, 2, 3])
acks = st.tuples(
    collectors,
    numbers,
    st.sampled_from(["a", "b", "unsent", "none"]),
    st.sampled_from(["stored", "done", "refused", "unknown"]),
    st.integers(0, 20),
    st.sampled_from(["proved", "plain", "forged"]),
)
readings = st.tuples(collectors, numbers, st.booleans(), st.none() | st.integers(-5, 5))
statuses = st.tuples(collectors, st.booleans())
noise = st.tuples(
    st.text(max_size=20)
    | st.sampled_from([row[topics.PATTERN] for row in topics.ROWS])
    | st.builds(
        topics.build,
        st.sampled_from([row[topics.NAME] for row in topics.ROWS]),
        st.just(1),
        collectors,
        st.text("0123456789", max_size=70),
    ),
    st.binary(max_size=20) | st.sampled_from([b"{}", b"null", b"online", b'{"ref": 1e99}']),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("ack"), acks),
        st.tuples(st.just("reading"), readings),
        st.tuples(st.just("status"), statuses),
        st.tuples(st.just("noise"), noise),
        st.tuples(st.just("record"), st.none()),
    ),
    max_size=40,
)


class Model:
    """The expected records, from the words of docs/wire.md alone."""

    def __init__(self):
        self.deliveries = {"a": ["sent", None], "b": ["sent", None], "unsent": ["issued", None]}
        self.meter = {"a": 1, "b": 2, "unsent": 1}
        self.credit = {}
        self.online = {}

    def ack(self, collector, number, name, state_, result, proof):
        if collector != COLLECTOR or self.meter.get(name) != number or name == "unsent":
            return
        row = self.deliveries[name]
        if row[1] is not None:
            return
        taken = "accepted" if proof == "proved" else "reported"
        if state_ == "done" and proof == "forged":
            row[0] = "reported"
        elif state_ == "done":
            row[:] = [taken if result == results.ACCEPT else "refused", result]
        elif state_ == "refused" or (state_ == "stored" and row[0] != "reported"):
            row[0] = {"stored": "at_collector", "refused": "refused"}[state_]

    def reading(self, collector, number, online, credit):
        if collector == COLLECTOR and number in (1, 2):
            self.credit[number] = (online, credit)

    def status(self, collector, online):
        if collector in (COLLECTOR, "c2"):
            self.online[collector] = online


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with new_station(tmp_path_factory.mktemp("any") / "state") as station:
        with station.work("test") as work:
            add_meter(work, NewMeter(drn(4), collector_id="c2"))
        sales = {"a": sold(station, "a", 1), "b": sold(station, "b", 2)}
        sales["unsent"] = sold(station, "unsent", 1)
        yield station, sales


@given(steps)
def test_any_messages_are_recorded_as_the_model_has_it_and_end_nothing(shared, given_steps):
    station, sales = shared
    _reset(station, sales)
    rig, model = Rig(station), Model()
    for kind, step in [*given_steps, ("record", None)]:
        if kind == "ack":
            collector, number, name, state_, result, proof = step
            ref = sales[name].delivery.ref if name in sales else 1
            body = {"ref": ref, "state": state_, "result": result}
            if proof != "plain" and name in sales:
                signed = proof_of(station, ref, result if proof == "proved" else result + 1)
                body |= fields_of(signed)
            rig.receive("ack", body, drn(number), collector)
            model.ack(*step)
            if proof != "proved":
                rig.record()  # of two in one batch it matters which came first
        elif kind == "reading":
            collector, number, online, credit = step
            rig.receive("state", {"online": online, "credit_wh": credit}, drn(number), collector)
            model.reading(*step)
        elif kind == "status":
            rig.receive("status", b"online" if step[1] else b"offline", collector=step[0])
            model.status(*step)
        elif kind == "noise":
            if not _means_something(*step):
                rig.link.exchange.receive(step[0], step[1], rig.now_s)
        else:
            rig.now_s += 1
            rig.record()
    _agree(station, sales, model)


def _means_something(topic, payload):
    """Return whether a payload of the noise is a whole message by itself, which the model
    lacks."""
    return payload == b"online" or topic.endswith(("/state", "/about"))


def _reset(station, sales):
    with station.work("test") as work:
        run = work.session.execute
        new = "state='sent', attempts=1, result=NULL, reason=NULL, done_at=NULL, mac=NULL, "
        new += "credit_wh=NULL, sequence=NULL, doubted_at=NULL"
        run(text(f"UPDATE token_delivery SET {new}"))
        unsent = {"ref": sales["unsent"].delivery.ref}
        sql = "UPDATE token_delivery SET state='issued', attempts=0 WHERE ref=:ref"
        run(text(sql).bindparams(**unsent))
        run(text("DELETE FROM meter_reading"))
        run(text("UPDATE collector SET online=NULL"))


def _agree(station, sales, model):
    with station.view() as view:
        rows = view.session.execute(text("SELECT ref, state, result FROM token_delivery"))
        found = {ref: [state_, result] for ref, state_, result in rows}
        assert found == {sales[n].delivery.ref: row for n, row in model.deliveries.items()}
        rows = view.session.execute(text("SELECT drn, online, credit_wh FROM meter_reading"))
        assert {d: (bool(o), c) for d, o, c in rows} == {
            drn(number): row for number, row in model.credit.items()
        }
        online = {c.collector: c.online for c in reading_views.collectors(view)}
    assert online == {c: model.online.get(c) for c in (COLLECTOR, "c2")}


# What the inbox keeps


def test_the_inbox_keeps_the_latest_and_a_first_result():
    box = inbox.Inbox()
    first, second = Ack("c1", "5", 1, "done", 1), Ack("c1", "5", 1, "done", 2)
    stored = Ack("c1", "5", 1, "stored")
    assert all(box.put(one, True) for one in (stored, first, second))
    assert box.take_acks() == [stored, first]
    at = datetime(2026, 1, 2, tzinfo=UTC)
    old, new = Reading("c1", "5", at, True, {}), Reading("c1", "5", at, False, {})
    other = CollectorStatus("c1", True)
    assert all(box.put(one, True) for one in (old, other, new))
    assert box.take_reports() == [other, new]
    assert (box.acks, box.reports, box.take_acks(), box.take_reports()) == (0, 0, [], [])
