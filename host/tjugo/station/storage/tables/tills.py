"""Vendors, outlets, shifts, banking batches and deposits."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import Base


class Vendor(Base):
    """Who sells: the utility itself, or an agent with a credit limit in minor units (NULL: none)
    and a commission in hundredths of a percent of what it sells. commission_from: the first day
    whose commission is not posted."""

    __tablename__ = "vendor"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    vendor: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    credit_limit: Mapped[int | None] = mapped_column(BigInteger)
    commission: Mapped[int]
    commission_from: Mapped[date]
    active: Mapped[bool]


class Outlet(Base):
    __tablename__ = "outlet"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    outlet: Mapped[str] = mapped_column(String(20), primary_key=True)
    vendor: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(100))
    address: Mapped[str | None] = mapped_column(String(400))
    active: Mapped[bool]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "vendor"], ["vendor.tenant_id", "vendor.vendor"]),
    )


class Shift(Base):
    """A cashier's time at an outlet, from opening with a float to the cash-up; an operator has one
    open shift at most. counted: JSON, [expected, counted] in minor units by means of payment;
    difference: counted less expected. Both are NULL while it is open."""

    __tablename__ = "shift"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    shift_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    operator: Mapped[str] = mapped_column(String(80))
    outlet: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime]
    opening_float: Mapped[int] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None]
    counted: Mapped[str | None] = mapped_column(Text)
    difference: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str | None] = mapped_column(String(400))
    batch_no: Mapped[int | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "outlet"], ["outlet.tenant_id", "outlet.outlet"]),
        Index(None, "tenant_id", "operator", "closed_at"),
        Index(None, "tenant_id", "outlet", "batch_no"),
        Index(
            "ix_shift_open",
            *("tenant_id", "operator"),
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


class BankingBatch(Base):
    """Shifts of an outlet that are banked together."""

    __tablename__ = "banking_batch"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    batch_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outlet: Mapped[str] = mapped_column(String(20))
    closed_by: Mapped[str] = mapped_column(String(80))
    closed_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "outlet"], ["outlet.tenant_id", "outlet.outlet"]),
    )


class Deposit(Base):
    """Money that was banked, of a batch or of a vendor. means: how the customers had paid it. A
    reversed one has no effect any more; its bank_ref can be used again."""

    __tablename__ = "deposit"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    deposit_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    vendor: Mapped[str] = mapped_column(String(20))
    batch_no: Mapped[int | None]
    means: Mapped[str] = mapped_column(String(30))
    amount: Mapped[int] = mapped_column(BigInteger)
    bank_ref: Mapped[str] = mapped_column(String(60))
    made_by: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime]
    reversed_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "vendor"], ["vendor.tenant_id", "vendor.vendor"]),
        Index(
            "ix_deposit_bank_ref",
            *("tenant_id", "vendor", "bank_ref"),
            unique=True,
            sqlite_where=text("reversed_at IS NULL"),
            postgresql_where=text("reversed_at IS NULL"),
        ),
    )
