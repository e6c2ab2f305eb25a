"""Deliveries of tokens to meters."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tjugo.station.storage.tables.base import WIDE, Base, one_of
from tjugo.station.storage.tables.sales import PlainToken
from tjugo.station.storage.tables.vending import Token


def _where(condition: str) -> dict[str, Any]:
    return {f"{database}_where": text(condition) for database in ("sqlite", "postgresql")}


_SECTIONS, _AFTER = _where("position IS NOT NULL"), _where("after_ref IS NOT NULL")
DELIVERY_STATES = (
    *("issued", "sent", "at_collector", "accepted", "reported", "refused", "expired"),
)


class TokenDelivery(Base):
    """The outbox between a sale and the meter. ref is the token's reference on MQTT and the bus.

    When to repeat is not stored: every open row is due when the program starts. `expired`: no
    meter answered in time; the token itself stays valid.

    bdt and tid: of a token with a TID. client, client_id and position: of a section of a key
    change instead; set_no counts how often the whole set was begun. after_ref: the delivery that
    must be accepted before this one is sent.

    `accepted`: the meter has proved it (credit_wh, sequence and mac, 16 hexadecimal digits, are
    what it signed); with mac NULL, of a station that did not check. `reported`: it is not proved;
    without a result the meter is asked again. doubted_at: when there was first an answer whose
    proof was wrong or missing.
    """

    __tablename__ = "token_delivery"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[int] = mapped_column(WIDE, primary_key=True, autoincrement=False)
    drn: Mapped[str] = mapped_column(String(13))
    bdt: Mapped[str | None] = mapped_column(String(2))
    tid: Mapped[int | None]
    collector_id: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(400))
    result: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    stored_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    client: Mapped[str | None] = mapped_column(String(40))
    client_id: Mapped[str | None] = mapped_column(String(64))
    position: Mapped[int | None]
    set_no: Mapped[int | None]
    after_ref: Mapped[int | None] = mapped_column(WIDE)
    credit_wh: Mapped[int | None] = mapped_column(WIDE)
    sequence: Mapped[int | None] = mapped_column(WIDE)
    mac: Mapped[str | None] = mapped_column(String(16))
    doubted_at: Mapped[datetime | None]
    token: Mapped[Token | None] = relationship(viewonly=True)
    section: Mapped[PlainToken | None] = relationship(viewonly=True)

    @property
    def proved(self) -> bool | None:
        """Whether the result is proved to be the meter's; None without a result."""
        return None if self.result is None else self.mac is not None

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "drn", "bdt", "tid"],
            ["token.tenant_id", "token.drn", "token.bdt", "token.tid"],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "collector_id"], ["collector.tenant_id", "collector.collector_id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "client", "client_id", "position"],
            [
                "plain_token.tenant_id",
                "plain_token.client",
                "plain_token.client_id",
                "plain_token.position",
            ],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "after_ref"], ["token_delivery.tenant_id", "token_delivery.ref"]
        ),
        UniqueConstraint("tenant_id", "drn", "bdt", "tid"),
        CheckConstraint("(tid IS NULL) <> (position IS NULL)", name="one_token"),
        CheckConstraint("ref BETWEEN 1 AND 4294967295", name="ref"),
        one_of("state", DELIVERY_STATES),
        Index(None, "tenant_id", "state"),
        Index("ix_token_delivery_section", "tenant_id", "client", "client_id", **_SECTIONS),
        Index("ix_token_delivery_after", "tenant_id", "after_ref", **_AFTER),
    )
