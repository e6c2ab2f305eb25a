"""Unfinished deliveries, and when each is to be sent or repeated. No I/O, no clock.

Times are seconds of a monotonic clock that the caller gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

# Seconds until a command is repeated, by how often it was sent; the last value is kept.
UNANSWERED_S = (5, 5, 10, 20, 40, 60)
# A stored job is repeated occasionally: a collector whose flash was replaced has lost it.
# Sending it twice is harmless, the meter has recorded its reference. The same interval holds for a
# collector that does not answer echoes.
LATER_S = 300


# How far an answer is that of the meter.
PROVED = "proved"  # its MAC is right
UNPROVED = "unproved"  # it has none, and the meter has never given one: earlier firmware
DOUBTED = "doubted"  # its MAC is wrong, or missing though the meter gives one
UNCHECKED = "unchecked"  # it cannot be checked now


@dataclass(frozen=True)
class Proof:
    """What a meter signs besides the result. credit_wh, sequence: after the token; mac: 16
    hexadecimal digits."""

    credit_wh: int
    sequence: int
    mac: str


@dataclass(frozen=True)
class Ack:
    """A collector's answer to a command. state: `stored`, `done` (with result: a TokenResult
    code), `refused` (with why) or `unknown` (the collector has no such job). proof: of a result,
    None if the meter gave none. standing: PROVED, UNPROVED, DOUBTED or UNCHECKED (with why) of a
    result that was checked. order: the job is an order, and result is that of an order."""

    collector_id: str
    drn: str
    ref: int
    state: str
    result: int | None = None
    why: str | None = None
    proof: Proof | None = None
    standing: str | None = None
    order: bool = False

    @property
    def held(self) -> bool:
        """Whether the result is not to be recorded as the meter's."""
        return self.standing in (DOUBTED, UNCHECKED)


@dataclass
class Job:
    """A delivery without a TokenResult. expires: not to be entered after this. again: an answer
    was doubted, and the collector is to ask the meter again. answered: the collector stores it, or
    refused it with a reason. order: digits are the bytes of an order, hexadecimal."""

    ref: int
    collector_id: str
    drn: str
    digits: str
    expires: datetime
    again: bool = False
    order: bool = False
    answered: bool = False
    attempts: int = 0
    due_s: float = 0.0


class Schedule:
    """The open jobs and when each is to be sent or repeated."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, jobs: Iterable[Job]) -> None:
        """Add jobs that are not in the schedule yet; they are due at once."""
        for job in jobs:
            self._jobs.setdefault(job.ref, job)

    def drop(self, refs: Iterable[int]) -> None:
        """Remove jobs that are no longer to be sent."""
        for ref in refs:
            self._jobs.pop(ref, None)

    def due(self, now_s: float, limit: int = 100) -> list[Job]:
        """Return the jobs to send now, at most `limit`."""
        return [job for job in self._jobs.values() if job.due_s <= now_s][:limit]

    def sent(self, job: Job, now_s: float, reachable: bool = True) -> None:
        """Set when a sent command is to be repeated. reachable: False if the collector does not
        answer echoes."""
        wait_s = _wait_s(job)
        job.attempts += 1
        job.due_s = now_s + (LATER_S if job.answered or not reachable else wait_s)

    def answered(self, ack: Ack, now_s: float) -> None:
        """Apply a collector's answer to its job; ignore an answer from another collector or
        meter."""
        job = self._job(ack)
        if job is None:
            return
        if ack.state == "done" and ack.standing != UNCHECKED:
            del self._jobs[ack.ref]
        else:
            job.answered = True
            job.due_s = now_s + LATER_S

    def doubted(self, ack: Ack, now_s: float) -> None:
        """Have the meter asked again for the result that this answer gives, less and less
        often: whoever forges the answers must not be able to flood the bus."""
        job = self._job(ack)
        if job is not None:
            job.again, job.answered = True, False
            job.due_s = min(job.due_s, now_s + _wait_s(job))

    def _job(self, ack: Ack) -> Job | None:
        job = self._jobs.get(ack.ref)
        same = job is not None and (job.collector_id, job.drn) == (ack.collector_id, ack.drn)
        return job if same else None

    def resume(self, collector_id: str, now_s: float) -> None:
        """Make all jobs of a collector due, because it is reachable again."""
        for job in self._jobs.values():
            if job.collector_id == collector_id:
                job.due_s = now_s


def _wait_s(job: Job) -> int:
    """Return the seconds until a command that is sent now is repeated."""
    if job.again and job.attempts >= len(UNANSWERED_S):
        return LATER_S
    return UNANSWERED_S[min(job.attempts, len(UNANSWERED_S) - 1)]
