"""Deliveries of tokens to meters."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tjugo.station.storage.tables.base import WIDE, Base, one_of
from tjugo.station.storage.tables.vending import Token

DELIVERY_STATES = ("issued", "sent", "at_collector", "accepted", "refused", "expired")


class TokenDelivery(Base):
    """The outbox between a sale and the meter. ref is the token's reference on MQTT and the bus.

    When to repeat is not stored: every open row is due when the program starts. `expired`: no
    meter answered in time; the token itself stays valid.
    """

    __tablename__ = "token_delivery"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[int] = mapped_column(WIDE, primary_key=True, autoincrement=False)
    drn: Mapped[str] = mapped_column(String(13))
    bdt: Mapped[str] = mapped_column(String(2))
    tid: Mapped[int]
    collector_id: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(400))
    result: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    stored_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    token: Mapped[Token] = relationship(viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "drn", "bdt", "tid"],
            ["token.tenant_id", "token.drn", "token.bdt", "token.tid"],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "collector_id"], ["collector.tenant_id", "collector.collector_id"]
        ),
        UniqueConstraint("tenant_id", "drn", "bdt", "tid"),
        CheckConstraint("ref BETWEEN 1 AND 4294967295", name="ref"),
        one_of("state", DELIVERY_STATES),
        Index(None, "tenant_id", "state"),
    )
