"""Which meter is asked what, and when. No I/O and no clock.

Jobs go before polls; among equals the one that has waited longest is first. A meter that does not
answer, or is not the one expected, is asked more and more seldom; its jobs wait. A meter gets a
token only after a poll has shown its DRN since it was last away.

A token is written with the job's id as token_ref, then the result is read until it is not Busy.
When it is not certain whether the meter had the write (no answer, or the collector restarted), the
result is read first, and the token is written again only if the result is of another reference.

A meter that says that it has crashed, or that fails to be read, is asked once why.
"""

from meterbus import client, frame, registers
from sts_portable import results

from ..jobs.store import BUS_REFUSED
from ..jobs.table import STORED

POLL = "poll"
WRITE = "write"
RESULT = "result"
CRASH = "crash"

MISSES = 3  # requests without an answer after which a meter is offline
RETRY_MS = 100
BACKOFF_MS = (1000, 2000, 4000, 8000, 15000, 30000)  # offline: after the 1st, 2nd, ... attempt
FIRST_LOOK_MS = 50  # from a write to the first look at its result
BUSY_MS = 100  # between looks while the meter works on the token
ASIDE_MS = 1000  # the meter refused this request: try again later
REFUSALS = 3  # times a meter may say that it has no token registers before the job ends

# Modbus exceptions that will be the same next time; all others are passing troubles.
_FINAL = (1, 2, 3)
_PENDING = (results.BUSY, results.NONE)
_MAX_WRITES = len(BACKOFF_MS)


class Meter:
    """One address on the bus and what is known of the meter there."""

    def __init__(self, address, drn):
        self.address = address
        self.drn = drn
        self.online = None  # None not known yet, True, False
        self.fault = ""  # why it is offline
        self.crash = ""  # what its last crash report says
        self.ask_crash = False
        self.data = None  # registers of the last poll, bytes
        self.at = None  # UTC seconds of that poll, None unknown
        self.say = False  # its state should be published
        self.job = None
        self.step = WRITE  # WRITE, RESULT: what the job needs next
        self.poll_ms = 0  # until the next poll, negative if late
        self.job_ms = 0  # until the next step of the job
        self.misses = 0  # requests without an answer, since the last answer
        self.absences = 0  # attempts since it went offline
        self.writes = 0  # of the token of this job
        self.refusals = 0  # exceptions in reply to this job


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
            self._begin(meter, store.first(meter.drn))

    def meter(self, drn):
        """The meter with this DRN, or None."""
        return self._by_drn.get(drn)

    def offer(self, job):
        """A job was stored. An absent meter is tried at once for it."""
        meter = self._by_drn.get(job.drn)
        if meter and meter.job is None and job.state == STORED:
            self._begin(meter, job)
            if not meter.online:
                meter.poll_ms = min(meter.poll_ms, 0)

    def _begin(self, meter, job):
        meter.job = job
        meter.step = RESULT if job and job.unsure else WRITE
        meter.job_ms = meter.writes = meter.refusals = 0

    def next(self, elapsed_ms):
        """Let time pass; the request to send now, or None: then nothing is due for `due_ms`."""
        due = self._poll_ms
        poll = job = crash = None
        for meter in self.meters:
            if meter.ask_crash:
                crash = meter
            meter.poll_ms -= elapsed_ms
            if poll is None or meter.poll_ms < poll.poll_ms:
                poll = meter
            if meter.online and meter.job:
                meter.job_ms -= elapsed_ms
                due = min(due, meter.job_ms)
                if meter.job_ms <= 0 and (job is None or meter.job_ms < job.job_ms):
                    job = meter
        if job:
            self._meter, self._step = job, job.step
        elif crash:
            self._meter, self._step = crash, CRASH
        elif poll and poll.poll_ms <= 0:
            self._meter, self._step = poll, POLL
        else:
            self.due_ms = min(due, poll.poll_ms) if poll else due
            return None
        return _REQUESTS[self._step](self._meter)

    def reply(self, parser, at):
        """The answer to the request in flight: a client.ReplyParser that is complete.

        at: UTC seconds or None.
        """
        meter = self._meter
        meter.misses = 0
        if self._step == CRASH:
            self._explained(meter, parser)
        elif parser.exception and self._step == POLL:
            # The safe application answers so, and knows why it runs.
            meter.ask_crash = (
                parser.exception == frame.SERVER_DEVICE_FAILURE and meter.online is not False
            )
            self._away(meter, frame.EXCEPTIONS.get(parser.exception, "refuses to be read"))
        elif parser.exception:
            self._refused(meter, parser.exception, at)
        else:
            _REPLIES[self._step](self, meter, parser.data, at)

    def timeout(self):
        """The request in flight was not answered, or not in a form that can be read."""
        meter = self._meter
        self.timeouts += 1
        meter.misses += 1
        meter.ask_crash = False
        if self._step == WRITE:
            meter.job.unsure = True
            meter.step = RESULT
        if meter.online and meter.misses < MISSES:
            meter.job_ms = RETRY_MS
            meter.poll_ms = RETRY_MS if self._step == POLL else meter.poll_ms
        else:
            self._away(meter, "no answer")

    def _away(self, meter, why):
        """Offline; seen for the first time only after as many misses as an online one has."""
        if meter.online is None and meter.misses and meter.misses < MISSES:
            meter.poll_ms = RETRY_MS
            return
        if meter.online is not False or meter.fault != why:
            meter.say = True
        meter.absences = min(meter.absences, len(BACKOFF_MS) - 1)
        meter.poll_ms = BACKOFF_MS[meter.absences]
        meter.absences += 1
        meter.online = False
        meter.fault = why

    def _polled(self, meter, data, at):
        values = registers.decode(registers.STATE_START, data)
        if values["drn"] != meter.drn:
            self._away(meter, f"another meter is at address {meter.address}: {values['drn']}")
            return
        self.polls += 1
        if not values["status"] & registers.STATUS_CRASHED:
            meter.crash = ""
        elif not meter.crash or meter.online is not True:
            meter.ask_crash = True
        if meter.online is not True:
            meter.job_ms = 0
        if meter.online is not True or meter.data != data:
            meter.say = True
        meter.online, meter.fault, meter.absences = True, "", 0
        meter.data, meter.at = data, at
        # The rhythm is kept, but a poll that is very late does not call for many in a row.
        meter.poll_ms = max(meter.poll_ms + self._poll_ms, self._poll_ms // 2)

    def _explained(self, meter, parser):
        meter.ask_crash = False
        text = "" if parser.exception else parser.objects().get(registers.CRASH_OBJECT)
        if text or meter.online:
            meter.crash = text or "unknown"
            meter.say = True

    def _written(self, meter, _data, _at):
        meter.job.unsure = True
        meter.step = RESULT
        meter.job_ms = FIRST_LOOK_MS
        meter.writes += 1

    def _looked(self, meter, data, at):
        values = registers.decode(registers.RESULT_START, data)
        if values["result_ref"] != meter.job.id:
            meter.step = WRITE
            slower = min(meter.writes, _MAX_WRITES) - 1
            meter.job_ms = BACKOFF_MS[slower] if meter.writes else 0
        elif values["result"] in _PENDING:
            meter.job_ms = BUSY_MS
        else:
            self._finish(meter, values["result"], at)

    def _refused(self, meter, code, at):
        meter.job_ms = ASIDE_MS
        if code in _FINAL:
            meter.refusals += 1
        if meter.refusals >= REFUSALS:
            self._finish(meter, BUS_REFUSED | code, at)

    def _finish(self, meter, result, at):
        self._store.finish(meter.job, result, at)
        meter.poll_ms = 0  # show what the token did
        self._begin(meter, self._store.first(meter.drn))


def _poll_request(meter):
    return client.read_request(
        meter.address, client.READ_INPUT_REGISTERS, registers.STATE_START, registers.STATE_COUNT
    )


def _write_request(meter):
    entry = registers.token_entry(meter.job.token, meter.job.id)
    return client.write_request(meter.address, registers.TOKEN_START, entry)


def _result_request(meter):
    return client.read_request(
        meter.address,
        client.READ_HOLDING_REGISTERS,
        registers.RESULT_START,
        registers.RESULT_COUNT,
    )


def _crash_request(meter):
    return client.identify_request(meter.address, client.ONE_OBJECT, registers.CRASH_OBJECT)


_REQUESTS = {
    POLL: _poll_request,
    WRITE: _write_request,
    RESULT: _result_request,
    CRASH: _crash_request,
}
_REPLIES = {POLL: Poller._polled, WRITE: Poller._written, RESULT: Poller._looked}
