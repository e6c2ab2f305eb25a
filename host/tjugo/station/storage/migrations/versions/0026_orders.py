"""Orders of the station to meters."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATES = (
    "state IN ('queued', 'sent', 'at_collector', 'done', 'reported', 'refused', 'expired', "
    "'cancelled')"
)


def upgrade() -> None:
    op.create_table(
        "meter_order",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ref", _WIDE, autoincrement=False, nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("collector_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("asked", sa.String(length=4000), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("sequence", _WIDE, nullable=False),
        sa.Column("signed", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("result", sa.Integer(), nullable=True),
        sa.Column("mac", sa.String(length=16), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        *(
            sa.Column(name, sa.DateTime(), nullable=True)
            for name in ("sent_at", "stored_at", "done_at", "doubted_at")
        ),
        sa.CheckConstraint(_STATES, name=op.f("ck_meter_order_state")),
        sa.CheckConstraint("ref BETWEEN 1 AND 4294967295", name=op.f("ck_meter_order_ref")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name=op.f("fk_meter_order_tenant_id_drn"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "collector_id"],
            ["collector.tenant_id", "collector.collector_id"],
            name=op.f("fk_meter_order_tenant_id_collector_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "ref", name=op.f("pk_meter_order")),
        sa.UniqueConstraint(
            "tenant_id",
            "client",
            "client_id",
            name=op.f("uq_meter_order_tenant_id_client_client_id"),
        ),
        sa.UniqueConstraint(
            "tenant_id", "drn", "sequence", name=op.f("uq_meter_order_tenant_id_drn_sequence")
        ),
    )
    op.create_index(op.f("ix_meter_order_tenant_id_state"), "meter_order", ["tenant_id", "state"])
