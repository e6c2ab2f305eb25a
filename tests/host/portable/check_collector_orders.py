"""Orders through the collector: the command, the job's file, the bus and the answer."""

import json

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from check_collector_commands import build, command, said
from check_collector_jobs import DRN, TOKEN, Files, PowerCut, why
from orders_rig import Line as MeterLine
from orders_rig import order, proof

from collector.jobs import names
from collector.jobs import store as jobs
from collector.jobs.table import DONE, STORED
from meterbus import crc, frame, orders
from meterbus.client import ReplyParser

METER = "00000000000"
OPEN = order(1790000000, orders.OPEN)
NOW = 1780000000


def text(data):
    return "".join("%02x" % byte for byte in data)


class World:
    """A collector, and the meter at its first address. lost: exception code or None of replies
    that are lost; man: a function of (request, reply) that returns another reply."""

    def __init__(self, files=None, line=None):
        self.files = files or Files()
        self.line = line or MeterLine(control_mode=7)
        self.man = None
        self.start()

    def start(self):
        meters = [{"address": 1, "drn": METER}]
        self.parts = build(self.files, meters=meters)

    def command(self, **fields):
        return command(self.parts, fields, METER)

    def run(self, seconds=5):
        for _ in range(20 * seconds):
            request = self.parts.poller.next(50)
            if request is None:
                continue
            self.line.server.gap()
            reply = bytes(self.line.server.receive(request))
            self.line.view.work()
            if self.man:
                reply = self.man(request, reply)
            parser = ReplyParser(request)
            if reply and parser.receive(reply):
                self.parts.poller.reply(parser, NOW)
            else:
                self.parts.poller.timeout()
        self.parts.second(1000)
        return [answer for topic, answer, _ in said(self.parts) if topic[-3:] == "ack"]


def done(ref, data, result=orders.DONE):
    found = {"ref": ref, "order": True, "state": "done", "result": result, "at": NOW}
    found["sequence"], found["mac"] = orders.head(data)[0], text(proof(data, result))
    return found


def test_from_command_to_forgotten():
    world = World()
    stored = {"ref": 9, "state": "stored", "order": True}
    assert world.command(ref=9, order=text(OPEN)) == [stored]
    assert world.command(ref=9, order=text(OPEN)) == [stored]
    assert world.run() == [done(9, OPEN)]
    assert world.line.meter.supply.remote
    assert world.command(ref=9, order=text(OPEN)) == [done(9, OPEN)]
    assert world.command(ref=9, forget=True) == []
    assert world.files.content == {}
    assert world.command(ref=9, order=text(OPEN)) == [done(9, OPEN)]  # a late one
    assert world.parts.poller.meters[0].job is None


def test_a_ref_belongs_to_one_order_or_token():
    world = World()
    world.command(ref=9, order=text(OPEN))
    for fields in ({"order": text(order(7, orders.CLOSE))}, {"token": TOKEN}):
        (answer,) = world.command(ref=9, **fields)
        assert answer["state"] == "refused" and "another" in answer["why"], answer
    world.command(ref=8, token=TOKEN)
    (answer,) = world.command(ref=8, order=text(OPEN[:-10]) + TOKEN)
    assert answer["why"] == "this ref is already used for another order"


def test_the_file():
    data = names.record(7, text(OPEN), 9, DRN, NOW)
    assert data.startswith(b"job 3 7 6ab13b80")
    assert names.parse_record(data, 9, DRN) == (7, text(OPEN), NOW)
    longest = "ff" * orders.MAX_BYTES
    data = names.record(0x7FFFFFFF, longest, 0xFFFFFFFF, "1234567890123", 0xFFFFFFFF)
    assert len(data) <= names.MAX_RECORD
    assert names.parse_record(data, 0xFFFFFFFF, "1234567890123")[1] == longest
    for wrong in (longest + "00", longest[:-1], longest[:33], longest[:-2] + "FF"):
        try:
            names.parse_record(names.record(1, wrong, 9, DRN, 0), 9, DRN)
        except ValueError:
            continue
        raise AssertionError(wrong)
    assert names.record(1, TOKEN, 9, DRN, 0).startswith(b"job 2 ")  # earlier firmware reads it


def test_a_restart_at_any_time():
    world = World()
    world.command(ref=9, order=text(OPEN))
    world.start()
    job = world.parts.store.get(9)
    assert (job.state, job.ordered, job.unsure) == (STORED, True, True)
    assert world.parts.store.order(job) == OPEN
    assert world.run() == [done(9, OPEN)]
    world.start()
    assert world.parts.store.get(9).state == DONE
    world.parts.outbox.connected()
    assert world.run() == [done(9, OPEN)]


def test_a_power_cut_at_every_operation():
    cuts = 0
    for torn in (0, 1, 60, 1000):
        for cut_at in range(1, 8):
            files = Files()
            files.cut_at, files.torn = cut_at, torn
            acknowledged = False
            try:
                store = jobs.Store(files)
                job = store.add(9, DRN, text(OPEN))
                acknowledged = True
                store.expire(NOW, lambda job: False)  # it gets its end
                store.finish(job, 1, NOW, bytes(16))
                store.forget(9)
            except PowerCut:
                cuts += 1
            files.cut_at = None
            store = jobs.Store(files)
            job = store.get(9)
            if job is None:
                assert cut_at <= 2 or cut_at >= 6, cut_at
            elif job.state == STORED:
                assert store.order(job) == OPEN and job.ordered
            else:
                assert job.result == 1 and job.ordered and acknowledged
    assert cuts == 4 * 6
    return cuts


def test_a_file_that_cannot_be_read_any_more():
    world = World()
    world.command(ref=9, order=text(OPEN))
    name = "00000009-%s.job" % METER
    world.files.content[name] = world.files.content[name][:-3]
    (answer,) = world.run()
    assert answer["state"] == "refused" and answer["order"] is True
    assert answer["why"].startswith("the job was damaged") and "the order or not" in answer["why"]
    assert not world.line.meter.supply.remote


def test_lost_writes_and_answers():
    for lost in (frame.WRITE_MULTIPLE_REGISTERS, frame.READ_HOLDING_REGISTERS):
        world = World()
        world.command(ref=9, order=text(OPEN))
        left = [2]

        def lose(request, reply, lost=lost, left=left):
            if request[1] == lost and left[0]:
                left[0] -= 1
                return None
            return reply

        world.man = lose
        assert world.run(10) == [done(9, OPEN)]
        assert world.line.meter.events.entry(world.line.meter.events.sequence - 1)[1] != 36
        world = None


def test_a_meter_that_restarts_between_write_and_answer():
    world = World()
    world.command(ref=9, order=text(OPEN))
    left = [1]

    def restart(request, reply):
        if request[1] == frame.WRITE_MULTIPLE_REGISTERS and left[0]:
            left[0] = 0
            world.line.start()
        return reply

    world.man = restart
    assert world.run(10) == [done(9, OPEN)]


def test_a_meter_without_orders():
    world = World(line=MeterLine(features="core"))
    world.command(ref=9, order=text(OPEN))
    (answer,) = world.run(10)
    assert answer["state"] == "refused"
    assert answer["why"] == "the meter does not take orders: illegal data address"


def test_an_answer_that_the_station_does_not_believe():
    """The order is written again; the meter has it already, and answers as before."""
    world = World()
    world.command(ref=9, order=text(OPEN))
    forged = [True]

    def forge(request, reply):
        if forged[0] and request[1] == frame.READ_HOLDING_REGISTERS and reply[1] == 3:
            return framed(reply[:-3] + bytes((reply[-3] ^ 1,)))
        return reply

    world.man = forge
    (answer,) = world.run()
    assert answer["mac"] != done(9, OPEN)["mac"]
    forged[0] = False
    world.command(ref=9, order=text(OPEN), again=True)
    assert world.run() == [done(9, OPEN)]


def framed(data):

    out = bytearray(data + bytes(2))
    crc.append(out, len(data))
    return bytes(out)


def test_orders_and_tokens_in_their_turn():
    world = World()
    close = order(1790000001, orders.CLOSE)
    world.command(ref=9, order=text(OPEN))
    world.command(ref=10, token=TOKEN)
    world.command(ref=11, order=text(close))
    found = {answer["ref"]: answer for answer in world.run(10)}
    assert found[9] == done(9, OPEN) and found[11] == done(11, close)
    assert "order" not in found[10] and found[10]["state"] == "done"
    assert not world.line.meter.supply.remote


def test_an_order_that_expired():
    world = World()
    payload = json.dumps({"ref": 9, "order": text(OPEN), "expires": NOW - 1}).encode()
    world.parts.commands.take("tjugo/v1/1/c1/%s/cmd" % METER, payload, False, NOW)
    (answer,) = said(world.parts)
    assert answer[1]["state"] == "refused" and "expired" in answer[1]["why"]
    assert "another" in why(_twice, world.parts.store, text(OPEN), text(order(5, orders.CLOSE)))


def _twice(store, first, second):
    store.add(3, METER, first)
    store.add(3, METER, second)
