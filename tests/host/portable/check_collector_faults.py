"""Values that a meter cannot give, or gives wrongly: the fault is named, and no value is
invented."""

import json

from check_collector_jobs import DRN
from check_collector_poller import SECOND_DRN, Line

from collector import outbox
from collector.jobs import store as jobs
from collector.jobs.table import STORED
from meterbus import client, codes, crc, frame, registers
from meterbus.client import ReplyParser
from sts_portable import results


def framed(*values):
    out = bytearray(len(values) + 2)
    out[: len(values)] = bytes(values)
    crc.append(out, len(values))
    return bytes(out)


class Partial:
    """A stand-in for a meter's `read`: registers of unknown groups are refused as meters do."""

    def __init__(self, meter, known, status=0, reasons=0):
        self._plain = meter.read
        self.known, self.status, self.reasons = known, status, reasons
        self.drn = meter.drn
        self.blocks = []  # (start, count) that were asked for

    def read(self, function, start, count, out):
        if start in (registers.RESULT_START, registers.TOKEN_START):
            if not self.known & codes.KNOWN_LEDGER:
                return frame.SERVER_DEVICE_FAILURE
            return self._plain(function, start, count, out)
        self.blocks.append((start, count))
        for row in registers.ROWS:
            inside = row[registers.ADDRESS] < start + count
            inside = inside and row[registers.ADDRESS] + row[registers.WORDS] > start
            if inside and row[registers.GROUP] & ~self.known:
                return frame.SERVER_DEVICE_FAILURE
        values = {"drn": self.drn, "energy_wh": 5, "credit": 7, "power_w": 9, "krn": 1}
        for name, value in (("status", self.status), ("open_reasons", self.reasons)):
            values[name] = values[{"status": "device_status"}.get(name, "device_reasons")] = value
        values["known"] = self.known
        registers.fill(start, count, lambda name: values.get(name, 0), out)
        return 0


def partial(known, status=0, reasons=0):
    """Return a line after some polls of a meter with unknown values, and its parts."""
    line = Line()
    device = line.meters[1]
    line.run(2500)
    there = Partial(device, known, status, reasons)
    device.read = there.read
    line.run(5000)
    return line, line.poller.meter(DRN), there


def state(meter):
    return json.loads(outbox.state_of(meter))


ALL = 63
LEDGER_FAULT = (codes.STATUS_LEDGER_FAULT, codes.LEDGER_FAULT)


def test_a_ledger_at_fault_is_named_and_nothing_of_it_is_zero():
    _, meter, _ = partial(ALL & ~codes.KNOWN_LEDGER & ~codes.KNOWN_KEY, *LEDGER_FAULT)
    told = state(meter)
    assert (told["online"], told["fault"]) == (True, "ledger fault")
    assert told["energy_wh"] is told["credit_wh"] is told["sequence"] is told["krn"] is None
    assert (told["power_w"], told["open_reasons"]) == (9, codes.LEDGER_FAULT)
    assert told["ledger_fault"] is True
    assert meter.unsent


def test_a_meter_without_power_measurement_tells_its_credit():
    _, meter, _ = partial(codes.KNOWN_LEDGER | codes.KNOWN_KEY)
    told = state(meter)
    assert (told["online"], told["fault"], told["power_w"]) == (True, None, None)
    assert (told["energy_wh"], told["credit_wh"]) == (5, 70)


def test_no_token_goes_to_a_meter_without_its_ledger():
    line, meter, there = partial(0, *LEDGER_FAULT)
    job = line.add(77)
    line.trace = []
    line.run(30000)
    assert job.state == STORED
    assert frame.WRITE_MULTIPLE_REGISTERS not in [function for _, _, function in line.trace]
    there.known = ALL
    there.status = there.reasons = 0
    line.until_done(job)
    assert job.result == results.ACCEPT
    line.run(3000)
    assert state(meter)["energy_wh"] == 5


def test_a_poll_costs_no_more_requests_than_it_needs():
    _, _, there = partial(0, *LEDGER_FAULT)
    device = (registers.DEVICE_START, registers.DEVICE_COUNT)
    whole = (registers.STATE_START, registers.STATE_COUNT)
    assert there.blocks[:2] == [whole, device]
    assert set(there.blocks[1:]) == {device} and len(there.blocks) <= 7
    _, _, there = partial(ALL)
    assert set(there.blocks) == {whole}


def test_a_meter_that_contradicts_itself_is_polled_no_faster():
    """It refuses the state block, and names everything as known."""
    line, meter, there = partial(ALL)
    plain = there.read

    def read(function, start, count, out):
        if count == registers.STATE_COUNT:
            there.blocks.append((start, count))
            return frame.SERVER_DEVICE_FAILURE
        return plain(function, start, count, out)

    line.meters[1].read = read
    there.blocks = []
    line.run(10000)
    assert len(there.blocks) <= 44
    assert state(meter)["energy_wh"] == 5 and state(meter)["krn"] is None
    assert line.poller.meter(SECOND_DRN).online


def answered(line, reply):
    """Answer every request to the first meter with reply(request)."""
    plain = line.answered

    def answer(request, parser):
        return parser.receive(reply(request)) if request[0] == 1 else plain(request, parser)

    line.answered = answer


def test_exceptions_of_any_number_are_that_meters_fault():
    for code in range(256):
        line = Line()
        line.add(77)
        answered(line, lambda request, code=code: framed(1, request[1] | 0x80, code))
        line.run(3000)
        meter = line.poller.meter(DRN)
        assert meter.online is False
        assert meter.fault == client.exception_name(code)
        assert line.poller.meter(SECOND_DRN).online


def test_an_exception_of_code_0_is_an_exception():
    parser = ReplyParser(client.read_request(1, 4, 0x1000, 28))
    assert parser.receive(framed(1, 0x84, 0))
    try:
        parser.check()
    except client.BusException as error:
        assert str(error) == "exception 0"
        return
    raise AssertionError("no exception")


def test_a_result_that_does_not_exist_ends_the_job():
    line = Line()
    line.run(500)
    job = line.add(77)
    plain = line.meters[1].read

    def read(function, start, count, out):
        code = plain(function, start, count, out)
        if start == registers.RESULT_START:
            out[0], out[1] = 0x80, 0x01
        return code

    line.meters[1].read = read
    line.until_done(job)
    assert job.result == jobs.NO_RESULT


def test_a_meter_that_is_busy_for_ever_is_asked_less_often():
    line = Line()
    line.run(500)
    line.meters[1].busy = 1 << 20
    line.add(77)
    line.trace = []
    line.run(60000)
    looks = [1 for _, _, function in line.trace if function == frame.READ_HOLDING_REGISTERS]
    assert 60 <= len(looks) <= 85


def test_the_identification_must_be_of_the_kind_that_was_asked_for():
    parser = ReplyParser(client.identify_request(1, client.ONE_OBJECT, 0x80))
    other = framed(1, 0x2B, 0x0E, 1, 1, 0, 0, 1, 0x80, 1, 65)
    assert not parser.receive(other)
    assert parser.receive(framed(1, 0x2B, 0x0E, 4, 1, 0, 0, 1, 0x80, 1, 65))
    assert parser.objects() == {0x80: "A"}


def test_how_long_a_reply_may_be():
    assert client.longest_reply(client.read_request(1, 4, 0x1000, 28)) == 61
    assert client.longest_reply(client.write_request(1, 0, [1])) == 8
    assert client.longest_reply(client.identify_request(1)) == 256
