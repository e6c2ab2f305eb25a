"""Indexes for lists: refused requests by meter, and meters by collector."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_vend_request_refused",
        "vend_request",
        ["tenant_id", "drn"],
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index("ix_meter_tenant_id_collector_id", "meter", ["tenant_id", "collector_id"])
