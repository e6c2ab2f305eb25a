"""What the station counts about its vending keys, whose secrets are elsewhere."""

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from tjugo.station.storage.tables.base import Base


class KeyUse(Base):
    """Derived: how much was sold with a vending key, for its credit limit, in 0.1 kWh."""

    __tablename__ = "key_use"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.tenant_id"), primary_key=True)
    sgc: Mapped[str] = mapped_column(String(6), primary_key=True)
    krn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenths: Mapped[int] = mapped_column(BigInteger)
