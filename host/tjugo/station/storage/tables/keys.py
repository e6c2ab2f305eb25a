"""What is recorded of the use of keys."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import Base


class LabUse(Base):
    """One use of a registered meter's key in the token lab. use_id is random."""

    __tablename__ = "lab_use"
    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    use_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    drn: Mapped[str] = mapped_column(String(13))
    actor: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "drn"], ["meter.tenant_id", "meter.drn"]),
    )
