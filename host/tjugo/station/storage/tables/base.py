"""The tables. tenant_id comes first in every key: many utilities can share one database.

Keys are natural (DRN, account number, the client's own request id), never a database counter.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    event,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes in Python, naive UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


WIDE = BigInteger().with_variant(Integer(), "sqlite")
"""Integers beyond 31 bits. SQLite's INTEGER has 64 bits, and is what released databases have."""


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {datetime: UtcDateTime()}


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Tenant(Base):
    """A utility. tid_floor: no TID of this moment or before it is issued (after a restore), NULL
    none. currency: ISO 4217; time_zone: IANA; language: of receipts and pages, BCP 47. sandbox: a
    station to test programs with; written when it is made, and never changed."""

    __tablename__ = "tenant"
    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    tid_floor: Mapped[datetime | None]
    address: Mapped[str | None] = mapped_column(String(400))
    tax_no: Mapped[str | None] = mapped_column(String(40))
    phone: Mapped[str | None] = mapped_column(String(40))
    currency: Mapped[str] = mapped_column(String(3), default="EUR", server_default="EUR")
    time_zone: Mapped[str] = mapped_column(String(60), default="UTC", server_default="UTC")
    language: Mapped[str] = mapped_column(String(10), default="en", server_default="en")
    default_tariff: Mapped[str | None] = mapped_column(String(20))
    receipt_text: Mapped[str | None] = mapped_column(String(400))
    sandbox: Mapped[bool] = mapped_column(default=False, server_default=false())


_SANDBOX_STAYS = "a sandbox stays one, and a real station too"
SANDBOX_STAYS = {
    "sqlite": [
        "CREATE TRIGGER tenant_sandbox_stays BEFORE UPDATE OF sandbox ON tenant "
        f"WHEN OLD.sandbox IS NOT NEW.sandbox BEGIN SELECT RAISE(ABORT, '{_SANDBOX_STAYS}'); END"
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION tenant_sandbox_stays() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{_SANDBOX_STAYS}'; END $$",
        "CREATE TRIGGER tenant_sandbox_stays BEFORE UPDATE OF sandbox ON tenant FOR EACH ROW "
        "WHEN (OLD.sandbox IS DISTINCT FROM NEW.sandbox) "
        "EXECUTE FUNCTION tenant_sandbox_stays()",
    ],
}
"""The statements that make the column fixed, by the kind of database."""

for _dialect, _statements in SANDBOX_STAYS.items():
    for _statement in _statements:
        event.listen(
            Tenant.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect)
        )
