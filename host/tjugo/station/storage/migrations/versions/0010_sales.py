"""Sales for money, key changes, and the utility's particulars."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _utility()
    _requests()
    op.create_table(
        "plain_token",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=True),
        sa.Column("token_class", sa.Integer(), nullable=False),
        sa.Column("subclass", sa.Integer(), nullable=False),
        sa.Column("digits", sa.String(length=20), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.Column("check_value", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["vend_request.tenant_id", "vend_request.client", "vend_request.client_id"],
            name=op.f("fk_plain_token_tenant_id_client_client_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "client", "client_id", "position", name=op.f("pk_plain_token")
        ),
    )
    op.create_table(
        "sale",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("outlet", sa.String(length=20), nullable=False),
        sa.Column("receipt_no", sa.Integer(), nullable=False),
        sa.Column("terminal", sa.String(length=40), nullable=True),
        sa.Column("operator", sa.String(length=80), nullable=False),
        sa.Column("shift_no", sa.Integer(), nullable=True),
        sa.Column("drn", sa.String(length=13), nullable=True),
        sa.Column("account_no", sa.String(length=20), nullable=True),
        sa.Column("sold_at", sa.DateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("tendered", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("tariff", sa.String(length=20), nullable=True),
        sa.Column("tariff_version", sa.Integer(), nullable=True),
        sa.Column("paid_tenths", sa.Integer(), nullable=False),
        sa.Column("free_tenths", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("charges", sa.Text(), nullable=True),
        sa.Column("shown_at", sa.DateTime(), nullable=True),
        sa.Column("voided_at", sa.DateTime(), nullable=True),
        sa.Column("voided_by", sa.String(length=80), nullable=True),
        sa.Column("credits_client", sa.String(length=40), nullable=True),
        sa.Column("credits_client_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "kind IN ('credit', 'free', 'replacement', 'engineering', 'key_change', 'payment', "
            "'credit_note')",
            name=op.f("ck_sale_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["vend_request.tenant_id", "vend_request.client", "vend_request.client_id"],
            name=op.f("fk_sale_tenant_id_client_client_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "client", "client_id", name=op.f("pk_sale")),
    )
    op.create_index(
        op.f("ix_sale_tenant_id_account_no"), "sale", ["tenant_id", "account_no"], unique=False
    )
    op.create_index(
        op.f("ix_sale_tenant_id_credits_client_credits_client_id"),
        "sale",
        ["tenant_id", "credits_client", "credits_client_id"],
        unique=False,
    )
    op.create_index(op.f("ix_sale_tenant_id_day"), "sale", ["tenant_id", "day"], unique=False)
    op.create_index(
        op.f("ix_sale_tenant_id_drn_sold_at"),
        "sale",
        ["tenant_id", "drn", "sold_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sale_tenant_id_outlet_receipt_no"),
        "sale",
        ["tenant_id", "outlet", "receipt_no"],
        unique=True,
    )
    op.create_index(
        op.f("ix_sale_tenant_id_shift_no"), "sale", ["tenant_id", "shift_no"], unique=False
    )
    op.create_table(
        "key_change",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("campaign", sa.String(length=40), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("replaced", sa.Text(), nullable=True),
        sa.Column("planned_by", sa.String(length=80), nullable=False),
        sa.Column("planned_at", sa.DateTime(), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=True),
        sa.Column("client", sa.String(length=40), nullable=True),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'issued', 'confirmed', 'cancelled')",
            name=op.f("ck_key_change_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name=op.f("fk_key_change_tenant_id_drn"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "number", name=op.f("pk_key_change")),
    )
    op.create_index(
        op.f("ix_key_change_tenant_id_state"), "key_change", ["tenant_id", "state"], unique=False
    )
    open_one = sa.text("state IN ('planned', 'issued')")
    op.create_index(
        "ix_key_change_open",
        "key_change",
        ["tenant_id", "drn"],
        unique=True,
        sqlite_where=open_one,
        postgresql_where=open_one,
    )
    op.create_table(
        "reprint",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("operator", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["sale.tenant_id", "sale.client", "sale.client_id"],
            name=op.f("fk_reprint_tenant_id_client_client_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "client", "client_id", "number", name=op.f("pk_reprint")
        ),
    )


def _utility() -> None:
    def text(name: str, length: int, default: str | None = None) -> sa.Column:
        return sa.Column(
            name, sa.String(length=length), nullable=default is None, server_default=default
        )

    op.add_column("tenant", text("address", 400))
    op.add_column("tenant", text("tax_no", 40))
    op.add_column("tenant", text("phone", 40))
    op.add_column("tenant", text("currency", 3, "EUR"))
    op.add_column("tenant", text("time_zone", 60, "UTC"))
    op.add_column("tenant", text("language", 10, "en"))
    op.add_column("tenant", text("default_tariff", 20))
    op.add_column("tenant", text("receipt_text", 400))


def _requests() -> None:
    with op.batch_alter_table("vend_request") as table:
        table.alter_column("kwh", existing_type=sa.String(length=40), nullable=True)
        table.add_column(sa.Column("money", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("asked", sa.Text(), nullable=True))
    with op.batch_alter_table("token") as table:
        table.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
        table.drop_constraint("uq_token_tenant_id_client_client_id", type_="unique")
        table.create_unique_constraint(
            "uq_token_tenant_id_client_client_id_position",
            ["tenant_id", "client", "client_id", "position"],
        )
    not_sold = sa.text("kwh IS NULL AND money IS NULL")
    op.create_index(
        "ix_vend_request_other",
        "vend_request",
        ["tenant_id", "created_at"],
        sqlite_where=not_sold,
        postgresql_where=not_sold,
    )
