"""The ledger: entries of double entry, never changed, and rows derived from them."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import Base


class Counter(Base):
    """A series of numbers without gaps: the last one that was used. A number is taken in the
    transaction that uses it."""

    __tablename__ = "counter"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class LedgerEntry(Base):
    """One business event; its postings sum to 0. kind and ref name the event, so that it is
    posted once. day: the date in the utility's time zone."""

    __tablename__ = "ledger_entry"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    entry_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(30))
    ref: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    day: Mapped[date]
    actor: Mapped[str] = mapped_column(String(80))
    outlet: Mapped[str | None] = mapped_column(String(20))
    shift_no: Mapped[int | None]
    text: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        Index(None, "tenant_id", "kind", "ref", unique=True),
        Index(None, "tenant_id", "day"),
        Index(None, "tenant_id", "shift_no"),
    )


class Posting(Base):
    """An amount in minor units on an account; debit is positive. party: the subsidiary account,
    such as a customer's debt, "" where the account has none."""

    __tablename__ = "posting"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(30))
    party: Mapped[str] = mapped_column(String(60))
    amount: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "entry_no"], ["ledger_entry.tenant_id", "ledger_entry.entry_no"]
        ),
        Index(None, "tenant_id", "account", "party"),
    )


class Balance(Base):
    """Derived: the sum of all postings of an account and party."""

    __tablename__ = "balance"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    account: Mapped[str] = mapped_column(String(30), primary_key=True)
    party: Mapped[str] = mapped_column(String(60), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class DayTotal(Base):
    """Derived: the sum and the number of a day's postings, by entry kind, account, party and
    outlet ("" for none)."""

    __tablename__ = "day_total"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    account: Mapped[str] = mapped_column(String(30), primary_key=True)
    party: Mapped[str] = mapped_column(String(60), primary_key=True)
    outlet: Mapped[str] = mapped_column(String(20), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    postings: Mapped[int]
