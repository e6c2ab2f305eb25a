"""Plausibility check of the station's clock: a wrong clock gives wrong TIDs for years.

The station records the latest time at which its clock was plausible. A clock that is before this
time, before the release date of this software, or further ahead than a station is usually switched
off, stops sales, and all that the ledger records, until a person has checked and confirmed it.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from tjugo import BUILT
from tjugo.errors import reason
from tjugo.station import settings
from tjugo.station.audit.chain import record
from tjugo.station.storage.moments import iso
from tjugo.station.storage.statement import Query, Statement
from tjugo.station.storage.tables import ClockMark
from tjugo.station.work import View, Work

BACK = timedelta(minutes=10)  # permitted for corrections of a nearly correct clock
_UNSEEN = timedelta(days=3650)  # after BUILT, for a station without a recorded time
_REFRESH = timedelta(hours=1)  # one row for all sales: not written for each of them
_SET = "Set the clock: nothing is sold or posted until then."
_MARK = Statement(select(ClockMark.seen_at).where(ClockMark.tenant_id == bindparam("tenant")))
_THEN = "Nothing is sold or posted until the clock is set, or a person runs `tjugo clock confirm`."
_MEMO = "clock"


def problem(now: datetime, seen: datetime | None, jump: timedelta) -> str | None:
    """Return why a clock is not plausible, or None. seen: the latest recorded time; jump: how far
    the clock may have advanced since then."""
    if now < BUILT:
        return f"The clock reads {iso(now)}, before this version was made ({BUILT:%Y-%m-%d})."
    if seen is None:
        return f"The clock reads {iso(now)}." if now > BUILT + _UNSEEN else None
    if now < seen - BACK:
        return f"The clock reads {iso(now)}, but it has been {iso(seen)} here already."
    if now > seen + jump:
        return f"The clock reads {iso(now)}, {(now - seen).days} days after it was last seen."
    return None


def begin(work: Work) -> None:
    """Record the time at which a station is created, unless a time is recorded already."""
    if work.session.get(ClockMark, (work.tenant_id,)) is None and work.now() >= BUILT:
        work.session.add(ClockMark(tenant_id=work.tenant_id, seen_at=work.now()))


def query(work: Work) -> Query:
    """Return what `check` reads."""
    return _MARK.of(tenant=work.tenant_id)


def check(work: Work) -> None:
    """Raise Unavailable when the clock is not plausible; otherwise record its time."""
    mark = query(work).first(work.session)
    seen = work.seen.believed(None if mark is None else mark.seen_at)
    found = problem(work.now(), seen, _jump(work))
    if found is not None:
        then = _SET if work.now() < BUILT else _THEN  # which cannot be confirmed
        raise reason("clock_doubtful", f"{found} {then}")
    if mark is None or work.now() - mark.seen_at >= _REFRESH:
        work.session.merge(ClockMark(tenant_id=work.tenant_id, seen_at=work.now()))
    work.seen.watch(work.now())
    work.memo[_MEMO] = True


def require(work: Work) -> None:
    """Do as `check`, once in a unit of work."""
    if _MEMO not in work.memo:
        check(work)


def state(view: View, now: datetime) -> str | None:
    """Return why the clock is not plausible, or None."""
    mark = view.session.get(ClockMark, (view.tenant_id,))
    return problem(now, None if mark is None else mark.seen_at, _jump(view))


def confirm(work: Work) -> None:
    """Accept the clock from now on because a person has checked it, and record the action. Raise
    Unavailable when it cannot be right."""
    if work.now() < BUILT:
        raise reason("clock_doubtful", f"{problem(work.now(), None, _jump(work))} {_SET}")
    mark = work.session.get(ClockMark, (work.tenant_id,))
    before = "never" if mark is None else iso(mark.seen_at)
    work.session.merge(ClockMark(tenant_id=work.tenant_id, seen_at=work.now()))
    record(work, "clock.confirm", "clock", f"clock {iso(work.now())}, last seen {before}")


def _jump(view: View) -> timedelta:
    return timedelta(days=float(settings.get(view, "clock_jump_days")))
