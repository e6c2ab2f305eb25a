"""The next message to the station. No I/O and no clock.

Jobs and readings are not queued: each job and each meter has a flag `unsent`, and the message is
made from the state at its turn. So memory is bounded however long the broker is away, and of
readings only the latest is sent. Answers to commands that made no job are kept in a list of 16;
when it overflows the oldest is dropped, and the station, which repeats what is not answered, is
answered again.
"""

from uplink import codec, kinds

from . import answers
from .jobs.table import DONE

REPEAT_MS = 30000  # resend interval of a result until the station confirms
REFRESH_MS = 60000  # a reading that does not change is still published this often
_MAX_ANSWERS = 16


class Outbox:
    """Messages in order of importance, one in flight: answers, then jobs, then readings."""

    def __init__(self, names, store, meters):
        """names: uplink.topics.Topics. store: jobs.Store. meters: [field.meter.Meter]."""
        self._names = names
        self._store = store
        self._meters = meters
        self._answers = []
        self._nonce = None  # of an echo to be answered; only the latest matters
        self._turn = 0  # the meter whose reading is looked at first
        self._flying = None  # job or meter of the message in flight
        self._result = None  # the job, if that message is its result
        self.about = None  # payload of the message `about`
        self._greetings = []
        self._repeat_ms = self._refresh_ms = 0

    def connected(self):
        """Send everything again after a new connection: the broker may have lost it."""
        self._flying = self._result = self._nonce = None
        self.introduce()
        self._greetings.insert(0, (self._names.status, kinds.ONLINE, True))
        self._repeat()
        self._refresh()

    def answer(self, drn, payload):
        """Queue an answer to a command that belongs to no job."""
        self._answers = self._answers[1 - _MAX_ANSWERS :] + [(self._names.ack(drn), payload)]

    def echo(self, nonce):
        """Answer an echo."""
        self._nonce = nonce

    def introduce(self):
        """Publish `about` again."""
        self._greetings = [(self._names.about, self.about, True)] if self.about else []

    def tick(self, elapsed_ms):
        """Let time pass."""
        self._repeat_ms += elapsed_ms
        self._refresh_ms += elapsed_ms
        if self._repeat_ms >= REPEAT_MS:
            self._repeat()
        if self._refresh_ms >= REFRESH_MS:
            self._refresh()

    def _repeat(self):
        self._repeat_ms = 0
        self._store.resend_results()

    def _refresh(self):
        self._refresh_ms = 0
        for meter in self._meters:
            meter.unsent = meter.online is not None

    def next(self):
        """Return (topic, payload, retained) to publish, or None. Then call `sent` or `lost`."""
        if self._greetings:
            return self._greetings.pop(0)
        if self._nonce is not None:
            payload = codec.encode("echo", {"nonce": self._nonce})
            self._nonce = None
            return self._names.echo_reply, payload, False
        if self._answers:
            return self._answers.pop(0) + (False,)
        job = self._store.first_unsent()
        if job:
            self._fly(job)
            self._result = job if job.state == DONE else None
            return self._names.ack(job.drn), answers.acknowledgement(job), False
        for i in range(len(self._meters)):
            at = (self._turn + i) % len(self._meters)
            meter = self._meters[at]
            if meter.unsent:
                self._turn = at + 1
                self._fly(meter)
                return self._names.state(meter.drn), state_of(meter), True
        return None

    def _fly(self, item):
        self._result = None
        item.unsent = False
        self._flying = item

    def sent(self):
        """Note that the broker has acknowledged the message that `next` gave last."""
        if self._result:
            self._result.published = True
        self._flying = self._result = None

    def lost(self):
        """Send the message in flight again: the connection ended before its acknowledgement."""
        if self._flying:
            self._flying.unsent = True
        self._flying = self._result = None


def state_of(meter):
    """Return the state of a meter (field.meter.Meter)."""
    return codec.reading(meter.registers(), bool(meter.online), meter.at, meter.fault, meter.crash)
