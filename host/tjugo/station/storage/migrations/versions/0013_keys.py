"""What was sold with each vending key."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_use",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sgc", sa.String(length=6), nullable=False),
        sa.Column("krn", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tenths", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_key_use_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sgc", "krn", "kt", name=op.f("pk_key_use")),
    )
