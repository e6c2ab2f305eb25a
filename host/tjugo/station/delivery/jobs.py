"""Unfinished deliveries, and when each is to be sent or repeated. No I/O, no clock.

Times are seconds of a monotonic clock that the caller gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

# Seconds until a command is repeated, by how often it was sent; the last one stays.
UNANSWERED_S = (5, 5, 10, 20, 40, 60)
# A stored job is asked about now and then: a collector whose flash was replaced has lost it.
# Sending it twice is harmless, the meter has recorded its reference. The same interval holds for a
# collector that does not answer echoes.
LATER_S = 300


@dataclass(frozen=True)
class Ack:
    """A collector's answer to a command. state: `stored`, `done` (with result: a TokenResult
    code), `refused` (with why) or `unknown` (the collector has no such job)."""

    collector_id: str
    drn: str
    ref: int
    state: str
    result: int | None = None
    why: str | None = None


@dataclass
class Job:
    """A delivery without a TokenResult. expires: not to be entered after this. answered: the
    collector stores it, or refused it with a reason."""

    ref: int
    collector_id: str
    drn: str
    digits: str
    expires: datetime
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
        wait_s = UNANSWERED_S[min(job.attempts, len(UNANSWERED_S) - 1)]
        job.attempts += 1
        job.due_s = now_s + (LATER_S if job.answered or not reachable else wait_s)

    def answered(self, ack: Ack, now_s: float) -> None:
        """Apply a collector's answer to its job; ignore an answer from another collector or
        meter."""
        job = self._jobs.get(ack.ref)
        if job is None or (job.collector_id, job.drn) != (ack.collector_id, ack.drn):
            return
        if ack.state == "done":
            del self._jobs[ack.ref]
        else:
            job.answered = True
            job.due_s = now_s + LATER_S

    def resume(self, collector_id: str, now_s: float) -> None:
        """Make all jobs of a collector due, because it is reachable again."""
        for job in self._jobs.values():
            if job.collector_id == collector_id:
                job.due_s = now_s
