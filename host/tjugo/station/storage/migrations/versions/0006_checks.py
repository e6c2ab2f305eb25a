"""Check values on tokens, settings, and a clock that is compared with the latest time seen."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CHECKED = (
    *("tenant_id", "drn", "bdt", "tid", "client", "client_id", "token_class", "subclass"),
    *("asked_tenths", "units_tenths", "digits", "ea", "sgc", "krn", "kt", "ti"),
)
_TOKENS = 5000  # read and written at a time


def upgrade() -> None:
    _own_tables()
    _misdated_token()
    op.add_column("token", sa.Column("check_value", sa.String(length=16), nullable=True))
    _fill_check_values()
    op.execute(
        "INSERT INTO clock_mark (tenant_id, seen_at) "
        "SELECT tenant_id, max(issued_at) FROM token GROUP BY tenant_id"
    )


def _own_tables() -> None:
    def tenant_id(table: str) -> tuple[sa.Column, sa.ForeignKeyConstraint]:
        key = sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=f"fk_{table}_tenant_id"
        )
        return sa.Column("tenant_id", sa.Integer(), nullable=False), key

    op.create_table(
        "setting",
        *tenant_id("setting"),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_setting"),
    )
    op.create_table(
        "clock_mark",
        *tenant_id("clock_mark"),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_clock_mark"),
    )
    op.create_table(
        "recorded_action",
        *tenant_id("recorded_action"),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "at", "action", name="pk_recorded_action"),
    )


def _misdated_token() -> None:
    op.create_table(
        "misdated_token",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("bdt", sa.String(length=2), nullable=False),
        sa.Column("tid", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn", "bdt", "tid"],
            ["token.tenant_id", "token.drn", "token.bdt", "token.tid"],
            name="fk_misdated_token_tenant_id_drn_bdt_tid",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "bdt", "tid", name="pk_misdated_token"),
    )


def _fill_check_values() -> None:
    token = sa.table(
        "token",
        *(sa.column(name) for name in _CHECKED),
        sa.column("issued_at", sa.DateTime()),
        sa.column("check_value"),
    )
    connection = op.get_bind()
    missing = sa.select(token).where(token.c.check_value.is_(None)).limit(_TOKENS)
    key = ("tenant_id", "drn", "bdt", "tid")
    write = (
        sa.update(token)
        .where(*(token.c[name] == sa.bindparam(f"of_{name}") for name in key))
        .values(check_value=sa.bindparam("check"))
    )
    while rows := connection.execute(missing).mappings().all():
        connection.execute(
            write,
            [{"check": _check(row), **{f"of_{name}": row[name] for name in key}} for row in rows],
        )


def _check(row: sa.RowMapping) -> str:
    texts = [str(row[name]) for name in _CHECKED]
    texts.append(f"{row['issued_at']:%Y-%m-%dT%H:%M:%S.%f}")
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
