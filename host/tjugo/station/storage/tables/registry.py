"""Customers, meters, and which meter serves which customer."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tjugo.station.storage.tables.base import Base, one_of
from tjugo.station.storage.tables.readings import MeterReading

METER_STATUSES = ("stock", "installed", "blocked", "removed")


class Customer(Base):
    __tablename__ = "customer"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    account_no: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[datetime]


class Meter(Base):
    """A meter. collector_id None: tokens for this meter are printed and keyed in, never sent."""

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
        one_of("status", METER_STATUSES),
    )


class MeterKeyState(Base):
    """The inputs of a meter's decoder key. phase: `current`, or `pending` until a key change is
    confirmed. DKGA and base date belong here because a key change may change both."""

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
        one_of("phase", ("current", "pending")),
    )


class MeterStatus(Base):
    """A change of a meter's status since it was registered. Never overwritten."""

    __tablename__ = "meter_status"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        one_of("status", METER_STATUSES),
    )


class ServiceLink(Base):
    """The customer of a meter, with the beginning and the end. Ended, never overwritten."""

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
