"""Webhooks and their messages, and whether a station is a sandbox."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# As they were when this revision was released.
_SANDBOX_STAYS = {
    "sqlite": (
        "CREATE TRIGGER tenant_sandbox_stays BEFORE UPDATE OF sandbox ON tenant "
        "WHEN OLD.sandbox IS NOT NEW.sandbox BEGIN "
        "SELECT RAISE(ABORT, 'a sandbox stays one, and a real station too'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION tenant_sandbox_stays() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'a sandbox stays one, and a real station too'; END $$",
        "CREATE TRIGGER tenant_sandbox_stays BEFORE UPDATE OF sandbox ON tenant FOR EACH ROW "
        "WHEN (OLD.sandbox IS DISTINCT FROM NEW.sandbox) "
        "EXECUTE FUNCTION tenant_sandbox_stays()",
    ),
}


def upgrade() -> None:
    op.add_column(
        "tenant", sa.Column("sandbox", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    for statement in _SANDBOX_STAYS[op.get_bind().dialect.name]:
        op.execute(statement)
    op.create_table(
        "webhook",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("hook", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=400), nullable=False),
        sa.Column("events", sa.String(length=1000), nullable=False),
        sa.Column("secret", sa.LargeBinary(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_webhook_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "hook", name=op.f("pk_webhook")),
    )
    op.create_table(
        "webhook_message",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("message", sa.String(length=36), nullable=False),
        sa.Column("hook", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_webhook_message_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "hook"],
            ["webhook.tenant_id", "webhook.hook"],
            name=op.f("fk_webhook_message_tenant_id_hook"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "message", name=op.f("pk_webhook_message")),
    )
    for columns in (("tenant_id", "state", "due_at"), ("tenant_id", "hook", "created_at")):
        name = "_".join(("ix_webhook_message", *columns))
        op.create_index(name, "webhook_message", list(columns))
