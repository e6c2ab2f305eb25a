"""How an operator proves who it is: the password, the second factor and its recovery codes."""

from sqlalchemy import delete, func, select

from tjugo.station.audit.chain import record
from tjugo.station.operators import sessions, totp
from tjugo.station.operators.people import EDIT, find, subject
from tjugo.station.storage.tables import RecoveryCode
from tjugo.station.work import View, Work


def set_password(
    work: Work, operator: str, password_hash: str, must_change: bool, keep: str | None = None
) -> None:
    """Set a password, which ends all log-ins of the operator except the one with the hash
    `keep`."""
    row = find(work, operator)
    row.password, row.password_at, row.must_change = password_hash, work.now(), must_change
    sessions.end_all(work, row.operator, keep)
    action = "account.password" if work.actor == f"op:{row.operator}" else EDIT
    record(work, action, subject(row.operator), "password changed")


def set_factor(work: Work, operator: str, sealed: bytes, step: int) -> list[str]:
    """Set the second factor; return new recovery codes. sealed: the secret, encrypted; step: the
    time step of the code that confirmed it."""
    row = find(work, operator)
    row.totp, row.totp_step = sealed, step
    record(work, "account.factor", subject(row.operator), "second factor set")
    return new_recovery_codes(work, row.operator)


def reset_factor(work: Work, operator: str) -> None:
    """Remove the second factor and the recovery codes, and end all log-ins."""
    row = find(work, operator)
    row.totp = row.totp_step = None
    _remove_codes(work, row.operator)
    sessions.end_all(work, row.operator)
    record(work, EDIT, subject(row.operator), "second factor reset")


def new_recovery_codes(work: Work, operator: str) -> list[str]:
    """Replace the recovery codes; return them, the only time that they are readable."""
    codes = totp.new_codes()
    _remove_codes(work, operator)
    work.session.add_all(
        RecoveryCode(tenant_id=work.tenant_id, operator=operator, code_hash=totp.code_hash(code))
        for code in codes
    )
    work.session.flush()
    record(work, "account.factor", subject(operator), "new recovery codes")
    return codes


def codes_left(view: View, operator: str) -> int:
    """Return how many recovery codes are not used yet."""
    query = select(func.count()).where(
        RecoveryCode.tenant_id == view.tenant_id,
        RecoveryCode.operator == operator,
        RecoveryCode.used_at.is_(None),
    )
    return view.session.scalar(query) or 0


def _remove_codes(work: Work, operator: str) -> None:
    work.session.execute(
        delete(RecoveryCode).where(
            RecoveryCode.tenant_id == work.tenant_id, RecoveryCode.operator == operator
        )
    )
