"""Database access of the link; each call is one action of the program.

Blocking; the link calls these functions in separate threads.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from tjugo.errors import TjugoError
from tjugo.station.delivery import answers
from tjugo.station.delivery import service as delivery
from tjugo.station.delivery.jobs import Ack, Job
from tjugo.station.orders import answers as order_answers
from tjugo.station.orders import service as orders
from tjugo.station.readings import intake
from tjugo.station.readings.intake import Report
from tjugo.station.station import Station
from tjugo.station.vending import change_steps, evidence, proofs
from tjugo.station.work import Work

log = logging.getLogger(__name__)

ACTOR = "mqtt"
READINGS = 250  # in one unit of work, so that a sale waits for no more than that

Item = TypeVar("Item")
Result = TypeVar("Result")


def open_jobs(station: Station, only_new: bool = False) -> list[Job]:
    """Return the jobs to be sent; only_new: those that were never sent."""
    with station.view() as view:
        now = station.clock()
        found = delivery.open_jobs(view, now, only_new)
        return found + orders.open_jobs(view, now, only_new)


def mark_sent(station: Station, jobs: Sequence[Job]) -> list[int]:
    """Record that the commands of these jobs are being sent. Return the refs of those that were
    cancelled and are not to be sent."""
    if not jobs:
        return []
    with station.work(ACTOR) as work:
        tokens = [job for job in jobs if not job.order]
        cancelled = delivery.mark_sent(work, tokens)
        return cancelled + orders.mark_sent(work, [job for job in jobs if job.order])


def expire(station: Station) -> list[int]:
    """Mark the deliveries and orders whose time limit has passed; return their refs."""
    with station.view() as view:
        refs = delivery.overdue(view, station.clock())
        late = orders.overdue(view, station.clock())
    if refs or late:
        with station.work(ACTOR) as work:
            delivery.expire(work, refs)
            orders.expire(work, late)
    return refs + late


def collectors(station: Station) -> frozenset[str]:
    """Return the ids of the registered collectors."""
    with station.view() as view:
        return intake.collectors(view)


def acks(station: Station, given: Sequence[Ack]) -> answers.Answered:
    """Record answers of collectors. Those that change nothing take no write lock."""
    with station.view() as view:
        tokens, others = order_answers.split(view, given)
        answered = answers.judge(view, proofs.checked(view, station.backend, tokens))
        ordered = order_answers.judge(view, station.backend, others)
    if answered.changes or ordered.changes:
        with station.work(ACTOR) as work:
            answers.record(work, answered.changes)
            order_answers.record(work, ordered.changes)
            _confirm(work, evidence.delivered(work, [ack.ref for ack in answered.changes]))
    answered.add(ordered)
    return answered


def _confirm(work: Work, drns: Sequence[str]) -> None:
    """Confirm the key changes of meters that have their new key."""
    for drn in drns:
        change_steps.confirm(work, drn, "the collector reports the new key")


def reports(station: Station, given: Sequence[Report]) -> intake.Judged:
    """Record reports of collectors, with readings in portions between which a sale can get the
    lock."""
    total = intake.Judged()
    for start in range(0, len(given), READINGS):
        with station.work(ACTOR, bulk=True) as work:
            judged = intake.judge(work, given[start : start + READINGS])
            intake.record_readings(work, judged.readings)
        total.add(judged)
    with station.view() as view:
        changed = evidence.reported(view, [reading.drn for reading in total.readings])
    if changed:
        with station.work(ACTOR) as work:
            _confirm(work, evidence.reported(work, changed))
    if total.collectors:
        with station.work(ACTOR) as work:
            intake.record_collectors(work, total.collectors)
    return total


def each(
    station: Station, record: Callable[[Station, Sequence[Item]], Result], batch: Sequence[Item]
) -> list[Result]:
    """Record a batch. If recording an item raises an unexpected exception, drop that item and
    record the others; TjugoError (no disk, no database) is passed to the caller."""
    try:
        return [record(station, batch)]
    except TjugoError:
        raise
    except Exception:
        if len(batch) == 1:
            log.exception("a message cannot be recorded")
            return []
    half = len(batch) // 2
    return each(station, record, batch[:half]) + each(station, record, batch[half:])
