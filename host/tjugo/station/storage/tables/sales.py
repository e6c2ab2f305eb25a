"""Sales for money: what a vend request became, besides its token."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import Base, one_of

SALE_KINDS = (
    *("credit", "free", "replacement", "engineering", "key_change", "payment", "credit_note"),
)


class Sale(Base):
    """A sale and its receipt number, gap-free per outlet. The receipt is kept as it was printed:
    JSON of tjugo.station.receipts.model. Money in minor units of the currency.

    charges: JSON, how many months of each monthly charge the sale collected, negative for a
    credit note that returns them, NULL for none.
    credit: of a sale to a meter that counts money, the credit sold, NULL for all others; it sold
    no energy, and paid_tenths and free_tenths are 0. Negative for a credit note.
    shown_at: when a token left the station, on a screen or on paper. credits_client and
    credits_client_id: of a credit note, the sale that it credits; its units are negative, and
    count in the month of that sale.
    """

    __tablename__ = "sale"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(String(40), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    outlet: Mapped[str] = mapped_column(String(20))
    receipt_no: Mapped[int]
    terminal: Mapped[str | None] = mapped_column(String(40))
    operator: Mapped[str] = mapped_column(String(80))
    shift_no: Mapped[int | None]
    drn: Mapped[str | None] = mapped_column(String(13))
    account_no: Mapped[str | None] = mapped_column(String(20))
    sold_at: Mapped[datetime]
    day: Mapped[date]
    currency: Mapped[str] = mapped_column(String(3))
    tendered: Mapped[int] = mapped_column(BigInteger)
    change: Mapped[int] = mapped_column(BigInteger)
    tariff: Mapped[str | None] = mapped_column(String(20))
    tariff_version: Mapped[int | None]
    paid_tenths: Mapped[int]
    free_tenths: Mapped[int]
    receipt: Mapped[str] = mapped_column(Text)
    charges: Mapped[str | None] = mapped_column(Text)
    shown_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str | None] = mapped_column(String(80))
    credits_client: Mapped[str | None] = mapped_column(String(40))
    credits_client_id: Mapped[str | None] = mapped_column(String(64))
    credit: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["vend_request.tenant_id", "vend_request.client", "vend_request.client_id"],
        ),
        one_of("kind", SALE_KINDS),
        Index(None, "tenant_id", "outlet", "receipt_no", unique=True),
        Index(None, "tenant_id", "drn", "sold_at"),
        Index(None, "tenant_id", "account_no"),
        Index(None, "tenant_id", "day"),
        Index(None, "tenant_id", "shift_no"),
        Index(None, "tenant_id", "credits_client", "credits_client_id"),
    )


class Reprint(Base):
    """A print of a receipt, by whom: number 0 is the original, n the n-th reprint."""

    __tablename__ = "reprint"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(String(40), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    operator: Mapped[str] = mapped_column(String(80))

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["sale.tenant_id", "sale.client", "sale.client_id"],
        ),
    )


class Voucher(Base):
    """A voucher that paid for a sale or went into a payment, once. ref: its number without spaces,
    in capitals. A void, or the credit note of a payment, gives it back, and removes the row."""

    __tablename__ = "voucher"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(180), primary_key=True)
    client: Mapped[str] = mapped_column(String(40))
    client_id: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        ForeignKeyConstraint(  # deferred: a voucher is taken before its request is written
            ["tenant_id", "client", "client_id"],
            ["vend_request.tenant_id", "vend_request.client", "vend_request.client_id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        Index(None, "tenant_id", "client", "client_id"),
    )


class PlainToken(Base):
    """A token without a TID: a key change token (class 2) or a test token (class 1), with its
    place in the order of entry."""

    __tablename__ = "plain_token"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(String(40), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    drn: Mapped[str | None] = mapped_column(String(13))
    token_class: Mapped[int]
    subclass: Mapped[int]
    digits: Mapped[str] = mapped_column(String(20))
    issued_at: Mapped[datetime]
    check_value: Mapped[str] = mapped_column(String(16))

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["vend_request.tenant_id", "vend_request.client", "vend_request.client_id"],
        ),
    )


_OPEN: dict[str, Any] = {
    f"{database}_where": text("state IN ('planned', 'issued')")
    for database in ("sqlite", "postgresql")
}
KEY_CHANGE_STATES = ("planned", "issued", "confirmed", "cancelled")


class KeyChange(Base):
    """A change of a meter's key: to which register, why, and how far it is. One at a time is
    planned or issued. target: JSON by field of the key register; replaced: that of the key which
    the change ends, from the issue of its tokens on."""

    __tablename__ = "key_change"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(20))
    campaign: Mapped[str | None] = mapped_column(String(40))
    target: Mapped[str] = mapped_column(Text)
    replaced: Mapped[str | None] = mapped_column(Text)
    planned_by: Mapped[str] = mapped_column(String(80))
    planned_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    client: Mapped[str | None] = mapped_column(String(40))
    client_id: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(80))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        one_of("state", KEY_CHANGE_STATES),
        Index(None, "tenant_id", "state"),
        Index("ix_key_change_open", "tenant_id", "drn", unique=True, **_OPEN),
    )
