"""The ledger: entries of double entry, never changed, and rows derived from them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    event,
    text,
)
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


_OFFICE: dict[str, Any] = {
    f"{database}_where": text("party = ''") for database in ("sqlite", "postgresql")
}


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

    __table_args__ = (Index("ix_day_total_office", "tenant_id", "outlet", **_OFFICE),)


APPEND_ONLY: dict[str, tuple[str, ...]] = {
    "sqlite": tuple(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        for table in ("ledger_entry", "posting")
        for verb in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()"
            for table in ("ledger_entry", "posting")
        ),
    ),
}
"""Triggers that refuse to change or delete an entry or posting, by dialect. Migration 0009 makes
the same ones."""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(Base.metadata, "after_create", DDL(_statement).execute_if(dialect=_dialect))
