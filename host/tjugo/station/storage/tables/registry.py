"""Customers, meters, and which meter serves which customer."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tjugo.counted import COUNTS, ENERGY
from tjugo.station.storage.tables.base import Base, one_of
from tjugo.station.storage.tables.readings import MeterReading

METER_STATUSES = ("stock", "installed", "blocked", "removed")
SITE_KINDS = ("region", "substation", "feeder", "transformer", "service_point")


class Customer(Base):
    """A customer and their account. category: the utility's own; language: BCP 47, NULL the
    utility's; search: derived, what tjugo.search_words makes of the other columns."""

    __tablename__ = "customer"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    account_no: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[datetime]
    id_no: Mapped[str | None] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(200))
    category: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str | None] = mapped_column(String(10))
    notes: Mapped[str | None] = mapped_column(String(1000))
    search: Mapped[str] = mapped_column(Text, default="", server_default="")


class SearchWord(Base):
    """Derived: a word by which a customer is found, one of tjugo.search_words, as in
    Customer.search. The primary key is an index of words by their beginning."""

    __tablename__ = "search_word"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    # Collation C: the beginning of a word is a range of the index, in every language's database.
    word: Mapped[str] = mapped_column(
        String(40).with_variant(String(40, collation="C"), "postgresql"), primary_key=True
    )
    field: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_no: Mapped[str] = mapped_column(String(20), primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"]),
        {"sqlite_with_rowid": False},
    )


class Site(Base):
    """A place in the network: a tree from the region to the service point."""

    __tablename__ = "site"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    site: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str | None] = mapped_column(String(200))
    parent: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "parent"], ["site.tenant_id", "site.site"]),
        one_of("kind", SITE_KINDS),
        Index(None, "tenant_id", "parent"),
    )


class Meter(Base):
    """A meter. collector_id None: tokens for this meter are printed and keyed in, never sent.
    counts: one of tjugo.counted.COUNTS, energy in kWh or money."""

    __tablename__ = "meter"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    ea: Mapped[int]
    tct: Mapped[int]
    status: Mapped[str] = mapped_column(String(20))
    collector_id: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    counts: Mapped[str] = mapped_column(String(10), default=ENERGY, server_default=ENERGY)
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
        one_of("counts", COUNTS),
        Index(None, "tenant_id", "collector_id"),
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
    """The customer of a meter, with the beginning and the end. Ended, never overwritten.
    service_point: in words; site: its place in the network."""

    __tablename__ = "service_link"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]
    account_no: Mapped[str] = mapped_column(String(20))
    service_point: Mapped[str | None] = mapped_column(String(200))
    site: Mapped[str | None] = mapped_column(String(40))
    customer: Mapped[Customer] = relationship(viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        ForeignKeyConstraint(
            ["tenant_id", "account_no"], ["customer.tenant_id", "customer.account_no"]
        ),
        ForeignKeyConstraint(["tenant_id", "site"], ["site.tenant_id", "site.site"]),
        Index(None, "tenant_id", "account_no"),
        Index(None, "tenant_id", "site"),
    )
