"""Tariffs and their versions, which meter has which tariff, and what accrues by month."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.counted import COUNTS, ENERGY
from tjugo.station.storage.tables.base import Base, one_of

VERSION_STATES = ("draft", "proposed", "approved", "rejected", "withdrawn")


class Tariff(Base):
    """A tariff. counts: what the meters count that it is for, in all its versions."""

    __tablename__ = "tariff"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    tariff: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    counts: Mapped[str] = mapped_column(String(10), default=ENERGY, server_default=ENERGY)

    __table_args__ = (one_of("counts", COUNTS),)


class TariffVersion(Base):
    """A tariff's rules from a moment on: JSON of tjugo.station.tariffs.model. Changed only while
    it is a draft; in effect when approved, until the next approved version begins."""

    __tablename__ = "tariff_version"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    tariff: Mapped[str] = mapped_column(String(20), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    valid_from: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "tariff"], ["tariff.tenant_id", "tariff.tariff"]),
        one_of("state", VERSION_STATES),
    )


class MeterTariff(Base):
    """The tariff of a meter since a moment; a meter without a row has the station's default.
    Ended, never overwritten."""

    __tablename__ = "meter_tariff"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]
    tariff: Mapped[str] = mapped_column(String(20))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        ForeignKeyConstraint(["tenant_id", "tariff"], ["tariff.tenant_id", "tariff.tariff"]),
    )


class MeterMonth(Base):
    """Derived from the sales: what a meter bought in a calendar month (YYYY-MM, in the utility's
    time zone), in units of 0.1 kWh: paid_tenths without, free_tenths the free units only."""

    __tablename__ = "meter_month"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    paid_tenths: Mapped[int]
    free_tenths: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
    )


class ChargePaid(Base):
    """Up to which month (YYYY-MM, inclusive) a meter has paid a monthly charge of its tariff. A
    meter without a row owes from the month of its first sale on."""

    __tablename__ = "charge_paid"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    charge: Mapped[str] = mapped_column(String(20), primary_key=True)
    month: Mapped[str] = mapped_column(String(7))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
    )


DEBT_STATES = ("open", "closed", "written_off")
DEBT_KINDS = ("arrears", "loan", "fine")
DEBT_RULES = ("percent", "amount", "month")


class Debt(Base):
    """What a customer owes and how a sale recovers it. The balance is in the ledger, account
    `debt`, party `<account_no>/<debt_no>`.

    rule percent: hundredths of a percent of what is tendered; amount: minor units a sale; month:
    minor units a month. least, most: of one sale, whatever the rule gives. The lowest priority
    number is recovered first.
    """

    __tablename__ = "debt"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    account_no: Mapped[str] = mapped_column(String(20), primary_key=True)
    debt_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    rule: Mapped[str] = mapped_column(String(10))
    rate: Mapped[int] = mapped_column(BigInteger)
    least: Mapped[int] = mapped_column(BigInteger)
    most: Mapped[int | None] = mapped_column(BigInteger)
    priority: Mapped[int]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str] = mapped_column(String(80))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_no"], ["customer.tenant_id", "customer.account_no"]
        ),
        one_of("kind", DEBT_KINDS),
        one_of("state", DEBT_STATES),
        one_of("rule", DEBT_RULES),
        CheckConstraint("rate >= 0", name="rate"),
        Index(None, "tenant_id", "state"),
    )
