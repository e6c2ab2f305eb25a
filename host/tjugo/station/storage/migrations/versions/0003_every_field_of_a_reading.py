"""Every status bit, the key register and the power failures of a meter's latest reading."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBERS = ("power_fail_count", "power_limit_w", "krn", "kt", "ti", "sgc", "ken")
_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # beyond 31 bits
_BITS = ("not_configured", "ledger_fault", "relay_fault", "safe_mode", "crashed")


def upgrade() -> None:
    for name in _NUMBERS:
        kind = _WIDE if name in ("power_limit_w", "sgc") else sa.Integer()
        op.add_column("meter_reading", sa.Column(name, kind, nullable=True))
    for name in _BITS:
        op.add_column("meter_reading", sa.Column(name, sa.Boolean(), nullable=True))
