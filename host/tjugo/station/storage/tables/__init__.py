"""The tables: one file per domain, one schema."""

from tjugo.station.storage.tables.base import Base, Tenant, UtcDateTime
from tjugo.station.storage.tables.delivery import DELIVERY_STATES, TokenDelivery
from tjugo.station.storage.tables.readings import Collector, MeterReading
from tjugo.station.storage.tables.registry import (
    METER_STATUSES,
    Customer,
    Meter,
    MeterKeyState,
    MeterStatus,
    ServiceLink,
)
from tjugo.station.storage.tables.station import ClockMark, RecordedAction, Setting
from tjugo.station.storage.tables.vending import (
    VEND_STATES,
    MisdatedToken,
    Token,
    VendRequest,
)

__all__ = [
    "DELIVERY_STATES",
    "METER_STATUSES",
    "VEND_STATES",
    "Base",
    "ClockMark",
    "Collector",
    "Customer",
    "Meter",
    "MeterKeyState",
    "MeterReading",
    "MeterStatus",
    "MisdatedToken",
    "RecordedAction",
    "ServiceLink",
    "Setting",
    "Tenant",
    "Token",
    "TokenDelivery",
    "UtcDateTime",
    "VendRequest",
]
