"""The use of vending keys counts every credit token, also those of earlier versions."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM key_use")
    op.execute(
        "INSERT INTO key_use (tenant_id, sgc, krn, kt, tenths) "
        "SELECT tenant_id, sgc, krn, kt, SUM(units_tenths) FROM token "
        "WHERE token_class = 0 GROUP BY tenant_id, sgc, krn, kt"
    )
