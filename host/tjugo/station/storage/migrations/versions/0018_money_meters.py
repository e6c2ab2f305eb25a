"""Meters that count money: their tariffs, their sales and the tokens of money."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("meter", "tariff"):
        # SQLite adds a column with its check only so, without making the table again.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN counts VARCHAR(10) DEFAULT 'energy' NOT NULL "
            f"CONSTRAINT ck_{table}_counts CHECK (counts IN ('energy', 'money'))"
        )
    for table in ("token", "sale"):
        op.add_column(table, sa.Column("credit", sa.BigInteger(), nullable=True))
    # A tariff of which an approved version prices kWh stays one of energy: meters may have it.
    # What was rejected or withdrawn does not count.
    op.execute(
        "UPDATE tariff SET counts = 'money' WHERE EXISTS (SELECT 1 FROM tariff_version v "
        "WHERE v.tenant_id = tariff.tenant_id AND v.tariff = tariff.tariff "
        "AND v.state NOT IN ('rejected', 'withdrawn') "
        'AND v.content LIKE \'%"kind":"time_of_use"%\') '
        "AND NOT EXISTS (SELECT 1 FROM tariff_version v "
        "WHERE v.tenant_id = tariff.tenant_id AND v.tariff = tariff.tariff "
        "AND v.state = 'approved' AND v.content NOT LIKE '%\"kind\":\"time_of_use\"%')"
    )
