"""Data that a station keeps about itself."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import Base


class Setting(Base):
    """A value set by a person; see tjugo.station.settings for the names."""

    __tablename__ = "setting"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class ClockMark(Base):
    """The latest time at which the clock was plausible."""

    __tablename__ = "clock_mark"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    seen_at: Mapped[datetime]
