"""Operators, their sessions, programs with keys, approvals, and the audit chain."""

from datetime import datetime

from sqlalchemy import (
    DDL,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import Base, one_of

ROLES = ("cashier", "supervisor", "engineer", "finance", "administrator", "auditor")


class Operator(Base):
    """A person. password: an Argon2 hash. totp: the secret, encrypted by tjugo.station.operators;
    NULL when none is set; totp_step: the time step of the newest code that was used. Limits in
    minor units, NULL for none."""

    __tablename__ = "operator"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    operator: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    outlet: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str | None] = mapped_column(String(10))
    active: Mapped[bool]
    password: Mapped[str] = mapped_column(String(200))
    password_at: Mapped[datetime]
    must_change: Mapped[bool]
    totp: Mapped[bytes | None] = mapped_column(LargeBinary(200))
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    sale_limit: Mapped[int | None] = mapped_column(BigInteger)
    day_limit: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]

    __table_args__ = (one_of("role", ROLES),)


class RecoveryCode(Base):
    """A code that replaces the TOTP once; kept as a hash."""

    __tablename__ = "recovery_code"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    operator: Mapped[str] = mapped_column(String(40), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "operator"], ["operator.tenant_id", "operator.operator"]
        ),
    )


class LogInFailures(Base):
    """Failed log-ins with one name, or from one address; subject is not necessarily a name that
    exists. No further attempt is made until locked_until."""

    __tablename__ = "log_in_failures"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]

    __table_args__ = (one_of("kind", ("name", "address")), Index(None, "tenant_id", "last_at"))


class OperatorSession(Base):
    """A log-in. session_hash: SHA-256 of the cookie's value. stage: `factor` until the second
    factor is given, then `open`."""

    __tablename__ = "operator_session"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    session_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator: Mapped[str] = mapped_column(String(40))
    stage: Mapped[str] = mapped_column(String(10))
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(60))

    __table_args__ = (
        one_of("stage", ("factor", "open")),
        ForeignKeyConstraint(
            ["tenant_id", "operator"], ["operator.tenant_id", "operator.operator"]
        ),
        Index(None, "tenant_id", "operator"),
    )


class ApiClient(Base):
    """A program that uses the API. key_hash: SHA-256 of its random key. scopes and addresses: JSON
    lists; an empty list of addresses permits all."""

    __tablename__ = "api_client"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    client: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    key_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(String(400))
    addresses: Mapped[str] = mapped_column(String(1000))
    outlet: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool]
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "tenant_id", "key_hash", unique=True),)


APPROVAL_STATES = ("waiting", "approved", "refused", "expired")


class Approval(Base):
    """What one person asks for and another one decides. payload: JSON of the action's."""

    __tablename__ = "approval"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    approval: Mapped[str] = mapped_column(String(36), primary_key=True)
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(100))
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    maker: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime]
    checker: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (one_of("state", APPROVAL_STATES), Index(None, "tenant_id", "state"))


class AuditEvent(Base):
    """A change or a refusal; never changed. digest: SHA-256 over the event and the digest of the
    event before it, in hex."""

    __tablename__ = "audit_event"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(String(400))
    digest: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        one_of("outcome", ("done", "refused")),
        Index(None, "tenant_id", "at"),
        Index(None, "tenant_id", "subject"),
    )


_NOT_CHANGED = "an audit event is never changed"
APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER audit_event_no_{verb.lower()} BEFORE {verb} ON audit_event "
        f"BEGIN SELECT RAISE(ABORT, '{_NOT_CHANGED}'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_event_append_only() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{_NOT_CHANGED}'; END $$",
        "CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_append_only()",
    ],
}
"""The statements that make audit_event append-only, by the kind of database."""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(
            AuditEvent.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect)
        )
