"""Reasons of refused sales as codes; what was asked is compared by its meaning, without a hash."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What 0002 recorded as an HTTP status: only these reasons had it.
_CODES = ((404, "meter_unknown"), (409, "meter_not_installed"))


def upgrade() -> None:
    op.add_column("vend_request", sa.Column("code", sa.String(length=40), nullable=True))
    for http, code in _CODES:
        op.execute(
            sa.text("UPDATE vend_request SET code = :code WHERE http = :http").bindparams(
                code=code, http=http
            )
        )
    op.execute("UPDATE vend_request SET code = 'invalid' WHERE state = 'failed' AND code IS NULL")
    for column in ("http", "request_hash"):
        op.drop_column("vend_request", column)
