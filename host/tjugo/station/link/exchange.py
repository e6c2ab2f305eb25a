"""The exchange with collectors: what to send and how to handle messages, without MQTT and clock.

The methods run in one thread and are quick. Between them the caller records what they return
(`tjugo.station.link.records`) in a separate thread.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tjugo.rate import Bucket
from tjugo.station.delivery.answers import Answered
from tjugo.station.delivery.jobs import Ack, Job, Schedule
from tjugo.station.link import wire
from tjugo.station.link.echo import Liveness
from tjugo.station.link.inbox import Inbox
from tjugo.station.link.limits import LOG_PERIOD_S, OncePer
from tjugo.station.readings.intake import CollectorStatus, Judged, Reading
from uplink import kinds

log = logging.getLogger(__name__)

# `forget` to one collector for jobs that it cannot have from here, and for its own: some hundred
# are cleared at once, but a flood of answers does not become a flood of commands.
UNKNOWN_PER_S, UNKNOWN_BURST = 20.0, 100
ENDED_PER_S, ENDED_BURST = 200.0, 1000


@dataclass
class Counts:
    """Rejected messages of one registered collector: answers for deliveries that it does not have,
    for another meter than the delivery's, for commands that were never sent, and with a wrong
    proof or without the one that the meter gives; readings of meters that it does not serve."""

    unknown_answers: int = 0
    foreign_answers: int = 0
    early_answers: int = 0
    doubted_answers: int = 0
    foreign_readings: int = 0


@dataclass
class Totals:
    """Rejected messages: those without a meaning, from collectors that are not registered, and
    beyond the capacity of the inbox."""

    not_understood: int = 0
    strangers: int = 0
    dropped: int = 0


@dataclass
class _Collector:
    counts: Counts = field(default_factory=Counts)
    unknown: Bucket = field(default_factory=lambda: Bucket(UNKNOWN_PER_S, UNKNOWN_BURST))
    ended: Bucket = field(default_factory=lambda: Bucket(ENDED_PER_S, ENDED_BURST))


class Exchange:
    """The state of the exchange. clock: the station's, for times that are displayed. randbelow: as
    secrets.randbelow."""

    def __init__(
        self, tenant_id: int, clock: Callable[[], datetime], randbelow: Callable[[int], int]
    ) -> None:
        self._tenant_id = tenant_id
        self._clock = clock
        self._seldom = OncePer(LOG_PERIOD_S)
        self._collectors: dict[str, _Collector] = {}
        self.liveness = Liveness(randbelow)
        self.schedule = Schedule()
        self.inbox = Inbox()
        self.totals = Totals()

    def connected(self, jobs: Iterable[Job], collectors: Iterable[str], now_s: float) -> None:
        """Begin a connection to the broker: every open job and every echo is due."""
        self.schedule = Schedule()
        self.schedule.add(jobs)
        self.watch(collectors, now_s)
        self.liveness.ask_now(now_s)

    def watch(self, collectors: Iterable[str], now_s: float) -> None:
        """Set which collectors are registered."""
        self._collectors = {c: self._collectors.get(c) or _Collector() for c in collectors}
        self.liveness.watch(self._collectors, now_s)

    def counts(self, collector_id: str) -> Counts:
        """Return the counts of a registered collector; zero counts for any other."""
        found = self._collectors.get(collector_id)
        return Counts() if found is None else found.counts

    def receive(self, topic: str, payload: bytes, now_s: float) -> None:
        """Store a received message. Raises nothing whatever its content, and does not access the
        database."""
        message = wire.parse(topic, payload, self._tenant_id)
        if message is None:
            self.unusable(topic, now_s)
        elif isinstance(message, wire.EchoReply):
            if self.liveness.replied(message.collector_id, message.nonce, self._clock()):
                self.schedule.resume(message.collector_id, now_s)
        elif isinstance(message, Ack) and message.state == kinds.UNKNOWN:
            pass  # the answer to `forget` for a job that the collector does not have
        else:
            if isinstance(message, CollectorStatus) and message.online:
                self.liveness.ask(message.collector_id, now_s)
                self.schedule.resume(message.collector_id, now_s)
            if not self.inbox.put(message, message.collector_id in self._collectors):
                self.overflow(now_s)

    def unusable(self, topic: str | bytes, now_s: float) -> None:
        """Count a message without a meaning. topic: as received."""
        self.totals.not_understood += 1
        # The topic is untrusted text: one short line of the log.
        self._warn(now_s, "understood", f"cannot understand a message on {topic[:80]!r}")

    def overflow(self, now_s: float) -> None:
        """Count a message that is dropped because too many arrive."""
        self.totals.dropped += 1
        self._warn(now_s, "dropped", "more messages arrive than can be recorded")

    def answered(self, answered: Answered, now_s: float) -> list[wire.Message]:
        """Apply recorded acks; return the messages to answer them with."""
        forget = []
        for ack in answered.taken:
            self.schedule.answered(ack, now_s)
            found = self._collectors.get(ack.collector_id)
            # Also for a refusal: the collector is then free to take the job again.
            if found and ack.state != kinds.STORED and found.ended.take(now_s):
                forget.append(ack)
        for ack in answered.unknown:
            found = self._count("unknown_answers", "answers for unknown deliveries", ack, now_s)
            if found and found.unknown.take(now_s):
                forget.append(ack)
        # No `forget` for these: the collector may have the job from here, and keeps it.
        for ack in answered.foreign:
            self._count("foreign_answers", "answers for a delivery to another meter", ack, now_s)
        for ack in answered.early:
            self._count("early_answers", "answers for a token before it was sent", ack, now_s)
        # Nor for these: the collector keeps its result until the station has one that is proved.
        for ack in answered.unchecked:
            self.schedule.answered(ack, now_s)
        for ack in answered.doubted:
            self.schedule.doubted(ack, now_s)
            self._count("doubted_answers", "passes on answers that may be forged", ack, now_s)
        return [wire.forget(ack.collector_id, ack.drn, ack.ref) for ack in forget]

    def judged(self, judged: Judged, now_s: float) -> None:
        """Count the reports that were not accepted."""
        for report in judged.strangers:
            self._stranger(report.collector_id, now_s)
        for reading in judged.foreign:
            self._count("foreign_readings", "reads a meter that it does not serve", reading, now_s)

    def commands(self, jobs: Iterable[Job], now_s: float) -> list[wire.Message]:
        """Return the commands of jobs that are recorded as sent, and schedule their repetition."""
        messages = []
        for job in jobs:
            reachable = not self.liveness.unreachable(job.collector_id)
            self.schedule.sent(job, now_s, reachable)
            messages.append(wire.command(job))
        return messages

    def echoes(self, now_s: float) -> list[wire.Message]:
        """Return the echoes that are due."""
        return [wire.echo(collector, nonce) for collector, nonce in self.liveness.due(now_s)]

    def _count(self, name: str, text: str, of: Ack | Reading, now_s: float) -> _Collector | None:
        """Increment a count of a registered collector and return it; None if it is not
        registered."""
        found = self._collectors.get(of.collector_id)
        if found is None:
            self._stranger(of.collector_id, now_s)
            return None
        setattr(found.counts, name, getattr(found.counts, name) + 1)
        self._warn(now_s, f"{name} {of.collector_id}", f"collector {of.collector_id} {text}")
        return found

    def _stranger(self, collector_id: str, now_s: float) -> None:
        self.totals.strangers += 1
        name = repr(collector_id[:40])
        self._warn(now_s, "stranger", f"collector {name} is not registered, but sends messages")

    def _warn(self, now_s: float, kind: str, text: str) -> None:
        more = self._seldom.due(kind, now_s)
        if more is not None:
            log.warning("%s%s", text, f" ({more} more since the last time)" if more else "")
