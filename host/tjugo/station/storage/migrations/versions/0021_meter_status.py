"""More of a meter's status: tampering, low credit, a malignant load."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tamper", "low_credit", "malignant_load"):
        op.add_column("meter_reading", sa.Column(name, sa.Boolean(), nullable=True))
