"""What requests about shifts, banking, vendors and the ledger answer, as JSON."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from tjugo import money

_AMOUNTS = frozenset(
    (
        *("amount", "available", "balance", "closing", "counted", "credit_limit", "difference"),
        *("expected", "in_tills", "left", "opening", "opening_float", "owed", "total"),
    )
)


class ShiftItem(BaseModel):
    """A shift; closed_at and difference are null while it is open."""

    shift_no: int
    operator: str
    outlet: str
    opened_at: str
    opening_float: str
    closed_at: str | None
    difference: str | None
    note: str | None
    batch_no: int | None


class MeansItem(BaseModel):
    """An amount by means of payment."""

    means: str
    amount: str


class KindItem(BaseModel):
    """The entries of a kind: how many, and the money received by them."""

    kind: str
    entries: int
    amount: str


class ResourceItem(BaseModel):
    """What was sold: an account of the ledger, and its party."""

    account: str
    party: str
    amount: str


class TakingsItem(BaseModel):
    """What customers paid, from three sides that each sum to total."""

    total: str
    means: list[MeansItem]
    kinds: list[KindItem]
    resources: list[ResourceItem]


class CountItem(BaseModel):
    """A means of payment in a till; counted and difference are null while it is not counted."""

    means: str
    expected: str
    counted: str | None
    difference: str | None


class ComparedItem(BaseModel):
    """How often a count was shown beside what was expected, and the first count, null for none."""

    times: int
    first: str | None


class ShiftReportItem(BaseModel):
    """A shift's report. takings: null, and counts empty, while it is one's own open shift."""

    shift: ShiftItem
    takings: TakingsItem | None
    counts: list[CountItem]
    compared: ComparedItem


class BatchItem(BaseModel):
    """A banking batch. left: what is to be deposited."""

    batch_no: int
    outlet: str
    closed_by: str
    closed_at: str
    left: str


class DepositItem(BaseModel):
    """A deposit slip. reversed_at: when it was undone, null while it counts."""

    deposit_no: int
    vendor: str
    batch_no: int | None
    means: str
    amount: str
    bank_ref: str
    made_by: str
    made_at: str
    reversed_at: str | None


class BatchReportItem(BaseModel):
    """A batch's report: its shifts, their takings and office, what was received without a shift,
    are the same whenever it is read."""

    batch_no: int
    outlet: str
    closed_by: str
    closed_at: str
    shifts: list[ShiftItem]
    takings: TakingsItem
    office: list[MeansItem]
    left: list[MeansItem]
    deposits: list[DepositItem]


class VendorItem(BaseModel):
    """A vendor. owed: with in_tills, the money in its open tills, which its statement has after
    the cash-up; both null of the utility itself. available: how much more it may sell, null
    without a limit; commission: hundredths of a percent."""

    vendor: str
    name: str
    active: bool
    credit_limit: str | None
    commission: int
    owed: str | None
    in_tills: str | None
    available: str | None
    outlets: list[str]


class LineItem(BaseModel):
    """A posting. balance: after it."""

    entry_no: int
    at: datetime
    day: date
    kind: str
    ref: str
    text: str | None
    amount: str
    balance: str
    party: str


class StatementItem(BaseModel):
    """A statement: opening plus the lines' amounts is closing. party: null for all."""

    account: str
    party: str | None
    first: date
    last: date
    opening: str
    lines: list[LineItem]
    closing: str


def in_major(value: Any, currency: str) -> Any:
    """Return dataclasses as JSON values, their amounts as texts in major units."""
    if isinstance(value, dict):
        return {
            key: money.digits(item, currency)
            if key in _AMOUNTS and isinstance(item, int)
            else in_major(item, currency)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [in_major(item, currency) for item in value]
    return value
