"""Kinds of tampering and alarms of readings; unknown where the safe application runs."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_LEDGER_HAS = ("tamper", "low_credit", "malignant_load")
_NOT_IN_SAFE_MODE = ("cover_open", "not_configured", "ledger_fault", "relay_fault", *_LEDGER_HAS)
_LOCKED = "(COALESCE(open_reasons, 0) & 2048) <> 0"
# (bit of alarms, its condition)
_ALARMS = (
    (1, "tamper"),
    (2, "cover_open"),
    (4, _LOCKED),
    (8, f"malignant_load AND NOT {_LOCKED}"),
    (16, "relay_fault"),
    (32, "safe_mode"),
    (64, "ledger_fault"),
    (128, "not_configured"),
)


def upgrade() -> None:
    op.add_column("meter_reading", sa.Column("tamper_kinds", sa.Integer(), nullable=True))
    op.add_column("meter_reading", sa.Column("alarms", sa.Integer(), nullable=True))
    for name in _NOT_IN_SAFE_MODE:
        op.execute(f"UPDATE meter_reading SET {name} = NULL WHERE safe_mode AND NOT {name}")
    for name in _LEDGER_HAS:
        op.execute(f"UPDATE meter_reading SET {name} = NULL WHERE ledger_fault AND NOT {name}")
    bits = " + ".join(f"CASE WHEN {when} THEN {bit} ELSE 0 END" for bit, when in _ALARMS)
    op.execute(f"UPDATE meter_reading SET alarms = {bits} WHERE safe_mode IS NOT NULL")
    op.create_index(
        "ix_meter_reading_alarms",
        "meter_reading",
        ["tenant_id", "drn"],
        sqlite_where=sa.text("alarms > 0"),
        postgresql_where=sa.text("alarms > 0"),
    )
