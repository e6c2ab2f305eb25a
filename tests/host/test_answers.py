"""Answers that somebody on the wire gives for a meter: the whole way from the meter's ledger over
the bus and the collector to the station's records, without a broker and without waiting."""

import asyncio
import json
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from engineering_kit import EA07, EA11, make_station, plan
from proof_kit import mac_of, proof_of, proved
from station_kit import COLLECTOR, Clock, drn, new_station, see

sys.path.append(str(Path(__file__).parent / "portable"))

from check_collector_jobs import Files
from check_meter_answer import VECTORS
from meter_rig import Memory, reading

from collector import core as collector_core
from collector.options import Options
from meter.busview import BusView
from meter.core import Meter
from meterbus import client, crc, frame, registers
from meterbus.client import ReplyParser
from meterbus.server import Server
from sts_portable import results, vendor
from tjugo.station.delivery.jobs import Ack, Proof
from tjugo.station.health.views import health
from tjugo.station.keys.backend import Answer
from tjugo.station.link import records
from tjugo.station.link.broker import Broker
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.registry.meters import config_of
from tjugo.station.storage.tables import AuditEvent
from tjugo.station.vending import change_rows, sale_views, views
from tjugo.station.vending.vend import sell

WH = 20000
ANSWER = registers.ANSWER_START, registers.ANSWER_COUNT
TEST_TOKEN = vendor.meter_test(0, 0, 0)
STEP_MS = 50


def framed(*values):
    out = bytearray(len(values) + 2)
    out[: len(values)] = bytes(values)
    crc.append(out, len(values))
    return bytes(out)


class Man:
    """Somebody on the wire who jams the write of a token and answers for the meter.

    forge(last): the bytes from result_credit to result_mac; None: exception 02, as earlier
    firmware. last: those of the meter's latest own answer.
    """

    def __init__(self, forge):
        self.forge = forge
        self.here = False
        self.last = bytes(16)
        self._ref = None

    def answer(self, request):
        """Return his reply in the place of the meter's, None if he leaves the request alone."""
        if not self.here:
            return None
        if request[1] == frame.WRITE_MULTIPLE_REGISTERS:
            entry = registers.decode(registers.TOKEN_START, request[7:-2])
            self._ref = entry["token_ref"]
            return framed(*request[:6])
        start, count = frame.u16(request, 2), frame.u16(request, 4)
        if start != registers.RESULT_START or self._ref is None:
            return None
        data = registers.encode("result", results.ACCEPT)
        data += registers.encode("result_ref", self._ref)
        if (start, count) == ANSWER:
            forged = self.forge(self.last)
            if forged is None:
                return framed(request[0], request[1] | 0x80, frame.ILLEGAL_DATA_ADDRESS)
            data += forged
        return framed(request[0], request[1], len(data), *data)


class World:
    """A meter with the station's key, its bus with a man on it, collector and station."""

    def __init__(self, station, man, number):
        self.station, self.man, self.number = station, man, number
        config = see(station, config_of, number)
        self.settings = {
            "drn": number,
            "address": 1,
            "features": "full",  # test tokens among them
            "key": station.backend.decoder_key(config).hex(),
            **{name: getattr(config, name) for name in ("ea", "kt", "krn", "sgc", "ti", "ken")},
        }
        self.memory = Memory()
        self.restart()
        settings = {
            "id": COLLECTOR,
            "broker": {"host": "h"},
            "meters": [{"address": 1, "drn": number}],
        }
        self.core = collector_core.Core(Options(settings), Files())
        self.now_s = 0.0
        self.link = MqttLink(station, Broker("h", 1883), monotonic=lambda: self.now_s)
        self.link.exchange.connected([], records.collectors(station), self.now_s)

    def restart(self):
        """Start the meter on its ledger, as after a power failure."""
        self.meter = Meter(dict(self.settings), self.memory, 1000)
        self.meter.sensed(reading(230000, 0, 0, 5000), False, True)
        self.view = BusView(self.meter)
        self.server = Server(1, self.view)
        self.server.gap()

    def seconds(self, count):
        for _ in range(count):
            self.now_s += 1
            for message in asyncio.run(self.link.outgoing()):
                self.to_collector(message)
            self.core.second(1000)
            for _ in range(1000 // STEP_MS):
                self.bus()
            self.to_station()
            for message in asyncio.run(self.link.record()):
                self.to_collector(message)

    def to_collector(self, message):
        if message.name == "echo":
            self.core.commands.echo(message.payload, False)
        else:
            self.core.commands.take(message.topic(1), message.payload, False)

    def to_station(self):
        while found := self.core.outbox.next():
            topic, payload, _ = found
            self.link.exchange.receive(topic, payload.encode(), self.now_s)
            self.core.outbox.sent()

    def bus(self):
        request = self.core.poller.next(STEP_MS)
        if request is None:
            return
        reply = self.man.answer(request)
        if reply is None:
            self.server.gap()
            reply = bytes(self.server.receive(request))
            if (frame.u16(request, 2), frame.u16(request, 4)) == ANSWER and len(reply) > 10:
                self.man.last = reply[9:-2]
            self.view.work()
        parser = ReplyParser(request)
        assert parser.receive(reply)
        self.core.poller.reply(parser, None)

    def sell(self, client_id):
        return sell(self.station, "test", client_id, self.number, Decimal(20))

    def state(self, sale):
        return see(self.station, views.find_sale, sale.client, sale.client_id).delivery

    @property
    def credit_wh(self):
        return self.meter.account.credit


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


def world(station, forge=lambda last: last, number=None):
    made = World(station, Man(forge), number or drn(1))
    made.seconds(5)
    return made


def doubts(station):
    with station.view() as view:
        found = view.session.query(AuditEvent).filter_by(action="delivery.doubt").all()
        return [(event.subject, event.outcome, event.detail) for event in found]


@pytest.mark.parametrize("vector", VECTORS)
def test_the_vectors_are_those_of_hmac(vector):
    assert mac_of(bytes.fromhex(vector[0]), *vector[1:7]) == vector[7]


def test_an_answer_is_verified_with_the_key_of_the_meter(station):
    config = see(station, config_of, drn(2))
    key = station.backend.decoder_key(config)
    values = ("12345678901234567890", 4000000001, results.ACCEPT, -5, 4294967295)
    good = Answer(*values, mac_of(key, drn(2), *values))
    assert station.backend.verify_answer(config, good)
    changed = {"digits": "1" * 20, "ref": 7, "result": 10, "credit_wh": 0, "sequence": 0}
    for name, value in {**changed, "mac": "0" * 16}.items():
        assert not station.backend.verify_answer(config, good._replace(**{name: value})), name
    assert not station.backend.verify_answer(see(station, config_of, drn(1)), good)


@pytest.mark.parametrize("number", [drn(1), drn(2)])
def test_a_meters_own_answer_is_accepted(station, number):
    one = world(station, number=number)
    sale = one.sell("a")
    one.seconds(5)
    found = one.state(sale)
    assert (found.state, found.proved, found.reason) == ("accepted", True, None)
    assert found.credit_wh == one.credit_wh == WH
    assert len(one.core.store) == 0 and doubts(station) == []


FORGERIES = {
    "a guess": lambda last: bytes(range(16)),
    "an old answer": lambda last: last,
    "more credit": lambda last: registers.encode("result_credit", 2 * WH) + last[4:],
    "earlier firmware": lambda last: None,
}


@pytest.mark.parametrize("way", FORGERIES)
def test_whoever_jams_the_write_and_answers_sells_nothing(station, way):
    one = world(station, FORGERIES[way])
    one.sell("before")
    one.seconds(5)
    assert one.credit_wh == WH
    one.man.here = True
    sales = [one.sell(f"s{number}") for number in range(5)]
    one.seconds(400)
    assert one.credit_wh == WH
    for sale in sales:
        found = one.state(sale)
        assert (found.state, found.proved, found.done_at) == ("reported", None, None)
        assert found.reason.startswith("Accept was reported, but ")
        assert found.reason.endswith("The meter is asked again")
    assert len(doubts(station)) == 5  # and no more: one for each delivery
    subject, outcome, detail = doubts(station)[0]
    assert (subject, outcome) == (f"meter {drn(1)}", "refused") and COLLECTOR in detail
    assert any("may be forged" in problem for problem in health(station, Clock()()).problems)
    attempts = [one.state(sale).attempts for sale in sales]
    assert max(attempts) < 12  # asked less and less often
    one.man.here = False
    one.seconds(320)
    assert [one.state(sale).state for sale in sales] == ["accepted"] * 5
    assert one.credit_wh == 6 * WH
    assert len(one.core.store) == 0


def test_a_meter_that_has_never_proved_anything_is_reported(station):
    """Earlier firmware cannot be told from somebody who pretends to be it: it is not accepted."""
    one = world(station, FORGERIES["earlier firmware"])
    one.man.here = True
    sale = one.sell("a")
    one.seconds(10)
    found = one.state(sale)
    assert (found.state, found.proved) == ("reported", False)
    assert found.done_at and "no proof" in found.reason
    assert doubts(station) == [] and len(one.core.store) == 0


def test_the_meter_had_the_token_and_only_its_answer_was_changed(station):
    one = world(station, FORGERIES["more credit"])
    one.sell("before")
    one.seconds(5)
    sale = one.sell("a")
    plain = one.man.answer

    def answer(request):
        if request[1] == frame.WRITE_MULTIPLE_REGISTERS:
            one.man.here = True
            plain(request)
            return None
        return plain(request)

    one.man.answer = answer
    one.seconds(10)
    assert one.state(sale).state == "reported" and one.credit_wh == 2 * WH
    one.man.answer = lambda request: None
    one.seconds(60)
    assert one.state(sale).state == "accepted" and one.credit_wh == 2 * WH


def test_another_token_under_the_reference_is_not_this_one(station):
    """A test token needs no key, and the meter signs that it has accepted it."""
    one = world(station)
    sale = one.sell("a")
    one.man.answer = lambda request: enter_instead(one, request)
    one.seconds(10)
    assert one.state(sale).state == "reported" and one.credit_wh == 0
    assert one.view.result == results.ACCEPT and one.view.result_ref == sale.delivery.ref
    one.man.answer = lambda request: None
    one.seconds(60)
    assert one.state(sale).state == "accepted" and one.credit_wh == WH


def enter_instead(one, request):
    if request[1] != frame.WRITE_MULTIPLE_REGISTERS:
        return None
    ref = registers.decode(registers.TOKEN_START, request[7:-2])["token_ref"]
    entry = registers.token_entry(TEST_TOKEN, ref)
    one.server.gap()
    reply = bytes(one.server.receive(client.write_request(1, registers.TOKEN_START, entry)))
    one.view.work()
    return reply


def test_the_meter_restarts_between_the_write_and_the_answer(station):
    one = world(station)
    sale = one.sell("a")
    plain = one.server.receive

    def receive(request):
        reply = plain(request)
        if request[1] == frame.WRITE_MULTIPLE_REGISTERS:
            one.view.work()
            reply = bytes(reply)
            one.restart()
            one.server.gap()
        return reply

    one.server.receive = receive
    one.seconds(10)
    assert one.meter.events.power_fail_count == 1
    assert one.state(sale).state == "accepted" and one.credit_wh == WH


def answered(station, *acks):
    """Record answers; return the states of all deliveries, by reference."""
    records.acks(station, acks)
    return {job.ref: job.again for job in records.open_jobs(station)}


def sent(station, client_id="a", number=1):
    sale = sell(station, "test", client_id, drn(number), Decimal(20))
    records.mark_sent(station, records.open_jobs(station, only_new=True))
    return sale


def done(sale, result=results.ACCEPT, proof=None):
    return Ack(COLLECTOR, sale.drn, sale.delivery.ref, "done", result, proof=proof)


def state_of(station, sale):
    return see(station, views.find_sale, sale.client, sale.client_id).delivery


def test_the_proof_of_one_delivery_is_none_of_another(station):
    first, second = sent(station), sent(station, "b")
    proof = proof_of(station, first.delivery.ref, results.ACCEPT)
    assert answered(station, done(second, proof=proof)) == {
        first.delivery.ref: False,
        second.delivery.ref: True,
    }
    assert answered(station, done(first, proof=proof)) == {second.delivery.ref: True}
    assert state_of(station, second).state == "reported"
    assert "proof is wrong" in state_of(station, second).reason


@pytest.mark.parametrize("result", [results.USED_ERROR, results.CRC_ERROR])
def test_a_forged_refusal_ends_nothing_either(station, result):
    sale = sent(station)
    answered(station, done(sale, result, Proof(0, 0, "0" * 16)))
    assert answered(station, done(sale, result)) == {}  # it has proved nothing yet: refused
    assert state_of(station, sale).proved is False
    other = sent(station, "b")
    answered(station, proved(station, done(other, result)))
    assert (state_of(station, other).state, state_of(station, other).proved) == ("refused", True)
    last = sent(station, "c")
    assert answered(station, done(last, result)) == {last.delivery.ref: True}
    assert state_of(station, last).state == "reported"
    assert "which this meter gives" in state_of(station, last).reason


def test_what_cannot_be_checked_is_checked_when_the_keys_are_unlocked(station, monkeypatch):
    sale = sent(station)
    good = proved(station, done(sale))
    ring, station.backend._ring = station.backend._ring, None
    for _ in range(2):
        assert answered(station, good) == {sale.delivery.ref: False}
        found = state_of(station, sale)
        assert (found.state, found.done_at) == ("reported", None)
        assert "cannot be checked" in found.reason and "locked" in found.reason
    station.backend._ring = ring
    assert answered(station, good) == {}
    assert state_of(station, sale).state == "accepted"
    assert doubts(station) == []


def test_a_reported_delivery_expires(tmp_path):
    clock = Clock()
    with new_station(tmp_path / "state", clock) as station:
        sale = sent(station)
        forged = done(sale, proof=Proof(0, 0, "0" * 16))
        answered(station, forged)
        clock.forward(days=31)
        assert records.expire(station) == [sale.delivery.ref]
        assert "no answer that can be checked" in state_of(station, sale).reason
        assert records.acks(station, [forged]).taken  # the collector is free to forget it
        assert records.expire(station) == []
        assert state_of(station, sale).state == "expired"


@pytest.mark.parametrize("number", [EA07, EA11])
def test_a_key_change_is_confirmed_by_the_new_key_only(tmp_path, number):
    with make_station(tmp_path / "state", Clock(), COLLECTOR) as station:
        old = see(station, config_of, number)
        plan(station, number, krn=2)
        new = replace(old, krn=2)
        sale = sell(station, "test", "a", number, Decimal(20))
        while jobs := records.open_jobs(station, only_new=True):
            (job,) = jobs
            records.mark_sent(station, jobs)
            change = see(station, change_rows.last_change, number)
            sections = [one.digits for one in see(station, change_rows.made, change)]
            last = job.digits == sections[-1]
            result = results.ACCEPT if job.digits not in sections or last else results.FIRST_KCT
            plain = Ack(COLLECTOR, number, job.ref, "done", result)
            if last:
                with_old = proved(station, plain, old)
                assert answered(station, with_old)[job.ref] is True
                assert see(station, change_rows.last_change, number).state == "issued"
            key = new if result == results.ACCEPT else old
            answered(station, proved(station, plain, key))
        assert see(station, change_rows.last_change, number).state == "confirmed"
        assert see(station, config_of, number).krn == 2
        assert state_of(station, sale).state == "accepted"


def test_a_key_change_on_the_bus_is_proved(tmp_path):
    with make_station(tmp_path / "state", Clock(), COLLECTOR) as station:
        one = world(station, number=EA07)
        plan(station, EA07, krn=2)
        sale = one.sell("a")
        one.seconds(30)
        assert one.meter.tokens.key.krn == 2
        assert see(station, change_rows.last_change, EA07).state == "confirmed"
        assert (one.state(sale).state, one.credit_wh) == ("accepted", WH)


def test_an_unproved_section_confirms_no_key_change(tmp_path):
    with make_station(tmp_path / "state", Clock(), COLLECTOR) as station:
        plan(station, EA07, krn=2)
        sell(station, "test", "a", EA07, Decimal(20))
        for result in (results.FIRST_KCT, results.ACCEPT):
            (job,) = records.open_jobs(station, only_new=True)
            records.mark_sent(station, [job])
            answered(station, Ack(COLLECTOR, EA07, job.ref, "done", result))
        assert see(station, change_rows.last_change, EA07).state == "issued"
        assert (
            len(records.open_jobs(station, only_new=True)) == 1
        )  # the credit is sent all the same


def test_the_delivery_as_json(station):
    sale = sent(station)
    answered(station, proved(station, done(sale)))
    found = see(station, views.find_sale, "test", "a")
    shown = sale_views.sale_view(found).delivery
    assert (shown.state, shown.proved, shown.credit_wh) == ("accepted", True, 20000)
    assert json.dumps(shown.__dict__)
