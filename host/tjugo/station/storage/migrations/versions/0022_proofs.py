"""What a meter signed with a token's result, and deliveries that are only reported."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHECK = "ck_token_delivery_state"
_BEFORE = "state IN ('issued', 'sent', 'at_collector', 'accepted', 'refused', 'expired')"
_AFTER = (
    "state IN ('issued', 'sent', 'at_collector', 'accepted', 'reported', 'refused', 'expired')"
)
_SECTION = ["tenant_id", "client", "client_id", "position"]


def upgrade() -> None:
    # SQLite cannot change a CHECK: the table is recreated from this description.
    with op.batch_alter_table("token_delivery", copy_from=_token_delivery()) as table:
        table.drop_constraint(op.f(_CHECK), type_="check")
        table.create_check_constraint(op.f(_CHECK), _AFTER)
        table.add_column(sa.Column("credit_wh", _WIDE, nullable=True))
        table.add_column(sa.Column("sequence", _WIDE, nullable=True))
        table.add_column(sa.Column("mac", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("doubted_at", sa.DateTime(), nullable=True))


def _token_delivery() -> sa.Table:
    """Return the table as revision 0017 left it."""
    return sa.Table(
        "token_delivery",
        sa.MetaData(),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ref", _WIDE, autoincrement=False, nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("bdt", sa.String(length=2), nullable=True),
        sa.Column("tid", sa.Integer(), nullable=True),
        sa.Column("collector_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("result", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        *(sa.Column(name, sa.DateTime()) for name in ("sent_at", "stored_at", "done_at")),
        sa.Column("client", sa.String(length=40), nullable=True),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("set_no", sa.Integer(), nullable=True),
        sa.Column("after_ref", _WIDE, nullable=True),
        sa.CheckConstraint(_BEFORE, name=_CHECK),
        sa.CheckConstraint("ref BETWEEN 1 AND 4294967295", name="ck_token_delivery_ref"),
        sa.CheckConstraint(
            "(tid IS NULL) <> (position IS NULL)", name="ck_token_delivery_one_token"
        ),
        *_keys(),
        sa.Index("ix_token_delivery_tenant_id_state", "tenant_id", "state"),
        _index("section", ["client", "client_id"], "position IS NOT NULL"),
        _index("after", ["after_ref"], "after_ref IS NOT NULL"),
    )


def _keys() -> list[sa.Constraint]:
    return [
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
        sa.ForeignKeyConstraint(
            _SECTION,
            [f"plain_token.{name}" for name in _SECTION],
            name="fk_token_delivery_tenant_id_client_client_id_position",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "after_ref"],
            ["token_delivery.tenant_id", "token_delivery.ref"],
            name="fk_token_delivery_tenant_id_after_ref",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "ref", name="pk_token_delivery"),
        sa.UniqueConstraint(
            "tenant_id", "drn", "bdt", "tid", name="uq_token_delivery_tenant_id_drn_bdt_tid"
        ),
    ]


def _index(name: str, columns: list[str], where: str) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(
        f"ix_token_delivery_{name}",
        *("tenant_id", *columns),
        sqlite_where=condition,
        postgresql_where=condition,
    )
