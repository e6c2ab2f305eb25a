"""The contents of a meter's or a collector's crash report, and why a meter is offline."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("meter_reading", "fault"),
    ("meter_reading", "crash"),
    ("collector", "version"),
    ("collector", "crash"),
)


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.add_column(table, sa.Column(column, sa.String(length=200), nullable=True))
