"""The tables: one file per domain, one schema."""

from tjugo.station.storage.tables.base import Base, Tenant, UtcDateTime
from tjugo.station.storage.tables.delivery import DELIVERY_STATES, TokenDelivery
from tjugo.station.storage.tables.keys import KeyUse
from tjugo.station.storage.tables.ledger import Balance, Counter, DayTotal, LedgerEntry, Posting
from tjugo.station.storage.tables.people import (
    APPROVAL_STATES,
    ROLES,
    ApiClient,
    Approval,
    AuditEvent,
    LogInFailures,
    Operator,
    OperatorSession,
    RecoveryCode,
)
from tjugo.station.storage.tables.readings import Collector, MeterReading
from tjugo.station.storage.tables.registry import (
    METER_STATUSES,
    Customer,
    Meter,
    MeterKeyState,
    MeterStatus,
    ServiceLink,
)
from tjugo.station.storage.tables.sales import (
    KEY_CHANGE_STATES,
    SALE_KINDS,
    KeyChange,
    PlainToken,
    Reprint,
    Sale,
)
from tjugo.station.storage.tables.station import ClockMark, Setting
from tjugo.station.storage.tables.tariffs import (
    DEBT_KINDS,
    DEBT_RULES,
    DEBT_STATES,
    VERSION_STATES,
    ChargePaid,
    Debt,
    MeterMonth,
    MeterTariff,
    Tariff,
    TariffVersion,
)
from tjugo.station.storage.tables.tills import BankingBatch, Deposit, Outlet, Shift, Vendor
from tjugo.station.storage.tables.vending import (
    VEND_STATES,
    MisdatedToken,
    Token,
    VendRequest,
)

__all__ = [
    "APPROVAL_STATES",
    "DEBT_KINDS",
    "DEBT_RULES",
    "DEBT_STATES",
    "DELIVERY_STATES",
    "KEY_CHANGE_STATES",
    "METER_STATUSES",
    "ROLES",
    "SALE_KINDS",
    "VEND_STATES",
    "VERSION_STATES",
    "ApiClient",
    "Approval",
    "AuditEvent",
    "Balance",
    "BankingBatch",
    "Base",
    "ChargePaid",
    "ClockMark",
    "Collector",
    "Counter",
    "Customer",
    "DayTotal",
    "Debt",
    "Deposit",
    "KeyChange",
    "KeyUse",
    "LedgerEntry",
    "LogInFailures",
    "Meter",
    "MeterKeyState",
    "MeterMonth",
    "MeterReading",
    "MeterStatus",
    "MeterTariff",
    "MisdatedToken",
    "Operator",
    "OperatorSession",
    "Outlet",
    "PlainToken",
    "Posting",
    "RecoveryCode",
    "Reprint",
    "Sale",
    "ServiceLink",
    "Setting",
    "Shift",
    "Tariff",
    "TariffVersion",
    "Tenant",
    "Token",
    "TokenDelivery",
    "UtcDateTime",
    "VendRequest",
    "Vendor",
]
