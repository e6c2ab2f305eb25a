"""Addresses that are notified of events, and the messages to them."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import Base, one_of

MESSAGE_STATES = ("waiting", "delivered", "failed")


class Webhook(Base):
    """An address. events: a JSON list of names. secret: encrypted by tjugo.station.webhooks."""

    __tablename__ = "webhook"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    hook: Mapped[str] = mapped_column(String(40), primary_key=True)
    url: Mapped[str] = mapped_column(String(400))
    events: Mapped[str] = mapped_column(String(1000))
    secret: Mapped[bytes] = mapped_column(LargeBinary(200))
    active: Mapped[bool]
    created_at: Mapped[datetime]


class WebhookMessage(Base):
    """An event for one address, written in the transaction of the event. body: JSON as it is sent.

    due_at: when it is sent next. status: HTTP status of the last answer, NULL for none; reason:
    why the last attempt failed.
    """

    __tablename__ = "webhook_message"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[str] = mapped_column(String(36), primary_key=True)
    hook: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    status: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(400))
    done_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("state", MESSAGE_STATES),
        ForeignKeyConstraint(["tenant_id", "hook"], ["webhook.tenant_id", "webhook.hook"]),
        Index(None, "tenant_id", "state", "due_at"),
        Index(None, "tenant_id", "hook", "created_at"),
    )
