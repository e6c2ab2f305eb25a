"""The ledger, its derived rows, and series of numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_REFUSE = {
    "sqlite": (
        "CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
        "CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
        "ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()",
        "CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
        "posting FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()",
    ),
}


def upgrade() -> None:
    op.create_table(
        "balance",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=30), nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_balance_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "account", "party", name=op.f("pk_balance")),
    )
    op.create_table(
        "counter",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_counter_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_counter")),
    )
    op.create_table(
        "day_total",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("account", sa.String(length=30), nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("outlet", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("postings", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_day_total_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "day", "kind", "account", "party", "outlet", name=op.f("pk_day_total")
        ),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("ref", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("outlet", sa.String(length=20), nullable=True),
        sa.Column("shift_no", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_ledger_entry_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "entry_no", name=op.f("pk_ledger_entry")),
    )
    op.create_index(
        op.f("ix_ledger_entry_tenant_id_day"), "ledger_entry", ["tenant_id", "day"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_entry_tenant_id_kind_ref"),
        "ledger_entry",
        ["tenant_id", "kind", "ref"],
        unique=True,
    )
    op.create_index(
        op.f("ix_ledger_entry_tenant_id_shift_no"),
        "ledger_entry",
        ["tenant_id", "shift_no"],
        unique=False,
    )
    op.create_table(
        "posting",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=30), nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_no"],
            ["ledger_entry.tenant_id", "ledger_entry.entry_no"],
            name=op.f("fk_posting_tenant_id_entry_no"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "entry_no", "line", name=op.f("pk_posting")),
    )
    op.create_index(
        op.f("ix_posting_tenant_id_account_party"),
        "posting",
        ["tenant_id", "account", "party"],
        unique=False,
    )
    for statement in _REFUSE[op.get_bind().dialect.name]:
        op.execute(statement)
