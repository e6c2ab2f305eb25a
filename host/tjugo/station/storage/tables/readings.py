"""Reports of collectors."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import WIDE, Base


class Collector(Base):
    """A data collector; `tjugo/v1/<tenant_id>/<collector_id>/...` are its MQTT topics."""

    __tablename__ = "collector"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    collector_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    online: Mapped[bool | None]
    status_at: Mapped[datetime | None]
    version: Mapped[str | None] = mapped_column(String(200))
    crash: Mapped[str | None] = mapped_column(String(200))


class MeterReading(Base):
    """The latest reading of a meter; the columns are those of uplink.messages. NULL is unknown.
    alarms: bits of tjugo.station.readings.alarms."""

    __tablename__ = "meter_reading"
    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), primary_key=True)
    received_at: Mapped[datetime]
    at: Mapped[datetime | None]
    online: Mapped[bool]
    energy_wh: Mapped[int | None] = mapped_column(WIDE)
    credit_wh: Mapped[int | None] = mapped_column(WIDE)
    power_w: Mapped[int | None] = mapped_column(WIDE)
    control_state: Mapped[int | None]
    open_reasons: Mapped[int | None]
    token_result: Mapped[int | None]
    sequence: Mapped[int | None] = mapped_column(WIDE)
    power_fail_count: Mapped[int | None]
    power_limit_w: Mapped[int | None] = mapped_column(WIDE)
    krn: Mapped[int | None]
    kt: Mapped[int | None]
    ti: Mapped[int | None]
    sgc: Mapped[int | None] = mapped_column(WIDE)
    ken: Mapped[int | None]
    cover_open: Mapped[bool | None]
    relay_closed: Mapped[bool | None]
    not_configured: Mapped[bool | None]
    ledger_fault: Mapped[bool | None]
    relay_fault: Mapped[bool | None]
    safe_mode: Mapped[bool | None]
    crashed: Mapped[bool | None]
    tamper: Mapped[bool | None]
    low_credit: Mapped[bool | None]
    malignant_load: Mapped[bool | None]
    metering_fault: Mapped[bool | None]
    credit_money: Mapped[int | None] = mapped_column(WIDE)
    currency: Mapped[str | None] = mapped_column(String(3))
    tamper_kinds: Mapped[int | None]
    alarms: Mapped[int | None]
    fault: Mapped[str | None] = mapped_column(String(200))
    crash: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
        Index(
            "ix_meter_reading_alarms",
            "tenant_id",
            "drn",
            sqlite_where=text("alarms > 0"),
            postgresql_where=text("alarms > 0"),
        ),
    )
