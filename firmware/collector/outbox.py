"""What the station is told next. No I/O and no clock.

Nothing is queued: each job and each meter has a flag `say`, and the text is made from what is true
when its turn comes. So memory is bounded however long the broker is away, and of readings only
the latest is sent. Answers to commands that made no job are kept in a list of 16; when it
overflows the oldest is dropped, and the station, which repeats what is not answered, is answered
again.
"""

from meterbus import registers
from uplink import codec, kinds

from . import answers

REPEAT_MS = 30000  # a result is told this often until the station has it
REFRESH_MS = 60000  # a reading that does not change is still published this often
_MAX_ANSWERS = 16


class Outbox:
    """Messages in order of importance, one in flight: answers, then jobs, then readings."""

    def __init__(self, names, store, meters):
        """names: uplink.topics.Topics. store: jobs.Store. meters: [poller.Meter]."""
        self._names = names
        self._store = store
        self._meters = meters
        self._answers = []
        self._turn = 0  # the meter whose reading is looked at first
        self._flying = None  # job or meter of the message in flight
        self.about = None  # what the collector says of itself, with every new connection
        self._greetings = []
        self._repeat_ms = self._refresh_ms = 0

    def connected(self):
        """A new connection: say everything again, for the broker may have forgotten it."""
        self._flying = None
        self._greetings = [(self._names.status, kinds.ONLINE, True)]
        if self.about:
            self._greetings.append((self._names.about, self.about, True))
        self._repeat()
        self._refresh()

    def answer(self, drn, payload):
        """Queue an answer to a command that belongs to no job."""
        self._answers = self._answers[1 - _MAX_ANSWERS :] + [(self._names.ack(drn), payload)]

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
        self._store.say_results()

    def _refresh(self):
        self._refresh_ms = 0
        for meter in self._meters:
            meter.say = meter.online is not None

    def next(self):
        """(topic, payload, retained) to publish now, or None. Then call `sent` or `lost`."""
        if self._greetings:
            return self._greetings.pop(0)
        if self._answers:
            return self._answers.pop(0) + (False,)
        job = self._store.to_say()
        if job:
            self._fly(job)
            return self._names.ack(job.drn), answers.acknowledgement(job), False
        for i in range(len(self._meters)):
            at = (self._turn + i) % len(self._meters)
            meter = self._meters[at]
            if meter.say:
                self._turn = at + 1
                self._fly(meter)
                return self._names.state(meter.drn), _reading(meter), True
        return None

    def _fly(self, item):
        item.say = False
        self._flying = item

    def sent(self):
        """The broker has the message that `next` gave last."""
        self._flying = None

    def lost(self):
        """The connection was lost before the broker said that it has it: it will be said again."""
        if self._flying:
            self._flying.say = True
        self._flying = None


def _reading(meter):
    """Return the state of a meter (poller.Meter)."""
    known = registers.decode(registers.STATE_START, meter.data) if meter.data else {}
    return codec.reading(known, bool(meter.online), meter.at, meter.fault, meter.crash)
