"""The tables, one file a domain, one schema."""

from tjugo.station.storage.tables.base import Base, Tenant, UtcDateTime
from tjugo.station.storage.tables.delivery import DELIVERY_STATES, TokenDelivery
from tjugo.station.storage.tables.keys import LabUse
from tjugo.station.storage.tables.readings import Collector, MeterReading
from tjugo.station.storage.tables.registry import (
    METER_STATUSES,
    Customer,
    Meter,
    MeterKeyState,
    ServiceLink,
)
from tjugo.station.storage.tables.vending import VEND_STATES, Token, VendRequest

__all__ = [
    "DELIVERY_STATES",
    "METER_STATUSES",
    "VEND_STATES",
    "Base",
    "Collector",
    "Customer",
    "LabUse",
    "Meter",
    "MeterKeyState",
    "MeterReading",
    "ServiceLink",
    "Tenant",
    "Token",
    "TokenDelivery",
    "UtcDateTime",
    "VendRequest",
]
