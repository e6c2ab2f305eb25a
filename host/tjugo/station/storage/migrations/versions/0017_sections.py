"""Deliveries of the sections of a key change, each after the one before was accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATE = "state IN ('issued', 'sent', 'at_collector', 'accepted', 'refused', 'expired')"


def upgrade() -> None:
    # SQLite cannot make a column nullable: the table is recreated from this description.
    with op.batch_alter_table("token_delivery", copy_from=_token_delivery()) as table:
        table.alter_column("bdt", existing_type=sa.String(length=2), nullable=True)
        table.alter_column("tid", existing_type=sa.Integer(), nullable=True)
        table.add_column(sa.Column("client", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("client_id", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("position", sa.Integer(), nullable=True))
        table.add_column(sa.Column("set_no", sa.Integer(), nullable=True))
        table.add_column(sa.Column("after_ref", _WIDE, nullable=True))
        key = ["tenant_id", "client", "client_id", "position"]
        table.create_foreign_key(
            op.f("fk_token_delivery_tenant_id_client_client_id_position"), "plain_token", key, key
        )
        table.create_foreign_key(
            op.f("fk_token_delivery_tenant_id_after_ref"),
            "token_delivery",
            ["tenant_id", "after_ref"],
            ["tenant_id", "ref"],
        )
        table.create_check_constraint(
            op.f("ck_token_delivery_one_token"), "(tid IS NULL) <> (position IS NULL)"
        )
    _index("section", ["client", "client_id"], "position IS NOT NULL")
    _index("after", ["after_ref"], "after_ref IS NOT NULL")


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        f"ix_token_delivery_{name}",
        "token_delivery",
        ["tenant_id", *columns],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _token_delivery() -> sa.Table:
    """Return the table as revision 0005 left it."""
    moments = ("created_at", "sent_at", "stored_at", "done_at")
    return sa.Table(
        "token_delivery",
        sa.MetaData(),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ref", _WIDE, autoincrement=False, nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("bdt", sa.String(length=2), nullable=False),
        sa.Column("tid", sa.Integer(), nullable=False),
        sa.Column("collector_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("result", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.DateTime(), nullable=name != "created_at") for name in moments),
        sa.CheckConstraint(_STATE, name="ck_token_delivery_state"),
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
