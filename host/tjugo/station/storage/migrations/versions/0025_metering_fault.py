"""More of a meter's status: a metering part that does not measure."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meter_reading", sa.Column("metering_fault", sa.Boolean(), nullable=True))
