"""Orders from the station to the meter and back: what is asked, sent, answered, doubted, expired.

The whole way without a broker and without waiting, with a man on the wire; both databases.
"""

import hmac
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from station_kit import COLLECTOR, Clock, do, drn, new_station, see
from test_answers import Man, World, framed

sys.path.append(str(Path(__file__).parent / "portable"))

from orders_rig import Board

from meterbus import codes, frame, orders, parameter_names, parameters
from tjugo.errors import TjugoError
from tjugo.station.delivery.jobs import Ack, Proof
from tjugo.station.link import records
from tjugo.station.orders import kinds, service, views
from tjugo.station.registry.meters import config_of, set_collector
from tjugo.station.storage.tables import AuditEvent


class OrderWorld(World):
    """A meter that keeps its settings on a board, its bus, collector and station."""

    def __init__(self, station, man=None, number=None, **settings):
        self.more = {"control_mode": 7, "malignant": {"mode": 0}, **settings}
        self.board = None
        super().__init__(station, man or Man(lambda last: last), number or drn(1))
        self.seconds(5)

    def restart(self):
        self.settings.update(self.more)
        self.board = self.board or Board(self.settings)
        self.settings = self.board.settings()
        super().restart()
        self.meter.orders.board = self.board

    def ask(self, client_id, kind, values=None, **more):
        return do(
            self.station, service.ask, "test", client_id, self.number, kind, values or {}, **more
        )

    def order(self, client_id):
        return views.order_view(see(self.station, service.found, "test", client_id))


def events(station, action):
    with station.view() as view:
        found = view.session.query(AuditEvent).filter_by(action=action).all()
        return [(event.subject, event.outcome, event.detail) for event in found]


def code_of(call, *given, **more):
    with pytest.raises(TjugoError) as caught:
        call(*given, **more)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize("number", [drn(1), drn(2)])
def test_open_and_close_are_done_with_the_meters_proof(station, number):
    one = OrderWorld(station, number=number)
    one.ask("a", "open")
    assert one.order("a").state == "queued"
    one.seconds(5)
    found = one.order("a")
    assert (found.state, found.proved, found.result, found.reason) == ("done", True, 1, None)
    assert found.words == "carried out, proved by the meter" and found.done_at
    assert one.meter.supply.control_state() == codes.DISCONNECTED
    one.ask("b", "close")
    one.ask("c", "restore")
    one.seconds(8)
    assert [one.order(name).state for name in "abc"] == ["done"] * 3
    assert not one.meter.supply.remote
    assert len(one.core.store) == 0  # all are forgotten at the collector
    assert events(station, "orders.ask")[0] == (f"meter {number}", "done", "open")
    assert [row.text for row in see(station, views.orders, number)] == ["restore", "close", "open"]


def test_settings_reach_the_meter_and_one_out_of_its_range_is_refused(station):
    one = OrderWorld(station)
    values = {"overload_w": 3000, "malignant.mode": "trip", "malignant.low_w_1": 500}
    one.ask("a", "settings", values)
    one.seconds(5)
    assert one.order("a").state == "done"
    assert one.order("a").values == {**values, "malignant.mode": 2}
    assert one.meter.limiter.threshold_w() == 3000 and one.meter.malignant.mode == 2
    # What only the meter can see: the end of an interval that is below the beginning it has.
    one.ask("b", "settings", {"malignant.high_w_1": 400})
    one.seconds(5)
    found = one.order("b")
    assert (found.state, found.proved) == ("refused", True)
    assert "out of the meter's range" in found.reason
    assert one.meter.malignant.values[5] == 65535
    one.restart()
    assert one.meter.limiter.threshold_w() == 3000 and not one.meter.settings.wrong


def test_what_cannot_be_ordered(station):
    ask = [station, service.ask, "test"]
    unusable = {
        "no such kind": ("x", {}),
        "has no values": ("open", {"overload_w": 1}),
        "at least one NAME=VALUE": ("settings", {}),
        "cannot change the setting 'key'": ("settings", {"key": 1}),
        "cannot change the setting 'low_credit_money'": ("settings", {"low_credit_money": 1}),
        "from 0 to 100000": ("settings", {"overload_w": 100001}),
        "whole number": ("settings", {"overload_w": "5"}),
        "from 0 to 2": ("settings", {"malignant.mode": "on"}),
        "not to be above": ("settings", {"under_voltage_v": 300, "over_voltage_v": 200}),
        "counts energy": ("prices", {"price": Decimal(1)}),
    }
    for words, (kind, values) in unusable.items():
        code, text = code_of(do, *ask, "a", drn(1), kind, values)
        assert code == "order_invalid", text
        assert words == "no such kind" or words in text, text
    assert code_of(do, *ask, "a", drn(3), "open", {})[0] == "order_needs_collector"
    assert code_of(do, *ask, "a", drn(9), "open", {})[0] == "meter_unknown"
    assert code_of(do, *ask, "a b", drn(1), "open", {})[0] == "request_id_invalid"
    assert code_of(do, *ask, "a", drn(1), "open", {}, 721)[0] == "order_invalid"
    assert see(station, views.orders) == []


def test_the_same_id_is_one_order(station):
    first = do(station, service.ask, "test", "a", drn(1), "open", {})
    assert do(station, service.ask, "test", "a", drn(1), "open", {}).ref == first.ref
    for other in ((drn(2), "open"), (drn(1), "close")):
        assert code_of(do, station, service.ask, "test", "a", *other, {})[0] == "request_id_used"
    do(station, service.ask, "other", "a", drn(1), "close", {})
    with station.view() as view:
        jobs = records.open_jobs(station)
        rows = [service.of_id(view, client, "a") for client in ("test", "other")]
        assert [row.sequence for row in rows] == [rows[0].sequence, rows[0].sequence + 1]
    assert [job.order for job in jobs] == [True, True]


def test_prices():
    asked = kinds.checked(
        "prices", kinds.typed("prices", {"price": "0.25", "daily": "1"}), "money"
    )
    assert orders.pairs(asked.body) == {0: 100000, 1: 25000, 2: 25000, 3: 25000, 4: 25000}
    assert asked.values == {"price": "0.25", "daily": "1"}
    for values in ({"price": "0"}, {"price_5": "1"}, {"price": "0.000001"}, {"price": "50000"}):
        code, _ = code_of(kinds.checked, "prices", kinds.typed("prices", values), "money")
        assert code == "order_invalid"
    both = {"price": Decimal(1), "price_1": Decimal(1)}
    assert code_of(kinds.checked, "prices", both, "money")[0] == "order_invalid"
    assert code_of(kinds.typed, "prices", {"price": "x"})[0] == "order_invalid"
    asked = kinds.checked("settings", {"low_credit_money": 10**14}, "money")
    assert orders.pairs(asked.body) == {10: 10**14}


def test_every_setting_of_the_table_can_be_ordered_at_once():
    values = {parameter_names.full_name(row): row[parameters.HIGHEST] for row in parameters.ROWS}
    asked = kinds.checked("settings", values, "energy")
    assert len(orders.pairs(asked.body)) == len(parameters.ROWS)


def test_an_order_is_cancelled_while_it_is_queued(station):
    do(station, service.ask, "test", "a", drn(1), "open", {})
    do(station, service.cancel, "test", "a")
    assert see(station, service.found, "test", "a").state == "cancelled"
    assert records.open_jobs(station) == []
    do(station, service.ask, "test", "b", drn(1), "open", {})
    jobs = records.open_jobs(station)
    assert records.mark_sent(station, jobs) == []
    assert code_of(do, station, service.cancel, "test", "b")[0] == "order_sent"
    assert code_of(do, station, service.cancel, "test", "z")[0] == "order_unknown"
    do(station, service.ask, "test", "c", drn(1), "open", {})
    late = records.open_jobs(station, only_new=True)
    do(station, service.cancel, "test", "c")
    assert records.mark_sent(station, late) == [late[0].ref]


def test_an_order_expires(tmp_path):
    clock = Clock()
    with new_station(tmp_path / "state", clock) as station:
        do(station, service.ask, "test", "a", drn(1), "open", {}, 2)
        (job,) = records.open_jobs(station)
        records.mark_sent(station, [job])
        clock.forward(hours=2)
        assert records.open_jobs(station) == [] and records.expire(station) == []
        clock.forward(minutes=10)
        assert records.expire(station) == [job.ref] and records.expire(station) == []
        found = see(station, service.found, "test", "a")
        assert (found.state, found.reason) == ("expired", "no meter answered in time")
        # It was carried out all the same, and the meter proves it: that is what is recorded.
        records.acks(station, [done(station, found)])
        assert see(station, service.found, "test", "a").state == "done"


def done(station, row, result=orders.DONE, **changes):
    """Return the answer of a meter with its proof."""
    key = station.backend.decoder_key(see(station, config_of, row.drn))
    text = row.drn.encode() + b"/" + bytes.fromhex(row.signed)[:-8] + result.to_bytes(2, "big")
    derived = hmac.digest(key, b"tjugo order answer 1", "sha256")
    proof = Proof(0, row.sequence, hmac.digest(derived, text, "sha256")[:8].hex())
    values = {"result": result, "proof": proof, "order": True, **changes}
    return Ack(COLLECTOR, row.drn, row.ref, "done", **values)


def sent(station, client_id="a", kind="open"):
    row = do(station, service.ask, "test", client_id, drn(1), kind, {})
    records.mark_sent(station, records.open_jobs(station, only_new=True))
    return row


def test_an_answer_without_or_with_a_wrong_proof_is_only_reported(station):
    row = sent(station)
    good = done(station, row)
    forged = (
        done(station, row, proof=None),
        done(station, row, proof=Proof(0, row.sequence, "0" * 16)),
        done(station, row, proof=Proof(0, row.sequence + 1, good.proof.mac)),
        done(station, row, result=orders.RANGE, proof=good.proof),
    )
    for ack in forged:
        answered = records.acks(station, [ack])
        assert answered.doubted and not answered.taken
        found = see(station, service.found, "test", "a")
        assert (found.state, found.result, found.mac) == ("reported", None, None)
        assert "forged" in found.reason
        (job,) = records.open_jobs(station)
        assert job.again
    assert len(events(station, "orders.doubt")) == 1
    assert see(station, views.doubted) == 1
    assert records.acks(station, [good]).taken
    assert see(station, service.found, "test", "a").state == "done"
    assert records.acks(station, [forged[1]]).taken  # the first result is final
    assert see(station, service.found, "test", "a").state == "done"


def test_the_proof_of_one_order_is_none_of_another(station):
    first, second = sent(station), sent(station, "b", "close")
    proof = done(station, first).proof
    records.acks(station, [done(station, second, proof=proof)])
    assert see(station, service.found, "test", "b").state == "reported"


def test_what_cannot_be_checked_waits_for_the_keys(station):
    row = sent(station)
    good = done(station, row)
    ring, station.backend._ring = station.backend._ring, None
    assert records.acks(station, [good]).unchecked
    found = see(station, service.found, "test", "a")
    assert found.state == "reported" and "cannot be checked" in found.reason
    assert code_of(do, station, service.ask, "test", "z", drn(1), "open", {})[0] == "keys_locked"
    station.backend._ring = ring
    records.acks(station, [good])
    assert see(station, service.found, "test", "a").state == "done"
    assert events(station, "orders.doubt") == []


def test_answers_that_are_not_taken(station):
    row = do(station, service.ask, "test", "a", drn(1), "open", {})
    assert records.acks(station, [done(station, row)]).early
    found = see(station, service.found, "test", "a")
    assert found.state == "queued" and "before the order was sent" in found.reason
    records.mark_sent(station, records.open_jobs(station))
    stranger = done(station, row)
    assert records.acks(station, [Ack("c9", row.drn, row.ref, "stored", order=True)]).unknown
    assert records.acks(station, [Ack(COLLECTOR, drn(2), row.ref, "stored", order=True)]).foreign
    assert records.acks(station, [Ack(COLLECTOR, row.drn, 7, "stored", order=True)]).unknown
    records.acks(station, [Ack(COLLECTOR, row.drn, row.ref, "stored", order=True)])
    assert see(station, service.found, "test", "a").state == "at_collector"
    # A collector of earlier firmware refuses the command, and does not tell that it was an order.
    refused = Ack(COLLECTOR, row.drn, row.ref, "refused", why="token must be 20 digits")
    assert records.acks(station, [refused]).taken
    found = see(station, service.found, "test", "a")
    assert (found.state, found.reason) == ("refused", "token must be 20 digits")
    assert len(records.open_jobs(station)) == 1  # it is tried again, until it expires
    records.acks(station, [stranger])
    assert see(station, service.found, "test", "a").state == "done"


class Liar(Man):
    """Somebody on the wire who jams the writes of orders and reports them as done."""

    def __init__(self):
        super().__init__(lambda last: last)
        self._order = None

    def answer(self, request):
        if not self.here:
            return None
        start = frame.u16(request, 2)
        if request[1] == frame.WRITE_MULTIPLE_REGISTERS and start == orders.START:
            self._order = bytes(request[9:-2])
            return framed(*request[:6])
        if start != orders.ANSWER_START or self._order is None:
            return None
        data = orders.DONE.to_bytes(2, "big") + self._order[:4] + b"forgery!"
        return framed(request[0], request[1], len(data), *data)


def test_whoever_jams_an_order_and_reports_it_done_is_doubted(station):
    one = OrderWorld(station, Liar())
    one.man.here = True
    one.ask("a", "open")
    one.seconds(60)
    found = one.order("a")
    assert (found.state, found.proved, found.result) == ("reported", False, None)
    assert "the answer is forged" in found.reason and not one.meter.supply.remote
    assert len(events(station, "orders.doubt")) == 1
    one.man.here = False
    one.seconds(320)
    assert one.order("a").state == "done" and one.meter.supply.remote
    assert one.meter.orders.sequence == found.sequence


def test_whoever_changes_an_order_on_the_wire_gets_nothing_done(station):
    one = OrderWorld(station)
    plain = one.server.receive

    def receive(request):
        if request[1] == frame.WRITE_MULTIPLE_REGISTERS:
            changed = bytearray(request)
            changed[9 + 8] = orders.CLOSE  # the kind
            request = framed(*changed[:-2])
        return plain(request)

    one.server.receive = receive
    one.ask("a", "open")
    one.seconds(20)
    assert one.order("a").state == "reported" and not one.meter.supply.remote
    one.server.receive = plain
    one.seconds(60)
    assert one.order("a").state == "done" and one.meter.supply.remote


def test_orders_and_sales_beside_one_another(station):
    one = OrderWorld(station)
    sale = one.sell("a")
    one.ask("a", "open")
    one.seconds(10)
    assert one.state(sale).state == "accepted" and one.order("a").state == "done"
    assert one.credit_wh == 20000


def test_a_meter_without_a_collector_keeps_its_orders(station):
    row = sent(station)
    do(station, set_collector, drn(1), None)
    records.acks(station, [done(station, row)])
    assert see(station, service.found, "test", "a").state == "done"
