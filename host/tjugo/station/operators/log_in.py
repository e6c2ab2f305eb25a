"""Log-in: password, then the second factor where the operator has one.

Slow work, the hash of a password, is done between units of work. Refusals are recorded in units of
work of their own; what was typed is never recorded, as people type passwords into other fields.
"""

from dataclasses import dataclass

from sqlalchemy import update

from tjugo.errors import reason
from tjugo.station.audit.chain import REFUSED, record
from tjugo.station.operators import lockout, passwords, people, sessions, totp
from tjugo.station.station import Station
from tjugo.station.storage.tables import Operator, RecoveryCode
from tjugo.station.work import Work

ACTION = "account.log_in"
NOBODY = "nobody"
_FAILED = "The log-in name or the password is wrong."


@dataclass(frozen=True)
class Began:
    """A session that began. stage: sessions.FACTOR while the second factor is missing."""

    token: str
    stage: str


def log_in(station: Station, operator: str, password: str, address: str) -> Began:
    """Begin a session. Raise NotLoggedIn when name or password is wrong, TooMany when there were
    too many attempts; neither discloses whether the name exists."""
    row = checked_password(station, operator, password, address)
    operator = row.operator
    renewed = passwords.hashed(password) if passwords.outdated(row.password) else None
    stage = sessions.OPEN if row.totp is None else sessions.FACTOR
    with station.work(f"op:{operator}") as work:
        now = people.find(work, operator)
        if now.password != row.password or not now.active:
            raise reason("log_in_failed", _FAILED)  # changed in the meantime
        if renewed is not None:
            now.password = renewed
        lockout.right(work, stage == sessions.OPEN, name=operator, address=address)
        if stage == sessions.OPEN:
            record(work, ACTION, f"operator {operator}", f"from {address}")
        return Began(sessions.begin(work, operator, stage, address), stage)


def checked_password(station: Station, operator: str, password: str, address: str) -> Operator:
    """Return the active operator with this name and password, as counted attempts. Raise
    NotLoggedIn, TooMany; a refusal is recorded."""
    operator = people.normal(operator)
    _attempt(station, operator, address)
    with station.view() as view:
        row = people.get(view, operator)
    right = passwords.matches(None if row is None else row.password, password)
    if row is None or not right or not row.active:
        why = "no such name" if row is None else "wrong password" if not right else "not active"
        refused(station, operator, address, why, known=row is not None)
        raise reason("log_in_failed", _FAILED)
    return row


def second_factor(station: Station, token: str, code: str, address: str) -> Began:
    """Complete a session with a time-based code or a recovery code; it gets a new token. Raise
    NotLoggedIn when the code is wrong or the session ended, TooMany after too many attempts."""
    with station.view() as view:
        session = sessions.find(view, token, station.clock())
    if session is None or session.stage != sessions.FACTOR:
        raise reason("not_logged_in", "The log-in took too long: begin again.")
    operator = session.operator.operator
    _attempt(station, operator, address)
    with station.work(f"op:{operator}") as work:
        how = use_code(work, station, operator, code)
        if how is not None:
            lockout.right(work, True, name=operator, address=address)
            sessions.end(work, session.session_hash)
            record(work, ACTION, f"operator {operator}", f"from {address}, with {how}")
            return Began(sessions.begin(work, operator, sessions.OPEN, address), sessions.OPEN)
    refused(station, operator, address, "wrong code")
    raise totp.wrong_code()


def complete(station: Station, operator: str, code: str, address: str) -> bool:
    """Return whether a code is right that a person gives with the password, outside of any
    session. It is used up; a wrong one is recorded. Raise TooMany."""
    _attempt(station, operator, address)
    with station.work(f"op:{operator}") as work:
        if use_code(work, station, operator, code) is not None:
            lockout.right(work, True, name=operator, address=address)
            return True
    refused(station, operator, address, "wrong code")
    return False


def use_code(work: Work, station: Station, operator: str, code: str) -> str | None:
    """Use up a time-based code or a recovery code of an operator. Return which it was, None when
    it is wrong or was used before."""
    row = people.find(work, operator)
    code = code.strip().replace(" ", "")
    if totp.is_code(code):
        return "a code" if _use_step(work, station, row, code) else None
    used = work.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.tenant_id == work.tenant_id,
            RecoveryCode.operator == row.operator,
            RecoveryCode.code_hash == totp.code_hash(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=work.now())
    )
    return "a recovery code" if used.rowcount == 1 else None  # type: ignore[attr-defined]


def _use_step(work: Work, station: Station, row: Operator, code: str) -> bool:
    if row.totp is None:
        return False
    secret = totp.Vault(station.state_dir).open(row.operator, row.totp)
    step = totp.step_of(secret, code, int(work.now().timestamp()), row.totp_step)
    if step is None:
        return False
    # Compared again in the statement: of two requests with one code, one is right.
    used = work.session.execute(
        update(Operator)
        .where(
            Operator.tenant_id == work.tenant_id,
            Operator.operator == row.operator,
            (Operator.totp_step.is_(None)) | (Operator.totp_step < step),
        )
        .values(totp_step=step)
    )
    return bool(used.rowcount == 1)  # type: ignore[attr-defined]


def confirm_password(station: Station, operator: str, password: str, address: str) -> None:
    """Check the password of a person who is logged in, before a change of it or of the second
    factor. Raise NotLoggedIn, TooMany."""
    _attempt(station, operator, address)
    with station.view() as view:
        row = people.find(view, operator)
    if not passwords.matches(row.password, password):
        refused(station, operator, address, "wrong password")
        raise reason("log_in_failed", "The present password is wrong.")
    with station.work(f"op:{operator}") as work:
        lockout.right(work, False, name=operator, address=address)


def log_out(station: Station, session_hash: str, operator: str) -> None:
    """End a session."""
    with station.work(f"op:{operator}") as work:
        sessions.end(work, session_hash)
        record(work, "account.log_out", f"operator {operator}")


def refused(station: Station, operator: str, address: str, why: str, known: bool = True) -> None:
    """Record a log-in that was refused. known: there is such an operator; what was typed as a name
    otherwise is not recorded."""
    with station.work(NOBODY) as work:
        lockout.wrong(work, name=operator, address=address)
        subject = f"operator {operator}" if known else "operator"
        record(work, ACTION, subject, f"from {address}: {why}", REFUSED)


def _attempt(station: Station, operator: str, address: str) -> None:
    with station.work(NOBODY) as work:
        wait = lockout.attempt(work, name=operator, address=address)
    if wait is not None:
        raise lockout.too_many(wait)
