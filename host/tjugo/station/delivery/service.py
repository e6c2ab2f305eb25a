"""From a sale to the meter: which deliveries are due, and what an answer changes.

`Schedule` decides when, in seconds of a monotonic clock given by the caller. The functions below
it read and write the delivery rows.
"""

import logging
from dataclasses import dataclass

from sqlalchemy import select

from tjugo.station.delivery import outcomes
from tjugo.station.link import wire
from tjugo.station.storage.tables import Collector, Meter, MeterReading, Token, TokenDelivery
from tjugo.station.vending.integrity import intact
from tjugo.station.work import View, Work

log = logging.getLogger(__name__)

# Seconds until a command is repeated, by how often it was sent; the last one stays.
UNANSWERED_S = (5, 5, 10, 20, 40, 60)
# A stored job is asked about now and then: a collector whose flash was replaced forgot it. Sending
# it twice is harmless, the meter knows its reference.
LATER_S = 300


@dataclass
class Job:
    """A delivery of which no meter has said what became of it. answered: the collector has it, or
    said why not."""

    ref: int
    collector_id: str
    drn: str
    digits: str
    answered: bool = False
    attempts: int = 0
    due_s: float = 0.0

    def command(self) -> wire.Message:
        return wire.command(self.collector_id, self.drn, self.ref, self.digits)


class Schedule:
    """The open jobs and when each is to be sent (again)."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, jobs: list[Job]) -> None:
        """Takes jobs it does not have yet; they are due at once."""
        for job in jobs:
            self._jobs.setdefault(job.ref, job)

    def due(self, now_s: float, limit: int = 100) -> list[Job]:
        """Jobs to send now."""
        return [job for job in self._jobs.values() if job.due_s <= now_s][:limit]

    def sent(self, job: Job, now_s: float) -> None:
        """Notes that the command went out."""
        wait_s = UNANSWERED_S[min(job.attempts, len(UNANSWERED_S) - 1)]
        job.attempts += 1
        job.due_s = now_s + (LATER_S if job.answered else wait_s)

    def answered(self, ack: wire.Ack, now_s: float) -> None:
        """Notes what a collector said of a job."""
        job = self._jobs.get(ack.ref)
        if job is None or (job.collector_id, job.drn) != (ack.collector_id, ack.drn):
            return
        if ack.state == "done":
            del self._jobs[ack.ref]
        else:
            job.answered = True
            job.due_s = now_s + LATER_S

    def collector_online(self, collector_id: str, now_s: float) -> None:
        """A collector that was away is asked about all its jobs at once."""
        for job in self._jobs.values():
            if job.collector_id == collector_id:
                job.due_s = now_s


def open_jobs(view: View, only_new: bool = False) -> list[Job]:
    """Return unfinished deliveries, oldest first; only_new: those that were never sent."""
    states = ("issued",) if only_new else ("issued", "sent", "at_collector", "refused")
    query = (
        select(TokenDelivery, Token)
        .join(TokenDelivery.token)
        .where(
            TokenDelivery.tenant_id == view.tenant_id,
            TokenDelivery.state.in_(states),
            TokenDelivery.result.is_(None),
        )
        .order_by(TokenDelivery.created_at, TokenDelivery.tid)
    )
    jobs = []
    for row, token in view.session.execute(query):
        if intact(token):
            jobs.append(Job(row.ref, row.collector_id, row.drn, token.digits))
        else:
            log.error("the record of delivery %d to %s is damaged", row.ref, row.drn)
    return jobs


def mark_sent(work: Work, jobs: list[Job]) -> None:
    """Record that commands are on their way. To be committed before they are published, so that no
    answer can overtake it."""
    for job in jobs:
        row = work.session.get_one(TokenDelivery, (work.tenant_id, job.ref))
        row.attempts += 1
        if row.state == "issued":
            row.state, row.sent_at = "sent", work.now()


def take(work: Work, incoming: wire.Incoming) -> list[wire.Message]:
    """Record a message; return what to answer once it is committed."""
    if isinstance(incoming, wire.Ack):
        return _take_ack(work, incoming)
    if isinstance(incoming, wire.Reading):
        _take_reading(work, incoming)
    elif isinstance(incoming, wire.CollectorStatus | wire.CollectorAbout):
        _take_collector(work, incoming)
    return []


def _take_ack(work: Work, ack: wire.Ack) -> list[wire.Message]:
    row = work.session.get(TokenDelivery, (work.tenant_id, ack.ref))
    if row is None or (row.collector_id, row.drn) != (ack.collector_id, ack.drn):
        # Not told to forget: what this station cannot place may matter to somebody.
        log.warning("%s answers for an unknown delivery to %s", ack.collector_id, ack.drn)
        return []
    _apply(work, row, ack)
    if ack.state in ("stored", "unknown"):
        return []
    # Also for a refusal: the collector then is free to take the job again when it is asked.
    return [wire.forget(ack.collector_id, ack.drn, ack.ref)]


def _apply(work: Work, row: TokenDelivery, ack: wire.Ack) -> None:
    if row.result is not None:
        return  # what the meter said is final
    if ack.state == "stored":
        row.state, row.stored_at, row.reason = "at_collector", work.now(), None
    elif ack.state == "refused":
        row.state, row.reason = "refused", ack.why or "the collector did not take the token"
    elif ack.result is not None:
        row.result, row.done_at = ack.result, work.now()
        row.state = "accepted" if outcomes.accepted(ack.result) else "refused"
        row.reason = outcomes.sentence(ack.result)


def _take_reading(work: Work, reading: wire.Reading) -> None:
    meter = work.session.get(Meter, (work.tenant_id, reading.drn))
    if meter is None or meter.collector_id != reading.collector_id:
        log.warning("%s reads a meter that is not its own", reading.collector_id)
        return
    work.session.merge(
        MeterReading(
            tenant_id=work.tenant_id,
            drn=reading.drn,
            received_at=work.now(),
            at=reading.at,
            online=reading.online,
            **reading.values,
        )
    )


def _take_collector(work: Work, said: wire.CollectorStatus | wire.CollectorAbout) -> None:
    row = work.session.get(Collector, (work.tenant_id, said.collector_id))
    if row is None:
        log.warning("an unknown collector, %s, is there", said.collector_id)
    elif isinstance(said, wire.CollectorAbout):
        row.version, row.crash = said.version, said.crash
    else:
        row.online, row.status_at = said.online, work.now()
