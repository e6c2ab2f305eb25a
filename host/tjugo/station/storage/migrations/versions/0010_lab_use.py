"""Uses of registered meters' keys in the token lab."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lab_use",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("use_id", sa.String(length=32), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name=op.f("fk_lab_use_tenant_id_drn"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "use_id", name=op.f("pk_lab_use")),
    )
