"""Sessions: log-ins that are under way. The database has only the hash of a session's token."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, delete, update

from tjugo.station import settings
from tjugo.station.storage.tables import Operator, OperatorSession
from tjugo.station.work import View, Work

OPEN, FACTOR = "open", "factor"
ABSOLUTE = timedelta(hours=12)
FACTOR_TIME = timedelta(minutes=5)  # to give the second factor
_TOUCH = timedelta(minutes=1)
_KEEP = timedelta(days=90)


@dataclass(frozen=True)
class Session:
    """A valid session. touch: its last use should be recorded."""

    session_hash: str
    operator: Operator
    stage: str
    touch: bool


def hash_of(token: str) -> str:
    """Return the hash of a token, as it is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """Return what forms of a session carry: other pages cannot compute it."""
    return hashlib.sha256(f"tjugo csrf {token}".encode()).hexdigest()


def begin(work: Work, operator: str, stage: str, address: str) -> str:
    """Begin a session; return its token, for the cookie only. Sessions long ended are removed."""
    token = secrets.token_urlsafe(32)
    now = work.now()
    work.session.execute(
        delete(OperatorSession).where(
            OperatorSession.tenant_id == work.tenant_id, OperatorSession.began_at < now - _KEEP
        )
    )
    work.session.add(
        OperatorSession(
            tenant_id=work.tenant_id,
            session_hash=hash_of(token),
            operator=operator,
            stage=stage,
            began_at=now,
            seen_at=now,
            address=address[:60],
        )
    )
    work.session.flush()
    return token


def find(view: View, token: str, now: datetime) -> Session | None:
    """Return the session of a token; None when it ended, timed out, or its operator is not
    active."""
    row = view.session.get(OperatorSession, (view.tenant_id, hash_of(token)))
    if row is None or row.ended_at is not None:
        return None
    operator = view.session.get_one(Operator, (view.tenant_id, row.operator))
    idle = FACTOR_TIME if row.stage == FACTOR else idle_time(view)
    since = now - row.seen_at
    if not operator.active or since > idle or now - row.began_at > ABSOLUTE:
        return None
    return Session(row.session_hash, operator, row.stage, since >= min(_TOUCH, idle / 15))


def idle_time(view: View) -> timedelta:
    """Return after which time without use a session ends."""
    return timedelta(minutes=float(settings.get(view, "session_idle_minutes")))


def touch(work: Work, session_hash: str) -> None:
    """Record that a session is used now."""
    work.session.execute(_one(work, session_hash).values(seen_at=work.now()))


def end(work: Work, session_hash: str) -> None:
    """End a session."""
    work.session.execute(_one(work, session_hash).values(ended_at=work.now()))


def end_all(work: Work, operator: str, keep: str | None = None) -> None:
    """End all sessions of an operator except the one with the hash `keep`."""
    work.session.execute(
        update(OperatorSession)
        .where(
            OperatorSession.tenant_id == work.tenant_id,
            OperatorSession.operator == operator,
            OperatorSession.ended_at.is_(None),
            OperatorSession.session_hash != (keep or ""),
        )
        .values(ended_at=work.now())
    )


def _one(work: Work, session_hash: str) -> Update:
    return update(OperatorSession).where(
        OperatorSession.tenant_id == work.tenant_id,
        OperatorSession.session_hash == session_hash,
        OperatorSession.ended_at.is_(None),
    )
