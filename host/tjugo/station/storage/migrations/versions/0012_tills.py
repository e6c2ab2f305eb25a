"""Vendors, outlets, shifts, banking batches and deposits."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vendor",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("vendor", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("credit_limit", sa.BigInteger(), nullable=True),
        sa.Column("commission", sa.Integer(), nullable=False),
        sa.Column("commission_from", sa.Date(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_vendor_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "vendor", name=op.f("pk_vendor")),
    )
    op.create_table(
        "deposit",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("deposit_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vendor", sa.String(length=20), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=True),
        sa.Column("means", sa.String(length=30), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("bank_ref", sa.String(length=60), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("reversed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "vendor"],
            ["vendor.tenant_id", "vendor.vendor"],
            name=op.f("fk_deposit_tenant_id_vendor"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "deposit_no", name=op.f("pk_deposit")),
    )
    op.create_index(
        "ix_deposit_bank_ref",
        "deposit",
        ["tenant_id", "vendor", "bank_ref"],
        unique=True,
        sqlite_where=sa.text("reversed_at IS NULL"),
        postgresql_where=sa.text("reversed_at IS NULL"),
    )
    op.create_table(
        "outlet",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("outlet", sa.String(length=20), nullable=False),
        sa.Column("vendor", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "vendor"],
            ["vendor.tenant_id", "vendor.vendor"],
            name=op.f("fk_outlet_tenant_id_vendor"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "outlet", name=op.f("pk_outlet")),
    )
    op.create_table(
        "banking_batch",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("batch_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outlet", sa.String(length=20), nullable=False),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "outlet"],
            ["outlet.tenant_id", "outlet.outlet"],
            name=op.f("fk_banking_batch_tenant_id_outlet"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "batch_no", name=op.f("pk_banking_batch")),
    )
    op.create_table(
        "shift",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("shift_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operator", sa.String(length=80), nullable=False),
        sa.Column("outlet", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("opening_float", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("counted", sa.Text(), nullable=True),
        sa.Column("difference", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=True),
        sa.Column("batch_no", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "outlet"],
            ["outlet.tenant_id", "outlet.outlet"],
            name=op.f("fk_shift_tenant_id_outlet"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "shift_no", name=op.f("pk_shift")),
    )
    op.create_index(
        op.f("ix_shift_tenant_id_operator_closed_at"),
        "shift",
        ["tenant_id", "operator", "closed_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_shift_tenant_id_outlet_batch_no"),
        "shift",
        ["tenant_id", "outlet", "batch_no"],
        unique=False,
    )
    op.create_index(
        "ix_shift_open",
        "shift",
        ["tenant_id", "operator"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    _main()


def _main() -> None:
    """Give each utility its own vendor and first outlet, which a new station has too."""
    op.execute(
        "INSERT INTO vendor (tenant_id, vendor, name, commission, commission_from, active) "
        "SELECT tenant_id, 'main', substr(name, 1, 100), 0, '2000-01-01', true FROM tenant"
    )
    op.execute(
        "INSERT INTO outlet (tenant_id, outlet, vendor, name, active) "
        "SELECT tenant_id, 'main', 'main', substr(name, 1, 100), true FROM tenant"
    )
