"""The poller against meters made of a register table, on a line that loses given frames."""

from check_collector_jobs import DRN, OTHER, TOKEN, Files

from collector.field import poller
from collector.jobs import store as jobs
from collector.jobs.table import DONE, STORED
from meterbus import codes, energy_rows, frame, registers
from meterbus.client import ReplyParser
from meterbus.server import Server
from sts_portable import results
from uplink import codec

SECOND_DRN = "11111111111"
ANSWER = registers.ANSWER_START, registers.ANSWER_COUNT


class Meter:
    """The behaviour of a meter with token registers; it accepts every token once."""

    def __init__(self, drn):
        self.drn = drn
        self.entries = []  # (ref, digits) that were really entered
        self.accepted_ref = 0
        self.busy = 0  # times the result is read as Busy
        self.code = 0  # exception with which writes are answered
        self.locked = 0  # writes that are answered with LockoutError
        self.result = results.NONE
        self.ref = 0
        self.energy_wh = 0
        self.crash = ""
        self.safe = False  # runs the safe application
        self.more = {}  # values of other registers
        self.tamper = 0  # kinds of tampering, None: firmware without their register
        self.mac = b"\x01\x23\x45\x67\x89\xab\xcd\xef"  # of every result, None: none is given
        self.without = frame.ILLEGAL_DATA_ADDRESS  # the exception where there is none

    def identify(self, number):
        return self.crash or None if number == codes.CRASH_OBJECT else None

    def read(self, function, start, count, out):
        if self.safe:
            return frame.SERVER_DEVICE_FAILURE
        if (start, count) == ANSWER and self.mac is None:
            return self.without
        if self.tamper is None and start == registers.row("tamper")[registers.ADDRESS]:
            return frame.ILLEGAL_DATA_ADDRESS
        if start == registers.RESULT_START and self.busy:
            self.busy -= 1
            values = {"result": results.BUSY, "result_ref": self.ref}
        else:
            values = {"result": self.result, "result_ref": self.ref}
        values["result_mac"], values["result_sequence"] = self.mac or b"", len(self.entries)
        values["result_credit"] = -50
        status = codes.STATUS_CRASHED if self.crash else 0
        status |= codes.STATUS_TAMPER if self.tamper != 0 else 0
        values["tamper"] = self.tamper
        values.update({"drn": self.drn, "energy_wh": self.energy_wh, "status": status})
        values.update(self.more)
        registers.fill(start, count, lambda name: values.get(name, 0), out)
        return 0

    def write(self, start, count, data):
        if self.code:
            return self.code
        entry = registers.decode(start, data)
        self.ref = entry["token_ref"]
        if self.locked:
            self.locked -= 1
            self.result = results.LOCKOUT_ERROR
            return 0
        if self.ref == self.accepted_ref:
            self.result = results.ACCEPT
            return 0
        digits = entry["token"]
        used = digits in [old for _, old in self.entries]
        self.entries.append((self.ref, digits))
        self.result = results.USED_ERROR if used else results.ACCEPT
        self.accepted_ref = self.accepted_ref if used else self.ref
        return 0

    def restart(self):
        """Keep only what a ledger keeps."""
        self.result, self.ref = results.NONE, 0


class Line:
    """A poller, two meters and simulated time."""

    def __init__(self, files=None, poll_ms=1000):
        self.files = files or Files()
        self.meters = {1: Meter(DRN), 2: Meter(SECOND_DRN)}
        self.poll_ms = poll_ms
        self.deaf = set()  # addresses that receive nothing
        self.dumb = set()  # addresses that receive, but whose answer is lost
        self.trace = []  # (time, address, function) of every request to `watched`
        self.watched = (1, 2)
        self.asked = 0  # requests to the other addresses
        self.now = 0
        self.start()

    def start(self):
        """Start the poller, or restart it as a collector's restart does."""
        self.store = jobs.Store(self.files)
        drns = [(address, meter.drn) for address, meter in self.meters.items()]
        self.poller = poller.Poller(drns, self.store, self.poll_ms)

    def add(self, ref, token=TOKEN, drn=DRN):
        job = self.store.add(ref, drn, token)
        self.poller.offer(job)
        return job

    def step(self, elapsed_ms=50):
        """Run one turn; return False if nothing was due."""
        self.now += elapsed_ms
        request = self.poller.next(elapsed_ms)
        if request is None:
            assert self.poller.due_ms > 0
            return False
        if request[0] in self.watched:
            self.trace.append((self.now, request[0], request[1]))
        else:
            self.asked += 1
        parser = ReplyParser(request)
        if self.answered(request, parser):
            self.poller.reply(parser, self.now // 1000)
        else:
            self.poller.timeout()
        return True

    def answered(self, request, parser):
        address = request[0]
        if address in self.deaf or address not in self.meters:
            return False
        server = Server(address, self.meters[address])
        server.gap()
        reply = server.receive(request)
        return address not in self.dumb and parser.receive(reply)

    def run(self, ms, step_ms=50):
        end = self.now + ms
        while self.now < end:
            self.step(step_ms)

    def until_done(self, job):
        for _ in range(2000):
            if job.state == DONE:
                return
            self.step()
        raise AssertionError("the job is not done after 100 s")


def test_every_meter_is_polled_in_its_rhythm():
    line = Line()
    line.run(30000)
    for address in (1, 2):
        times = [at for at, asked, _ in line.trace if asked == address]
        assert 29 <= len(times) <= 31
    assert line.poller.meters[0].online is True
    assert line.poller.meters[0].at is not None
    assert line.poller.timeouts == 0


def test_a_reading_is_news_only_when_it_changed():
    line = Line()
    line.run(1000)
    meter = line.poller.meter(DRN)
    assert meter.unsent
    meter.unsent = False
    line.run(3000)
    assert not meter.unsent
    line.meters[1].energy_wh = 5
    line.run(2000)
    assert meter.unsent


def test_a_meter_with_credit_in_money_is_asked_for_it_in_the_same_poll():
    line = Line()
    money = {"credit": energy_rows.NOT_ENERGY, "credit_money": -1999624, "currency": "KES"}
    line.meters[1].more = money
    line.run(2500)
    first, second = line.poller.meter(DRN), line.poller.meter(SECOND_DRN)
    found = first.registers()
    assert {name: found[name] for name in money} == money
    assert "credit_money" not in second.registers() and second.registers()["credit"] == 0
    state = codec.reading(found, True, None)
    assert '"credit_wh": null' in state and '"credit_money": -1999624' in state
    assert '"currency": "KES"' in state and first.poll_step == second.poll_step
    assert "credit_money" not in codec.reading(second.registers(), True, None)


def test_a_crowded_bus_is_shared_evenly():
    line = Line(poll_ms=50)
    line.run(20000)
    count = [len([1 for _, asked, _ in line.trace if asked == address]) for address in (1, 2)]
    assert min(count) >= 190


def test_a_token_is_written_and_its_result_read():
    line = Line()
    line.run(1500)
    line.meters[1].busy = 3
    job = line.add(77)
    line.until_done(job)
    assert job.result == results.ACCEPT
    assert job.at == line.now // 1000
    assert job.unsent
    assert line.meters[1].entries == [(77, TOKEN)]
    writes = [1 for _, _, function in line.trace if function == frame.WRITE_MULTIPLE_REGISTERS]
    looks = [1 for _, _, function in line.trace if function == frame.READ_HOLDING_REGISTERS]
    assert (len(writes), len(looks)) == (1, 5)  # Busy three times, the result, its proof
    assert proof_of(job) == (-50, 1, "0123456789abcdef")
    assert line.trace[-1][2] == frame.READ_HOLDING_REGISTERS
    line.step()
    assert line.trace[-1][1:] == (1, frame.READ_INPUT_REGISTERS)  # what the token did


def proof_of(job):
    """Return credit, sequence and MAC of a job's result."""
    found = registers.decode(registers.PROOF_START, job.proof)
    return found["result_credit"], found["result_sequence"], found["result_mac"]


def test_a_meter_without_proofs():
    """Earlier firmware has no such registers; another one does not know a proof at present."""
    for code, times in ((frame.ILLEGAL_DATA_ADDRESS, 1), (frame.SERVER_DEVICE_FAILURE, 3)):
        line = Line()
        line.run(500)
        line.meters[1].mac, line.meters[1].without = None, code
        job = line.add(77)
        line.until_done(job)
        assert (job.result, job.proof) == (results.ACCEPT, None)
        looks = [1 for _, _, function in line.trace if function == frame.READ_HOLDING_REGISTERS]
        assert len(looks) == 1 + times


def test_a_proof_that_is_not_of_this_result_is_not_taken():
    line = Line()
    line.run(500)
    device, job = line.meters[1], line.add(77)
    plain, reads = device.read, []

    def read(function, start, count, out):
        if (start, count) == ANSWER and not reads:
            reads.append(count)
            device.restart()
        return plain(function, start, count, out)

    device.read = read
    line.until_done(job)
    assert reads and device.entries == [(77, TOKEN)]
    assert job.result == results.ACCEPT and proof_of(job)[1] == 1


def test_a_job_whose_result_is_not_believed_is_asked_again():
    line = Line()
    line.run(500)
    device, job = line.meters[1], line.add(77)
    plain, device.write = device.write, lambda start, count, data: 0  # somebody jams the write
    device.result, device.ref = results.ACCEPT, 77  # and answers
    line.until_done(job)
    assert (job.result, device.entries) == (results.ACCEPT, [])
    device.write = plain
    device.restart()
    line.store.reopen(job)
    assert (job.state, job.unsure, job.at, job.proof) == (STORED, True, None, None)
    line.poller.offer(job)
    line.until_done(job)
    assert device.entries == [(77, TOKEN)]
    line.start()
    assert line.store.get(77).result == results.ACCEPT


def test_another_token_under_the_reference_does_not_keep_the_right_one_out():
    line = Line()
    line.run(500)
    device, job = line.meters[1], line.add(77)
    plain = device.write

    def write(start, count, data):  # somebody enters another token instead
        return plain(start, count, registers.token_entry("1" * 20, 77))

    device.write = write
    line.until_done(job)
    assert (job.result, device.entries) == (results.ACCEPT, [(77, "1" * 20)])
    device.write = plain
    device.accepted_ref = 0  # that of the meter is for the digits
    for _ in range(2):
        line.store.reopen(job)
        line.poller.offer(job)
        line.until_done(job)
        assert [digits for _, digits in device.entries] == ["1" * 20, TOKEN]
        device.accepted_ref = 77


def test_a_wrong_token_is_not_written_again_and_again():
    """A meter with another key proves by it that the token is wrong; it would lock its entry."""
    line = Line()
    line.run(500)
    device, job = line.meters[1], line.add(77)
    line.until_done(job)
    device.result = results.CRC_ERROR
    for _ in range(3):
        line.store.reopen(job)
        line.poller.offer(job)
        line.until_done(job)
        assert job.result == results.CRC_ERROR
    assert len(device.entries) == 1


def test_jobs_of_a_meter_go_in_order_and_before_polls():
    line = Line(poll_ms=50)
    line.run(500)
    first, second = line.add(900), line.add(3, OTHER)
    line.until_done(second)
    assert first.state == DONE
    assert line.meters[1].entries == [(900, TOKEN), (3, OTHER)]
    assert (550, 1, frame.WRITE_MULTIPLE_REGISTERS) in line.trace


def test_a_meter_shows_its_drn_before_it_gets_a_token():
    line = Line()
    line.meters[1].drn = "99999999999"
    job = line.add(77)
    line.run(60000)
    assert job.state == STORED
    assert line.meters[1].entries == []
    meter = line.poller.meter(DRN)
    assert meter.online is False
    assert "99999999999" in meter.fault
    line.meters[1].drn = DRN
    line.until_done(job)


def test_a_lost_answer_does_not_enter_a_token_twice():
    line = Line()
    line.run(500)
    line.dumb.add(1)
    job = line.add(77)
    line.run(100)
    assert line.meters[1].entries == [(77, TOKEN)]
    line.dumb.clear()
    line.until_done(job)
    assert job.result == results.ACCEPT
    writes = [1 for _, _, function in line.trace if function == frame.WRITE_MULTIPLE_REGISTERS]
    assert len(writes) == 1  # the result showed that the meter had it


def test_a_lost_request_is_written_again():
    line = Line()
    line.run(500)
    line.deaf.add(1)
    job = line.add(77)
    line.run(100)
    line.deaf.clear()
    line.until_done(job)
    assert line.meters[1].entries == [(77, TOKEN)]


def test_the_meter_restarts_between_write_and_read():
    line = Line()
    line.run(500)
    job = line.add(77)
    line.meters[1].busy = 1
    while not line.meters[1].entries:
        line.step()
    line.meters[1].restart()
    line.until_done(job)
    assert job.result == results.ACCEPT
    assert line.meters[1].entries == [(77, TOKEN)]  # written twice, entered once


def test_the_collector_restarts_at_any_moment():
    for turns in range(1, 8):
        line = Line()
        line.run(500)
        line.add(77)
        for _ in range(turns):
            line.step()
        line.start()
        line.until_done(line.store.get(77))
        assert line.store.get(77).result == results.ACCEPT
        assert line.meters[1].entries == [(77, TOKEN)]


def test_after_a_restart_the_result_is_read_before_the_token_is_written_again():
    """A refused token too is entered once: a second entry would count as another wrong one."""
    line = Line()
    line.meters[1].entries.append((5, TOKEN))
    line.run(500)
    line.add(77)
    while len(line.meters[1].entries) == 1:
        line.step()
    line.start()
    line.until_done(line.store.get(77))
    assert line.store.get(77).result == results.USED_ERROR
    assert len(line.meters[1].entries) == 2


def test_an_absent_meter_is_asked_more_and_more_seldom():
    line = Line()
    line.run(500)
    line.deaf.add(2)
    line.watched, line.trace = (2,), []
    line.run(300000)
    times = [at for at, _, _ in line.trace]
    meter = line.poller.meter(SECOND_DRN)
    assert meter.online is False
    assert meter.fault == "no answer"
    assert meter.unsent
    gaps = [times[i] - times[i - 1] for i in range(1, len(times))]
    assert gaps[-1] == poller.BACKOFF_MS[-1]
    assert gaps[0] <= 200
    assert gaps[3:] == sorted(gaps[3:])
    assert line.asked >= 290  # the other one unharmed
    line.deaf.clear()
    line.run(31000)
    assert meter.online is True
    assert meter.fault == ""


def test_a_job_waits_for_an_absent_meter_and_wakes_it():
    line = Line()
    line.deaf.add(1)
    line.watched = (1,)
    line.run(300000, 500)
    job = line.add(77)
    before = len(line.trace)
    line.run(100)
    assert len(line.trace) == before + 1
    line.run(3600000, 10000)
    assert job.state == STORED
    line.deaf.clear()
    line.until_done(job)
    assert job.result == results.ACCEPT


def test_one_lost_answer_does_not_make_a_meter_offline():
    line = Line()
    line.run(500)
    line.deaf.add(1)
    while not line.poller.timeouts:
        line.step()
    line.deaf.clear()
    line.run(500)
    meter = line.poller.meter(DRN)
    assert meter.online is True
    assert meter.misses == 0


def test_a_meter_that_was_never_there():
    line = Line()
    line.deaf.add(1)
    line.step()
    assert line.poller.meter(DRN).online is None
    line.run(2000)
    assert line.poller.meter(DRN).online is False
    assert line.poller.meter(DRN).unsent


def test_a_busy_device_is_asked_again_later():
    for code in (frame.SERVER_DEVICE_BUSY, frame.SERVER_DEVICE_FAILURE):
        line = Line()
        line.run(500)
        line.meters[1].code = code
        job = line.add(77)
        line.run(30000)
        assert job.state == STORED
        writes = [1 for _, _, function in line.trace if function == frame.WRITE_MULTIPLE_REGISTERS]
        assert 20 <= len(writes) <= 31
        line.meters[1].code = 0
        line.until_done(job)
        assert job.result == results.ACCEPT


def test_a_token_waits_while_the_meters_entry_is_locked():
    """What others have entered wrong is not the end of a job."""
    line = Line()
    line.run(500)
    line.meters[1].locked = 3
    job = line.add(77)
    line.run(2 * poller.LOCKED_MS)
    assert job.state == STORED and not line.meters[1].entries
    line.until_done(job)
    assert job.result == results.ACCEPT and line.meters[1].entries == [(77, TOKEN)]
    writes = [1 for _, _, function in line.trace if function == frame.WRITE_MULTIPLE_REGISTERS]
    assert len(writes) == 4


def test_a_device_without_token_registers_ends_the_job():
    line = Line()
    line.run(500)
    line.meters[1].code = frame.ILLEGAL_DATA_ADDRESS
    job = line.add(77)
    line.until_done(job)
    assert job.result == jobs.BUS_REFUSED | frame.ILLEGAL_DATA_ADDRESS
    assert line.poller.meter(DRN).online is True


def test_somebody_else_enters_tokens_too():
    """The result of another reference is never taken for ours."""
    line = Line()
    line.run(500)
    job = line.add(77)
    meter = line.meters[1]
    for _ in range(3):
        while meter.ref != 77:
            line.step()
        meter.ref, meter.result = 5, results.CRC_ERROR
    line.until_done(job)
    assert job.result == results.ACCEPT
    assert meter.entries == [(77, TOKEN)]


def test_jobs_of_meters_that_were_taken_away_wait():
    line = Line()
    job = line.store.add(5, "22222222222", TOKEN)
    line.start()
    line.run(5000)
    assert line.store.get(job.ref).state == STORED


def test_a_crash_report_is_asked_for_once_and_goes_with_its_cause():
    line = Line()
    line.run(3000)
    device, meter = line.meters[1], line.poller.meter(DRN)
    assert meter.crash == ""
    device.crash = "OSError: 5"
    line.run(5000)
    assert meter.crash == "OSError: 5" and meter.unsent
    asked = [1 for _, address, function in line.trace if (address, function) == (1, 0x2B)]
    assert len(asked) == 1
    device.crash = ""
    line.run(2000)
    assert meter.crash == ""


def test_kinds_of_tampering_are_read_of_a_meter_that_has_some():
    line = Line()
    meter, device = line.poller.meter(DRN), line.meters[1]
    line.run(3000)
    assert meter.registers()["tamper"] == 0
    few = len(line.trace)
    line.run(10000)
    plain = len(line.trace) - few  # one request a poll of each of two meters
    device.tamper = codes.MAGNET | codes.BYPASS
    line.run(3000)
    assert meter.registers()["tamper"] == codes.MAGNET | codes.BYPASS
    assert meter.registers()["status"] == codes.STATUS_TAMPER
    few = len(line.trace)
    line.run(10000)
    assert abs(len(line.trace) - few - plain * 3 // 2) <= 2
    device.tamper = None
    line.run(3000)
    assert "tamper" not in meter.registers() and meter.online
    assert meter.registers()["status"] == codes.STATUS_TAMPER
    device.tamper = 0
    line.run(3000)
    assert meter.registers()["tamper"] == 0


def test_no_kinds_of_tampering_are_read_without_a_ledger():
    meter = Line().poller.meters[0]
    bits = codes.STATUS_TAMPER | codes.STATUS_LEDGER_FAULT
    block = registers.encode("drn", DRN) + registers.encode("device_status", bits)
    block += registers.encode("device_reasons", 0) + registers.encode("device_control_state", 0)
    for known, step in ((0, poller.STATE), (codes.KNOWN_LEDGER, "account")):
        meter.restart_poll()
        meter.state_refused()
        complete = meter.read(poller.DEVICE, block + registers.encode("known", known))
        assert complete == (known == 0)
        assert meter.poll_step == (poller.DEVICE if complete else step)
    assert "tamper" not in meter.registers()


def test_a_meter_in_safe_mode_says_why():
    line = Line()
    line.run(3000)
    device, meter = line.meters[1], line.poller.meter(DRN)
    device.safe, device.crash = True, "MemoryError"
    line.run(60000)
    assert (meter.online, meter.fault, meter.crash) == (False, "device failure", "MemoryError")
    asked = [1 for _, address, function in line.trace if (address, function) == (1, 0x2B)]
    assert len(asked) == 1
    device.safe = False
    line.run(60000)
    assert meter.online and meter.crash == "MemoryError"


def test_a_crash_report_that_cannot_be_had_is_asked_for_again():
    line = Line()
    line.run(3000)
    device, meter = line.meters[1], line.poller.meter(DRN)
    device.crash = "OSError: 5"
    while not line.poller.meter(DRN).ask_crash:
        line.step()
    line.deaf.add(1)
    while meter.ask_crash:
        line.step()
    assert meter.crash == ""
    line.deaf.clear()
    line.run(5000)
    assert meter.crash == "OSError: 5"
