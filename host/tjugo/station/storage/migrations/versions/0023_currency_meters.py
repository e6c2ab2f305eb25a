"""The credit of currency meters in their readings."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("meter_reading", sa.Column("credit_money", _WIDE, nullable=True))
    op.add_column("meter_reading", sa.Column("currency", sa.String(length=3), nullable=True))
