"""Tariffs and their versions, debts, and what accrues by month."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tariff",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("tariff", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_tariff_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "tariff", name=op.f("pk_tariff")),
    )
    op.create_table(
        "debt",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("account_no", sa.String(length=20), nullable=False),
        sa.Column("debt_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("least", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("opened_by", sa.String(length=80), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('arrears', 'loan', 'fine')", name=op.f("ck_debt_kind")),
        sa.CheckConstraint("rule IN ('percent', 'amount', 'month')", name=op.f("ck_debt_rule")),
        sa.CheckConstraint(
            "state IN ('open', 'closed', 'written_off')", name=op.f("ck_debt_state")
        ),
        sa.CheckConstraint("rate >= 0", name=op.f("ck_debt_rate")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_no"],
            ["customer.tenant_id", "customer.account_no"],
            name=op.f("fk_debt_tenant_id_account_no"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "account_no", "debt_no", name=op.f("pk_debt")),
    )
    op.create_index(op.f("ix_debt_tenant_id_state"), "debt", ["tenant_id", "state"], unique=False)
    op.create_table(
        "tariff_version",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("tariff", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'proposed', 'approved', 'rejected', 'withdrawn')",
            name=op.f("ck_tariff_version_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "tariff"],
            ["tariff.tenant_id", "tariff.tariff"],
            name=op.f("fk_tariff_version_tenant_id_tariff"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "tariff", "version", name=op.f("pk_tariff_version")),
    )
    op.create_table(
        "charge_paid",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("charge", sa.String(length=20), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name=op.f("fk_charge_paid_tenant_id_drn"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "charge", name=op.f("pk_charge_paid")),
    )
    op.create_table(
        "meter_month",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("paid_tenths", sa.Integer(), nullable=False),
        sa.Column("free_tenths", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name=op.f("fk_meter_month_tenant_id_drn"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "month", name=op.f("pk_meter_month")),
    )
    op.create_table(
        "meter_tariff",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=True),
        sa.Column("tariff", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name=op.f("fk_meter_tariff_tenant_id_drn"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "tariff"],
            ["tariff.tenant_id", "tariff.tariff"],
            name=op.f("fk_meter_tariff_tenant_id_tariff"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "since", name=op.f("pk_meter_tariff")),
    )
