"""Lock-out with back-off: failed log-ins by name and by address.

An attempt is counted before the password is compared, and taken back when it was right: many
attempts at once are not more than many after each other. A name is counted whether or not an
operator has it, so that the answer does not disclose which names exist. A failure is forgotten for
each hour without another one: the people of one address mistype every day.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, select, text

from tjugo.errors import TjugoError, reason
from tjugo.station.storage.tables import LogInFailures, UtcDateTime
from tjugo.station.work import Work

NAME, ADDRESS = "name", "address"
_FORGET = timedelta(hours=24)
_DECAY = timedelta(hours=1)
_NONE = timedelta(0)
# Two first attempts at once: one inserts the row, the other one waits for it. The update locks a
# row that is there: it is not deleted by another attempt before it is read.
_NEW = text(
    "INSERT INTO log_in_failures (tenant_id, kind, subject, failures, last_at) "
    "VALUES (:tenant_id, :kind, :subject, 0, :last_at) "
    "ON CONFLICT (tenant_id, kind, subject) DO UPDATE SET last_at = log_in_failures.last_at"
).bindparams(bindparam("last_at", type_=UtcDateTime()))


@dataclass(frozen=True)
class Limit:
    """free: attempts without a wait; after them each failure doubles the wait, up to the most."""

    free: int
    first: timedelta = timedelta(seconds=30)
    most: timedelta = timedelta(minutes=15)

    def wait(self, failures: int) -> timedelta | None:
        """Return how long no attempt is made after so many failures, None: none."""
        over = failures - self.free
        return None if over < 0 else min(self.first * 2 ** min(over, 10), self.most)


LIMITS = {NAME: Limit(5), ADDRESS: Limit(20)}


def attempt(work: Work, **subjects: str) -> timedelta | None:
    """Count an attempt. subjects: the name, the address or both. Return how long to wait when one
    of them is locked out: then nothing is counted, and no attempt may be made."""
    _forget(work)
    rows = [_row(work, kind, subject) for kind, subject in sorted(subjects.items())]
    waits = [row.locked_until - work.now() for row in rows if row.locked_until is not None]
    if waits and max(waits) > _NONE:
        return max(waits)
    for row in rows:
        _decay(work, row)
        row.failures += 1
        wait = LIMITS[row.kind].wait(row.failures)
        row.locked_until = None if wait is None else work.now() + wait
    work.session.flush()
    return None


def wrong(work: Work, **subjects: str) -> None:
    """Note that the attempt was wrong: its failure counts from now on."""
    for kind, subject in sorted(subjects.items()):
        _row(work, kind, subject).last_at = work.now()
    work.session.flush()


def right(work: Work, complete: bool, **subjects: str) -> None:
    """Take the attempt back, with the wait that it began, because it was right. complete: no
    factor is missing any more, so the failures of the name are forgotten; those of the address are
    not, as others share it."""
    for kind, subject in sorted(subjects.items()):
        row = _row(work, kind, subject)
        row.failures = 0 if complete and kind == NAME else max(0, row.failures - 1)
        row.locked_until = None  # an earlier wait had passed, or there was no attempt
        if row.failures == 0:
            work.session.delete(row)
    work.session.flush()


def too_many(wait: timedelta) -> TjugoError:
    """Return the error of an attempt that is not made."""
    seconds = max(1, round(wait.total_seconds()))
    span = f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
    return reason("too_many", f"Too many attempts failed. Try again in {span}.")


def _decay(work: Work, row: LogInFailures) -> None:
    """Forget one failure for each hour since the last one."""
    hours = max(0, (work.now() - row.last_at) // _DECAY)
    row.failures = max(0, row.failures - hours)
    row.last_at += hours * _DECAY


def _forget(work: Work) -> None:
    """Remove what is too old to count."""
    old = work.now() - _FORGET
    work.session.execute(
        delete(LogInFailures).where(
            LogInFailures.tenant_id == work.tenant_id, LogInFailures.last_at < old
        )
    )


def _row(work: Work, kind: str, subject: str) -> LogInFailures:
    """Return the row of a subject, locked until the transaction ends; a new one where there is
    none."""
    key = {
        "tenant_id": work.tenant_id,
        "kind": kind,
        "subject": hashlib.sha256(f"{kind} {subject}".encode()).hexdigest(),
    }
    work.session.execute(_NEW, {**key, "last_at": work.now()})
    query = select(LogInFailures).filter_by(**key)
    return work.session.scalars(query.with_for_update()).one()
