"""Operators, sessions, programs, approvals, and the audit chain."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# As they were when this revision was released.
_APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event "
        "BEGIN SELECT RAISE(ABORT, 'an audit event is never changed'); END",
        "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event "
        "BEGIN SELECT RAISE(ABORT, 'an audit event is never changed'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION audit_event_append_only() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'an audit event is never changed'; END $$",
        "CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_append_only()",
    ),
}
_ACTIONS = {
    "clock_confirm": "clock.confirm",
    "setting": "settings.edit",
    "tid_repair": "tids.repair",
    "token lab": "lab.meter_key",
}


def upgrade() -> None:
    op.create_table(
        "api_client",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=400), nullable=False),
        sa.Column("addresses", sa.String(length=1000), nullable=False),
        sa.Column("outlet", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_api_client_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "client", name=op.f("pk_api_client")),
    )
    op.create_index(
        op.f("ix_api_client_tenant_id_key_hash"),
        "api_client",
        ["tenant_id", "key_hash"],
        unique=True,
    )
    op.create_table(
        "approval",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("approval", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("maker", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("checker", sa.String(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'expired')",
            name=op.f("ck_approval_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_approval_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "approval", name=op.f("pk_approval")),
    )
    op.create_index(
        op.f("ix_approval_tenant_id_state"), "approval", ["tenant_id", "state"], unique=False
    )
    op.create_table(
        "audit_event",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=400), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint("outcome IN ('done', 'refused')", name=op.f("ck_audit_event_outcome")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_audit_event_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "number", name=op.f("pk_audit_event")),
    )
    op.create_index(
        op.f("ix_audit_event_tenant_id_at"), "audit_event", ["tenant_id", "at"], unique=False
    )
    op.create_index(
        op.f("ix_audit_event_tenant_id_subject"),
        "audit_event",
        ["tenant_id", "subject"],
        unique=False,
    )
    op.create_table(
        "log_in_failures",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('name', 'address')", name=op.f("ck_log_in_failures_kind")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_log_in_failures_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "subject", name=op.f("pk_log_in_failures")),
    )
    op.create_index(
        op.f("ix_log_in_failures_tenant_id_last_at"),
        "log_in_failures",
        ["tenant_id", "last_at"],
        unique=False,
    )
    op.create_table(
        "operator",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("operator", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("outlet", sa.String(length=20), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("password_at", sa.DateTime(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("totp", sa.LargeBinary(length=200), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("sale_limit", sa.BigInteger(), nullable=True),
        sa.Column("day_limit", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "role IN ('cashier', 'supervisor', 'engineer', 'finance', 'administrator', 'auditor')",
            name=op.f("ck_operator_role"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_operator_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "operator", name=op.f("pk_operator")),
    )
    op.create_table(
        "operator_session",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("session_hash", sa.String(length=64), nullable=False),
        sa.Column("operator", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.CheckConstraint("stage IN ('factor', 'open')", name=op.f("ck_operator_session_stage")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "operator"],
            ["operator.tenant_id", "operator.operator"],
            name=op.f("fk_operator_session_tenant_id_operator"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "session_hash", name=op.f("pk_operator_session")),
    )
    op.create_index(
        op.f("ix_operator_session_tenant_id_operator"),
        "operator_session",
        ["tenant_id", "operator"],
        unique=False,
    )
    op.create_table(
        "recovery_code",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("operator", sa.String(length=40), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "operator"],
            ["operator.tenant_id", "operator.operator"],
            name=op.f("fk_recovery_code_tenant_id_operator"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "operator", "code_hash", name=op.f("pk_recovery_code")
        ),
    )
    _move_recorded_actions()
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _move_recorded_actions() -> None:
    """Move the actions recorded so far into the chain, oldest first."""
    old = sa.table(
        "recorded_action",
        *(sa.column(name) for name in ("tenant_id", "action", "actor", "detail")),
        sa.column("at", sa.DateTime()),
    )
    names = ("tenant_id", "number", "actor", "action", "subject", "outcome", "detail", "digest")
    new = sa.table("audit_event", *map(sa.column, names), sa.column("at", sa.DateTime()))
    counter = sa.table("counter", *map(sa.column, ("tenant_id", "name", "value")))
    connection = op.get_bind()
    query = sa.select(old).order_by(old.c.tenant_id, old.c.at, old.c.action)
    last: dict[int, tuple[int, str]] = {}
    rows = []
    for row in connection.execute(query).mappings():
        number, before = last.get(row["tenant_id"], (0, "0" * 64))
        event = {
            "tenant_id": row["tenant_id"],
            "number": number + 1,
            "at": row["at"],
            "actor": row["actor"],
            "action": _ACTIONS.get(row["action"], row["action"]),
            "subject": "station",
            "outcome": "done",
            "detail": row["detail"],
        }
        digest = _digest(before, event)
        rows.append({**event, "digest": digest})
        last[row["tenant_id"]] = (number + 1, digest)
    if rows:
        op.bulk_insert(new, rows)
        numbers = [
            {"tenant_id": tenant_id, "name": "audit", "value": number}
            for tenant_id, (number, _) in last.items()
        ]
        op.bulk_insert(counter, numbers)
    op.drop_table("recorded_action")


def _digest(before: str, event: dict[str, object]) -> str:
    parts = (
        *(before, str(event["tenant_id"]), str(event["number"])),
        f"{event['at']:%Y-%m-%dT%H:%M:%S.%f}",
        *(str(event[name]) for name in ("actor", "action", "subject", "outcome", "detail")),
    )
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()
