"""The tables. tenant_id comes first in every key: many utilities can share one database.

Keys are natural (DRN, account number, the client's own request id), never a database counter.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

METER_STATUSES = ("stock", "installed", "blocked", "removed")
VEND_STATES = ("received", "token_issued", "failed")
DELIVERY_STATES = ("issued", "sent", "at_collector", "accepted", "refused")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes in Python, naive UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {datetime: UtcDateTime()}


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Tenant(Base):
    """A utility."""

    __tablename__ = "tenant"
    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))


class Customer(Base):
    __tablename__ = "customer"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    account_no: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[datetime]


class Collector(Base):
    """A data collector; `tjugo/v1/<tenant_id>/<collector_id>/...` are its
    MQTT topics."""

    __tablename__ = "collector"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    collector_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    online: Mapped[bool | None]
    status_at: Mapped[datetime | None]
    version: Mapped[str | None] = mapped_column(String(200))
    crash: Mapped[str | None] = mapped_column(String(200))


class Meter(Base):
    """collector_id None: tokens for this meter are printed and keyed in, never sent."""

    __tablename__ = "meter"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    ea: Mapped[int]
    tct: Mapped[int]
    status: Mapped[str] = mapped_column(String(20))
    collector_id: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    key_states: Mapped[list["MeterKeyState"]] = relationship(
        order_by="MeterKeyState.phase", viewonly=True
    )
    links: Mapped[list["ServiceLink"]] = relationship(order_by="ServiceLink.since", viewonly=True)
    reading: Mapped["MeterReading | None"] = relationship(viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "collector_id"], ["collector.tenant_id", "collector.collector_id"]
        ),
        _one_of("status", METER_STATUSES),
    )


class MeterKeyState(Base):
    """What decides the decoder key in a meter. phase: `current`, or `pending` until a key change
    is confirmed. DKGA and base date belong here because a key change may change both."""

    __tablename__ = "meter_key_state"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    phase: Mapped[str] = mapped_column(String(10), primary_key=True)
    sgc: Mapped[str] = mapped_column(String(6))
    krn: Mapped[int]
    kt: Mapped[int]
    ti: Mapped[str] = mapped_column(String(2))
    ken: Mapped[int]
    bdt: Mapped[str] = mapped_column(String(2))
    dkga: Mapped[str] = mapped_column(String(2))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        _one_of("phase", ("current", "pending")),
    )


class ServiceLink(Base):
    """Who uses a meter, from when to when. Ended, never overwritten."""

    __tablename__ = "service_link"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]
    account_no: Mapped[str] = mapped_column(String(20))
    service_point: Mapped[str | None] = mapped_column(String(200))
    customer: Mapped[Customer] = relationship(viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        ForeignKeyConstraint(
            ["tenant_id", "account_no"], ["customer.tenant_id", "customer.account_no"]
        ),
        Index(None, "tenant_id", "account_no"),
    )


class VendRequest(Base):
    """One request, kept whatever becomes of it. drn and kwh are as asked, so that a refused
    request shows what was refused; hence no foreign key to the meter."""

    __tablename__ = "vend_request"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    client: Mapped[str] = mapped_column(String(40), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    drn: Mapped[str] = mapped_column(String(20))
    kwh: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(400))
    http: Mapped[int | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    token: Mapped["Token | None"] = relationship(viewonly=True)

    __table_args__ = (
        _one_of("state", VEND_STATES),
        Index(None, "tenant_id", "created_at"),
    )


class Token(Base):
    """Immutable. The primary key is what makes two tokens of one meter different to it: base date
    and TID. The key state is a snapshot of the time of issue."""

    __tablename__ = "token"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    bdt: Mapped[str] = mapped_column(String(2), primary_key=True)
    tid: Mapped[int] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(String(40))
    client_id: Mapped[str] = mapped_column(String(64))
    token_class: Mapped[int]
    subclass: Mapped[int]
    asked_tenths: Mapped[int]
    units_tenths: Mapped[int]
    digits: Mapped[str] = mapped_column(String(20))
    ea: Mapped[int]
    sgc: Mapped[str] = mapped_column(String(6))
    krn: Mapped[int]
    kt: Mapped[int]
    ti: Mapped[str] = mapped_column(String(2))
    issued_at: Mapped[datetime]
    request: Mapped[VendRequest] = relationship(viewonly=True)
    delivery: Mapped["TokenDelivery | None"] = relationship(viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["vend_request.tenant_id", "vend_request.client", "vend_request.client_id"],
        ),
        UniqueConstraint("tenant_id", "client", "client_id"),
    )


class TokenDelivery(Base):
    """The outbox between a sale and the meter. ref is the token's reference on MQTT and the bus.

    When to repeat is not kept here: every open row is due when the program starts."""

    __tablename__ = "token_delivery"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    drn: Mapped[str] = mapped_column(String(13))
    bdt: Mapped[str] = mapped_column(String(2))
    tid: Mapped[int]
    collector_id: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(400))
    result: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    stored_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    token: Mapped[Token] = relationship(viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "drn", "bdt", "tid"],
            ["token.tenant_id", "token.drn", "token.bdt", "token.tid"],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "collector_id"], ["collector.tenant_id", "collector.collector_id"]
        ),
        UniqueConstraint("tenant_id", "drn", "bdt", "tid"),
        CheckConstraint("ref BETWEEN 1 AND 4294967295", name="ref"),
        _one_of("state", DELIVERY_STATES),
        Index(None, "tenant_id", "state"),
    )


class MeterReading(Base):
    """The latest reading of a meter; the columns are those of uplink.messages. NULL is unknown."""

    __tablename__ = "meter_reading"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    received_at: Mapped[datetime]
    at: Mapped[datetime | None]
    online: Mapped[bool]
    energy_wh: Mapped[int | None]
    credit_wh: Mapped[int | None]
    power_w: Mapped[int | None]
    control_state: Mapped[int | None]
    open_reasons: Mapped[int | None]
    token_result: Mapped[int | None]
    sequence: Mapped[int | None]
    power_fail_count: Mapped[int | None]
    power_limit_w: Mapped[int | None]
    krn: Mapped[int | None]
    kt: Mapped[int | None]
    ti: Mapped[int | None]
    sgc: Mapped[int | None]
    ken: Mapped[int | None]
    cover_open: Mapped[bool | None]
    relay_closed: Mapped[bool | None]
    not_configured: Mapped[bool | None]
    ledger_fault: Mapped[bool | None]
    relay_fault: Mapped[bool | None]
    safe_mode: Mapped[bool | None]
    crashed: Mapped[bool | None]
    fault: Mapped[str | None] = mapped_column(String(200))
    crash: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
    )
