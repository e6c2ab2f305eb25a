"""Requests for tokens, and the tokens."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tjugo.station.storage.tables.base import Base, one_of

_NOT_SOLD: dict[str, Any] = {
    f"{database}_where": text("kwh IS NULL AND money IS NULL")
    for database in ("sqlite", "postgresql")
}
_REFUSED: dict[str, Any] = {
    f"{database}_where": text("state = 'failed'") for database in ("sqlite", "postgresql")
}
VEND_STATES = ("received", "token_issued", "failed")


class VendRequest(Base):
    """A request for a token, kept whatever its outcome. drn, kwh and money (minor units) are as
    requested, so that a refused request shows what was refused; hence no foreign key to the meter.
    kwh NULL: sold by money. money NULL: sold by kWh. asked: JSON of what else was requested."""

    __tablename__ = "vend_request"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    client: Mapped[str] = mapped_column(String(40), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    drn: Mapped[str] = mapped_column(String(20))
    kwh: Mapped[str | None] = mapped_column(String(40))
    money: Mapped[int | None] = mapped_column(BigInteger)
    asked: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(400))
    code: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    tokens: Mapped[list["Token"]] = relationship(order_by="Token.position", viewonly=True)
    # a Sale or None; its file imports this one
    sale: Mapped[Any] = relationship("Sale", viewonly=True, uselist=False)

    __table_args__ = (
        one_of("state", VEND_STATES),
        Index(None, "tenant_id", "created_at"),
        # For the list of requests for other tokens than those sold, which are few.
        Index("ix_vend_request_other", "tenant_id", "created_at", **_NOT_SOLD),
        Index("ix_vend_request_refused", "tenant_id", "drn", **_REFUSED),
    )


class Token(Base):
    """A token with a TID; never changed. The primary key is what makes two tokens of one meter
    different for the meter: base date and TID.

    position: its place among the tokens of its request. The key state is a snapshot of the time of
    issue. credit: what a token of money (class 0, subclass 4) carries, in 1e-5 of the currency,
    NULL for all others; it carries no energy, and asked_tenths and units_tenths are 0.
    check_value: over all other columns but position; see tjugo.station.storage.integrity.
    """

    __tablename__ = "token"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    bdt: Mapped[str] = mapped_column(String(2), primary_key=True)
    tid: Mapped[int] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(String(40))
    client_id: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(default=0, server_default="0")
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
    check_value: Mapped[str | None] = mapped_column(String(16))
    credit: Mapped[int | None] = mapped_column(BigInteger)
    request: Mapped[VendRequest] = relationship(viewonly=True)
    # a TokenDelivery or None; its file imports this one
    delivery: Mapped[Any] = relationship("TokenDelivery", viewonly=True, uselist=False)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        ForeignKeyConstraint(
            ["tenant_id", "client", "client_id"],
            ["vend_request.tenant_id", "vend_request.client", "vend_request.client_id"],
        ),
        UniqueConstraint("tenant_id", "client", "client_id", "position"),
    )


class MisdatedToken(Base):
    """A token whose TID comes from a wrong clock. The meter's next TIDs skip it and do not
    continue from it."""

    __tablename__ = "misdated_token"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    bdt: Mapped[str] = mapped_column(String(2), primary_key=True)
    tid: Mapped[int] = mapped_column(primary_key=True)
    found_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "drn", "bdt", "tid"],
            ["token.tenant_id", "token.drn", "token.bdt", "token.tid"],
        ),
    )
