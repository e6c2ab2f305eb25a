"""Each change of a meter's status: who, when and why."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meter_status",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.CheckConstraint(
            "status IN ('stock', 'installed', 'blocked', 'removed')",
            name=op.f("ck_meter_status_status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name="fk_meter_status_tenant_id_drn",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "at", name="pk_meter_status"),
    )
