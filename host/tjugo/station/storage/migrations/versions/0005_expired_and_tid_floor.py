"""A delivery can expire; a restored station has a moment below which it issues no TID."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_CHECK = "ck_token_delivery_state"
_BEFORE = "state IN ('issued', 'sent', 'at_collector', 'accepted', 'refused')"
_AFTER = "state IN ('issued', 'sent', 'at_collector', 'accepted', 'refused', 'expired')"


def upgrade() -> None:
    op.add_column("tenant", sa.Column("tid_floor", sa.DateTime(), nullable=True))
    # SQLite cannot change a CHECK: the table is recreated from this description.
    with op.batch_alter_table("token_delivery", copy_from=_token_delivery()) as table:
        table.drop_constraint(op.f(_CHECK), type_="check")
        table.create_check_constraint(op.f(_CHECK), _AFTER)


def _token_delivery() -> sa.Table:
    """Return the table as revision 0001 made it."""
    return sa.Table(
        "token_delivery",
        sa.MetaData(),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("bdt", sa.String(length=2), nullable=False),
        sa.Column("tid", sa.Integer(), nullable=False),
        sa.Column("collector_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("result", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("stored_at", sa.DateTime(), nullable=True),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(_BEFORE, name=_CHECK),
        sa.CheckConstraint("ref BETWEEN 1 AND 4294967295", name="ck_token_delivery_ref"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "collector_id"],
            ["collector.tenant_id", "collector.collector_id"],
            name="fk_token_delivery_tenant_id_collector_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn", "bdt", "tid"],
            ["token.tenant_id", "token.drn", "token.bdt", "token.tid"],
            name="fk_token_delivery_tenant_id_drn_bdt_tid",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "ref", name="pk_token_delivery"),
        sa.UniqueConstraint(
            "tenant_id", "drn", "bdt", "tid", name="uq_token_delivery_tenant_id_drn_bdt_tid"
        ),
        sa.Index("ix_token_delivery_tenant_id_state", "tenant_id", "state"),
    )
