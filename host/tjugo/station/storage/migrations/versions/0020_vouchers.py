"""Vouchers that were used; an index for the money that an outlet received without a shift."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_REQUEST = ("tenant_id", "client", "client_id")


def upgrade() -> None:
    op.create_table(
        "voucher",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(180), nullable=False),
        sa.Column("client", sa.String(40), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ref", name="pk_voucher"),
        sa.ForeignKeyConstraint(
            _REQUEST,
            [f"vend_request.{name}" for name in _REQUEST],
            name="fk_voucher_tenant_id_client_client_id",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_voucher_tenant_id_client_client_id", "voucher", list(_REQUEST))
    op.create_index(
        "ix_day_total_office",
        "day_total",
        ["tenant_id", "outlet"],
        sqlite_where=sa.text("party = ''"),
        postgresql_where=sa.text("party = ''"),
    )
    _take(op.get_bind())


def _take(connection: Any) -> None:
    """Record the vouchers of the sales and payments so far; of one that was taken twice, the
    first."""
    sales = connection.execute(
        sa.text(
            "SELECT tenant_id, client, client_id, receipt FROM sale "
            "WHERE kind IN ('credit', 'payment') AND voided_at IS NULL AND receipt LIKE :paid "
            "ORDER BY sold_at, outlet, receipt_no"
        ),
        {"paid": '%"means":"voucher"%'},
    ).all()
    for tenant_id, client, client_id, receipt in sales:
        for ref in _refs(receipt):
            connection.execute(
                sa.text(
                    "INSERT INTO voucher (tenant_id, ref, client, client_id) "
                    "VALUES (:tenant_id, :ref, :client, :client_id) ON CONFLICT DO NOTHING"
                ),
                {"tenant_id": tenant_id, "ref": ref, "client": client, "client_id": client_id},
            )


def _refs(receipt: str) -> list[str]:
    try:
        tendered = json.loads(receipt)["tendered"]
        given = [one.get("reference") or "" for one in tendered if one["means"] == "voucher"]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []  # a damaged record, which its page reports
    return [bare for ref in given if (bare := ref.replace(" ", "").upper())]
