"""Orders of the station to meters."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import WIDE, Base, one_of

ORDER_STATES = (
    *("queued", "sent", "at_collector", "done", "reported", "refused", "expired", "cancelled"),
)


class MeterOrder(Base):
    """An order to a meter. ref: the reference of its job on MQTT; no delivery of a token has it.

    asked: JSON of what was asked; sequence: of the orders to this meter, higher in each one;
    signed: the bytes that the meter gets, hexadecimal (meterbus.orders). result: of the meter,
    proved by mac. `reported`: there was an answer that is not proved; the meter is asked again.
    doubted_at: when there was first one whose proof was wrong or missing.
    """

    __tablename__ = "meter_order"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[int] = mapped_column(WIDE, primary_key=True, autoincrement=False)
    client: Mapped[str] = mapped_column(String(40))
    client_id: Mapped[str] = mapped_column(String(64))
    drn: Mapped[str] = mapped_column(String(13))
    collector_id: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    asked: Mapped[str] = mapped_column(String(4000))
    actor: Mapped[str] = mapped_column(String(80))
    sequence: Mapped[int] = mapped_column(WIDE)
    signed: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(400))
    result: Mapped[int | None]
    mac: Mapped[str | None] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    stored_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    doubted_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        ForeignKeyConstraint(
            ["tenant_id", "collector_id"], ["collector.tenant_id", "collector.collector_id"]
        ),
        UniqueConstraint("tenant_id", "client", "client_id"),
        UniqueConstraint("tenant_id", "drn", "sequence"),
        CheckConstraint("ref BETWEEN 1 AND 4294967295", name="ref"),
        one_of("state", ORDER_STATES),
        Index(None, "tenant_id", "state"),
    )
