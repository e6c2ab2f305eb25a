"""Which meter is asked what, and when. No I/O and no clock.

Jobs go before polls; among equals the one that has waited longest is first. A meter that does not
answer, or is not the one expected, is asked more and more seldom; its jobs wait. A meter gets a
token only after a poll has shown its DRN since it was last away, and while its ledger is readable.

A token is written with the job's reference as token_ref, then the result is read until it is not
Busy. When it is not certain whether the meter had the write (no answer, or the collector
restarted), the result is read first, and the token is written again only if the result is of
another reference. A final result is read once more with its proof, which the collector passes on
and cannot check; a meter of earlier firmware has none. If it is the proof that the station does
not believe, the token is written again: somebody may have entered another one with this reference.

An order is written in the same way, and its answer is read with its proof, by its sequence. Where
there is no answer, or one to another order, it is written again: a meter carries it out once.

The crash report of a meter whose status names one, or that refuses to be read, is read once.
Whatever a meter replies concerns that meter only.
"""

from meterbus import client, codes, frame, registers
from sts_portable import results

from ..jobs.store import BUS_REFUSED, DAMAGED, NO_RESULT
from ..jobs.table import STORED
from .meter import ANSWER, BLOCKS, DEVICE, ORDER, PROOF, RESULT, STATE, WRITE, Meter
from .requests import CRASH, POLL, REQUESTS

MISSES = 3  # requests without an answer after which a meter is offline
RETRY_MS = 100
BACKOFF_MS = (1000, 2000, 4000, 8000, 15000, 30000)  # offline: after the 1st, 2nd, ... attempt
FIRST_LOOK_MS = 50  # from a write to the first look at its result
BUSY_MS = 100  # between the first looks while the meter works on the token
LOCKED_MS = 10000  # the meter's token entry is locked after wrong tokens: write again later
ASIDE_MS = 1000  # the meter refused this request, or is busy for long: try again later
REFUSALS = 3  # times a meter may refuse or give an impossible result before the job ends

# Modbus exceptions that will be the same next time; all others are passing troubles.
_FINAL = (1, 2, 3)
_PENDING = (results.BUSY, results.NONE)
_HIGHEST_RESULT = 0xFF  # results that this firmware has no name for are passed on
_QUICK_LOOKS = 20
_MAX_WRITES = len(BACKOFF_MS)


class Poller:
    """Schedules one bus. Call `next`; send what it gives; then `reply` or `timeout`."""

    def __init__(self, addresses, store, poll_ms):
        """addresses: [(address, drn)]. store: jobs.Store."""
        self.meters = [Meter(address, drn) for address, drn in addresses]
        self._by_drn = {meter.drn: meter for meter in self.meters}
        self._store = store
        self._poll_ms = poll_ms
        self._meter = None  # whom the request in flight is for
        self._step = POLL
        self.due_ms = 0  # until the next request falls due, valid after `next` gave None
        self.polls = 0  # answered
        self.timeouts = 0
        for meter in self.meters:
            meter.begin(store.first(meter.drn))

    def meter(self, drn):
        """Return the meter with this DRN, or None."""
        return self._by_drn.get(drn)

    def offer(self, job):
        """Take note that a job was stored: an absent meter is tried at once for it."""
        meter = self._by_drn.get(job.drn)
        if meter and meter.job is None and job.state == STORED:
            meter.begin(job)
            if not meter.online:
                meter.poll_ms = min(meter.poll_ms, 0)

    def delivering(self, job):
        """Return True if this job's turn has come and its meter answers."""
        meter = self._by_drn.get(job.drn)
        return bool(meter and meter.online and meter.job and meter.job.row == job.row)

    def ended(self, job):
        """Take note that a job ended without its meter: the next one takes its place."""
        meter = self._by_drn.get(job.drn)
        if meter and meter.job and meter.job.row == job.row:
            meter.begin(self._store.first(meter.drn))

    def next(self, elapsed_ms):
        """Let time pass; return the request to send now, or None: nothing is due for `due_ms`."""
        due = self._poll_ms
        poll = job = crash = None
        for meter in self.meters:
            if meter.ask_crash:
                crash = meter
            meter.poll_ms -= elapsed_ms
            if poll is None or meter.poll_ms < poll.poll_ms:
                poll = meter
            if meter.online and meter.ready and meter.job:
                meter.job_ms -= elapsed_ms
                due = min(due, meter.job_ms)
                if meter.job_ms <= 0 and (job is None or meter.job_ms < job.job_ms):
                    job = meter
        if job and not self._readable(job):
            self.due_ms = RETRY_MS
            return None
        if job:
            self._meter, self._step = job, job.step
        elif crash:
            self._meter, self._step = crash, CRASH
        elif poll and poll.poll_ms <= 0:
            self._meter, self._step = poll, POLL
        else:
            self.due_ms = min(due, poll.poll_ms) if poll else due
            return None
        request = REQUESTS.get(self._step) or _of_orders().REQUESTS[self._step]
        return request(self._meter)

    def _readable(self, meter):
        """Load a meter's order, if its job is one; end the job and return False if that is not
        possible."""
        if meter.job.ordered and meter.order is None:
            meter.order = self._store.order(meter.job)
            if meter.order is None:
                self.finish(meter, DAMAGED, None)
                return False
        return True

    def reply(self, parser, at):
        """Take the answer to the request in flight: a client.ReplyParser that is complete.

        at: UTC seconds or None.
        """
        meter = self._meter
        meter.misses = 0
        if self._step == CRASH:
            self._explained(meter, parser)
        elif self._step == POLL and parser.refused:
            self._unreadable(meter, parser.exception, at)
        elif self._step == POLL:
            self._polled(meter, parser.data, at)
        elif parser.refused:
            self._refused(meter, parser.exception, at)
        else:
            take = _REPLIES.get(self._step) or _of_orders().answered
            take(self, meter, parser.data, at)

    def timeout(self):
        """Count a request without an answer, or with one that cannot be read."""
        meter = self._meter
        self.timeouts += 1
        meter.misses += 1
        meter.ask_crash = False
        if self._step == WRITE:
            meter.job.unsure = True
            meter.step = RESULT
        elif self._step == ORDER:
            meter.job.unsure = True
            meter.step = PROOF
        if meter.online and meter.misses < MISSES:
            meter.job_ms = RETRY_MS
            meter.poll_ms = RETRY_MS if self._step == POLL else meter.poll_ms
        else:
            self._away(meter, "no answer")

    def _away(self, meter, why):
        """Set it offline; at first sight only after as many misses as for one that was online."""
        meter.restart_poll()
        if meter.online is None and meter.misses and meter.misses < MISSES:
            meter.poll_ms = RETRY_MS
            return
        if meter.online is not False or meter.fault != why:
            meter.unsent = True
        meter.absences = min(meter.absences, len(BACKOFF_MS) - 1)
        meter.poll_ms = BACKOFF_MS[meter.absences]
        meter.absences += 1
        meter.online = False
        meter.fault = why

    def _unreadable(self, meter, code, at):
        """Handle the refusal of a block: part of it may be unknown, or nothing can be read."""
        if meter.poll_step == STATE and code == frame.SERVER_DEVICE_FAILURE:
            meter.state_refused()
            meter.poll_ms = 0
        elif meter.poll_step in (STATE, DEVICE):
            meter.ask_crash = code == frame.SERVER_DEVICE_FAILURE and meter.online is not False
            self._away(meter, client.exception_name(code))
        else:
            self._take(meter, None, at)

    def _polled(self, meter, data, at):
        step = meter.poll_step
        if step in (STATE, DEVICE):
            drn = registers.decode(BLOCKS[step][0], data)["drn"]
            if drn != meter.drn:
                self._away(meter, f"another meter is at address {meter.address}: {drn}")
                return
        self._take(meter, data, at)

    def _take(self, meter, data, at):
        """Take a block of the poll, None if it was refused."""
        if not meter.read(meter.poll_step, data):
            meter.poll_ms = 0
            return
        self.polls += 1
        if not meter.crashed():
            meter.crash = ""
        elif not meter.crash or meter.online is not True:
            meter.ask_crash = True
        if meter.online is not True:
            meter.job_ms = 0
            meter.unsent = True
        meter.online, meter.fault, meter.absences = True, "", 0
        meter.at = at
        # The rhythm is kept, but a poll that is very late does not call for many in a row.
        meter.poll_ms = max(meter.poll_ms + self._poll_ms, self._poll_ms // 2)

    def _explained(self, meter, parser):
        meter.ask_crash = False
        text = "" if parser.refused else parser.objects().get(codes.CRASH_OBJECT)
        if text or meter.online:
            meter.crash = text or "unknown"
            meter.unsent = True

    def _written(self, meter, _data, _at):
        meter.job.unsure = True
        meter.step = PROOF if self._step == ORDER else RESULT
        meter.job_ms = FIRST_LOOK_MS
        meter.writes += 1
        meter.looks = 0

    def _looked(self, meter, data, at):
        values = registers.decode(registers.RESULT_START, data)
        if values["result_ref"] != meter.job.ref:
            self.again(meter, WRITE)
        elif values["result"] == results.LOCKOUT_ERROR:
            # Not a result of this token, which was not looked at.
            meter.job.unsure = False
            meter.step = WRITE
            meter.job_ms = LOCKED_MS
        elif values["result"] in _PENDING:
            meter.looks = min(meter.looks + 1, _QUICK_LOOKS)
            meter.job_ms = BUSY_MS if meter.looks < _QUICK_LOOKS else ASIDE_MS
        elif values["result"] <= _HIGHEST_RESULT:
            meter.step = ANSWER
            meter.result = values["result"]
            meter.job_ms = 0
        else:
            self.count(meter, NO_RESULT, at)

    def again(self, meter, step):
        """Write again, less and less often."""
        meter.step = step
        slower = min(meter.writes, _MAX_WRITES) - 1
        meter.job_ms = BACKOFF_MS[slower] if meter.writes else 0

    def _proved(self, meter, data, at):
        values = registers.decode(registers.ANSWER_START, data)
        if values["result_ref"] == meter.job.ref and values["result"] == meter.result:
            proof = data[2 * (registers.PROOF_START - registers.ANSWER_START) :]
            if proof == meter.job.doubted and meter.result != results.CRC_ERROR:
                meter.job.trust()
                meter.step = WRITE
                meter.job_ms = 0
            else:  # a wrong token written again and again would lock the meter's entry
                self.finish(meter, meter.result, at, proof)
        else:  # the meter restarted, or another client wrote a token
            meter.step = RESULT
            meter.job_ms = ASIDE_MS

    def _refused(self, meter, code, at):
        meter.job_ms = ASIDE_MS
        if self._step == PROOF and code == frame.SERVER_DEVICE_FAILURE:  # it has no answer
            self.again(meter, ORDER)
        elif self._step == ANSWER and code == frame.ILLEGAL_DATA_ADDRESS:  # earlier firmware
            self.finish(meter, meter.result, at)
        elif self._step == ANSWER:
            self.count(meter, meter.result, at)
        elif code in _FINAL:
            self.count(meter, BUS_REFUSED | code, at)

    def count(self, meter, result, at):
        """End the job with this result after too many refusals."""
        meter.job_ms = ASIDE_MS
        meter.refusals += 1
        if meter.refusals >= REFUSALS:
            self.finish(meter, result, at)

    def finish(self, meter, result, at, proof=None):
        """End the job with this result."""
        self._store.finish(meter.job, result, at, proof)
        meter.poll_ms = 0  # show what the token did
        meter.begin(self._store.first(meter.drn))


def _of_orders():
    """Return the module of orders, which takes heap only where there are some."""
    return __import__("collector.field.orders", None, None, ("answered",))


_REPLIES = {
    WRITE: Poller._written,
    RESULT: Poller._looked,
    ANSWER: Poller._proved,
    ORDER: Poller._written,
}
