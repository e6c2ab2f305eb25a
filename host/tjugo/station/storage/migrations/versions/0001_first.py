"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # beyond 31 bits


def upgrade() -> None:
    _tenant()
    _collector()
    _customer()
    _vend_request()
    _meter()
    _meter_key_state()
    _meter_reading()
    _service_link()
    _token()
    _token_delivery()


def _tenant() -> None:
    op.create_table(
        "tenant",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant"),
    )


def _collector() -> None:
    op.create_table(
        "collector",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("collector_id", sa.String(length=40), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=True),
        sa.Column("status_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name="fk_collector_tenant_id"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "collector_id", name="pk_collector"),
    )


def _customer() -> None:
    op.create_table(
        "customer",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("account_no", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("address", sa.String(length=400), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"], name="fk_customer_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "account_no", name="pk_customer"),
    )


def _vend_request() -> None:
    op.create_table(
        "vend_request",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("drn", sa.String(length=20), nullable=False),
        sa.Column("kwh", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("http", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('received', 'token_issued', 'failed')", name=op.f("ck_vend_request_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name="fk_vend_request_tenant_id"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "client", "client_id", name="pk_vend_request"),
    )
    op.create_index(
        "ix_vend_request_tenant_id_created_at",
        "vend_request",
        ["tenant_id", "created_at"],
        unique=False,
    )


def _meter() -> None:
    op.create_table(
        "meter",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("ea", sa.Integer(), nullable=False),
        sa.Column("tct", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("collector_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('stock', 'installed', 'blocked', 'removed')", name=op.f("ck_meter_status")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "collector_id"],
            ["collector.tenant_id", "collector.collector_id"],
            name="fk_meter_tenant_id_collector_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"], name="fk_meter_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "drn", name="pk_meter"),
    )


def _meter_key_state() -> None:
    op.create_table(
        "meter_key_state",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("phase", sa.String(length=10), nullable=False),
        sa.Column("sgc", sa.String(length=6), nullable=False),
        sa.Column("krn", sa.Integer(), nullable=False),
        sa.Column("kt", sa.Integer(), nullable=False),
        sa.Column("ti", sa.String(length=2), nullable=False),
        sa.Column("ken", sa.Integer(), nullable=False),
        sa.Column("bdt", sa.String(length=2), nullable=False),
        sa.Column("dkga", sa.String(length=2), nullable=False),
        sa.CheckConstraint(
            "phase IN ('current', 'pending')", name=op.f("ck_meter_key_state_phase")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name="fk_meter_key_state_tenant_id_drn",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "phase", name="pk_meter_key_state"),
    )


def _meter_reading() -> None:
    op.create_table(
        "meter_reading",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("energy_wh", _WIDE, nullable=True),
        sa.Column("credit_wh", _WIDE, nullable=True),
        sa.Column("power_w", _WIDE, nullable=True),
        sa.Column("control_state", sa.Integer(), nullable=True),
        sa.Column("open_reasons", sa.Integer(), nullable=True),
        sa.Column("token_result", sa.Integer(), nullable=True),
        sa.Column("sequence", _WIDE, nullable=True),
        sa.Column("cover_open", sa.Boolean(), nullable=True),
        sa.Column("relay_closed", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name="fk_meter_reading_tenant_id_drn",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", name="pk_meter_reading"),
    )


def _service_link() -> None:
    op.create_table(
        "service_link",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=True),
        sa.Column("account_no", sa.String(length=20), nullable=False),
        sa.Column("service_point", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_no"],
            ["customer.tenant_id", "customer.account_no"],
            name="fk_service_link_tenant_id_account_no",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"],
            ["meter.tenant_id", "meter.drn"],
            name="fk_service_link_tenant_id_drn",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "since", name="pk_service_link"),
    )
    op.create_index(
        "ix_service_link_tenant_id_account_no",
        "service_link",
        ["tenant_id", "account_no"],
        unique=False,
    )


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("bdt", sa.String(length=2), nullable=False),
        sa.Column("tid", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("token_class", sa.Integer(), nullable=False),
        sa.Column("subclass", sa.Integer(), nullable=False),
        sa.Column("asked_tenths", sa.Integer(), nullable=False),
        sa.Column("units_tenths", sa.Integer(), nullable=False),
        sa.Column("digits", sa.String(length=20), nullable=False),
        sa.Column("ea", sa.Integer(), nullable=False),
        sa.Column("sgc", sa.String(length=6), nullable=False),
        sa.Column("krn", sa.Integer(), nullable=False),
        sa.Column("kt", sa.Integer(), nullable=False),
        sa.Column("ti", sa.String(length=2), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["vend_request.tenant_id", "vend_request.client", "vend_request.client_id"],
            name="fk_token_tenant_id_client_client_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"], name="fk_token_tenant_id_drn"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "drn", "bdt", "tid", name="pk_token"),
        sa.UniqueConstraint(
            "tenant_id", "client", "client_id", name="uq_token_tenant_id_client_client_id"
        ),
    )


def _token_delivery() -> None:
    op.create_table(
        "token_delivery",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ref", _WIDE, autoincrement=False, nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("bdt", sa.String(length=2), nullable=False),
        sa.Column("tid", sa.Integer(), nullable=False),
        sa.Column("collector_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("result", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("stored_at", sa.DateTime(), nullable=True),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('issued', 'sent', 'at_collector', 'accepted', 'refused')",
            name=op.f("ck_token_delivery_state"),
        ),
        sa.CheckConstraint("ref BETWEEN 1 AND 4294967295", name=op.f("ck_token_delivery_ref")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "collector_id"],
            ["collector.tenant_id", "collector.collector_id"],
            name="fk_token_delivery_tenant_id_collector_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "drn", "bdt", "tid"],
            ["token.tenant_id", "token.drn", "token.bdt", "token.tid"],
            name="fk_token_delivery_tenant_id_drn_bdt_tid",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "ref", name="pk_token_delivery"),
        sa.UniqueConstraint(
            "tenant_id", "drn", "bdt", "tid", name="uq_token_delivery_tenant_id_drn_bdt_tid"
        ),
    )
    op.create_index(
        "ix_token_delivery_tenant_id_state",
        "token_delivery",
        ["tenant_id", "state"],
        unique=False,
    )
