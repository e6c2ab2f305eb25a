"""The rules of a tariff, what a price depends on, and the priced sale.

Money in minor units of the currency, energy in units of 0.1 kWh (tenths), rates as Decimal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from tjugo import counted

PER_KWH, PERCENT = "per_kwh", "percent"
DOWN, NEAREST = "down", "nearest"
FEE, CHARGE, DEBT, ENERGY = "fee", "charge", "debt", "energy"
CHANGE = "change"
ORDER = (FEE, CHARGE, DEBT, ENERGY)
WHOLE = 10_000  # hundredths of a percent


@dataclass(frozen=True)
class Flat:
    """One rate in major units per kWh, before taxes."""

    rate: Decimal


@dataclass(frozen=True)
class Step:
    """A block of inclining blocks: its rate up to this many tenths in a month, None: without
    end."""

    rate: Decimal
    up_to_tenths: int | None = None


@dataclass(frozen=True)
class Blocks:
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Period:
    """A period of time of use. months 1 to 12; days 1 (Monday) to 7; from start up to end, as
    HH:MM, 24:00 for the end of the day."""

    code: str
    name: str
    rate: Decimal
    months: tuple[int, ...] = tuple(range(1, 13))
    days: tuple[int, ...] = tuple(range(1, 8))
    start: str = "00:00"
    end: str = "24:00"


@dataclass(frozen=True)
class TimeOfUse:
    """Rates that a currency meter applies; what is sold is credit in money. The first period that
    contains a moment applies."""

    periods: tuple[Period, ...]


@dataclass(frozen=True)
class MonthlyCharge:
    """An amount before tax for each calendar month, owed from the month `since` (YYYY-MM) on.
    months_at_most: how many months a sale collects, None: all that are owed."""

    code: str
    name: str
    amount: int
    since: str
    tax: str | None = None
    months_at_most: int | None = None


@dataclass(frozen=True)
class Levy:
    """kind per_kwh: rate in major units per kWh; kind percent: rate in percent of what `on` names:
    `energy`, charges, and levies before this one. tax: the code of the tax on it."""

    code: str
    name: str
    kind: str
    rate: Decimal
    on: tuple[str, ...] = (ENERGY,)
    tax: str | None = None


@dataclass(frozen=True)
class Tax:
    """A tax, such as VAT: rate in percent, added to the lines that name its code."""

    code: str
    name: str
    rate: Decimal


@dataclass(frozen=True)
class Fee:
    """An amount before tax for each sale."""

    code: str
    name: str
    amount: int
    tax: str | None = None


@dataclass(frozen=True)
class TariffRules:
    """The rules of one version of a tariff; never changed.

    order: what is deducted first; energy is last and takes what remains, with its levies and
    taxes. least, most: what may be tendered; most_tenths: how much a sale may be.
    debt_share_most: the part of what is tendered that all debts together may take, in hundredths
    of a percent. energy_may_be_nothing: charges and debts may take all that is tendered.
    """

    currency: str
    energy: Flat | Blocks | TimeOfUse
    energy_tax: str | None = None
    charges: tuple[MonthlyCharge, ...] = ()
    levies: tuple[Levy, ...] = ()
    taxes: tuple[Tax, ...] = ()
    service_fee: Fee | None = None
    order: tuple[str, ...] = ORDER
    units_rounding: str = DOWN
    least: int | None = None
    most: int | None = None
    most_tenths: int | None = None
    free_tenths_per_month: int = 0
    free_with_sale: bool = True
    debt_share_most: int = WHOLE
    energy_may_be_nothing: bool = True

    @property
    def counts(self) -> str:
        """What the meters count that the tariff is for: energy or money."""
        return counted.MONEY if isinstance(self.energy, TimeOfUse) else counted.ENERGY

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, one.name) for one in fields(self)))

    def __hash__(self) -> int:
        return self._hash  # computed once: every price looks up what was computed of its rules


@dataclass(frozen=True, slots=True)
class DebtState:
    """What is owed and how a sale recovers it; see storage.tables.Debt. recovered: what sales have
    taken in this month, for the rule `month`."""

    debt_no: int
    kind: str
    name: str
    rule: str
    rate: int
    least: int
    most: int | None
    priority: int
    balance: int
    recovered: int = 0


@dataclass(frozen=True, slots=True)
class Situation:
    """What the price of a meter's purchase depends on.

    at: in the utility's time zone; month_tenths: bought in this month; charges_paid: the last
    month (YYYY-MM) by charge; first_month: that of the first sale; debts in the order of recovery.
    """

    at: datetime
    month_tenths: int = 0
    charges_paid: Mapping[str, str] = field(default_factory=dict)
    first_month: str | None = None
    debts: tuple[DebtState, ...] = ()
    free_tenths_left: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a priced sale.

    kind: fee, charge, debt, energy, free, levy, tax, change. amount: before tax. code: of the fee,
    charge, levy or tax, the number of the debt, `energy` or `block_<n>`. rate: in major units per
    kWh, or percent. tax_code, tax_rate: of the tax that the line is, or that is on it. balance:
    what is left of the debt. months: how many of a charge.
    """

    kind: str
    code: str
    name: str
    amount: int
    taxable: bool
    tenths: int | None = None
    rate: Decimal | None = None
    tax_code: str | None = None
    tax_rate: Decimal | None = None
    balance: int | None = None
    months: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced sale: the amounts of the lines sum to what was tendered.

    tenths: bought; free_tenths: free, in a token of their own; credit: minor units charged for the
    credit of a currency meter, of which its token carries as much as it can; charges_paid: the
    last month paid by charge; month: of the sale, YYYY-MM.
    """

    lines: tuple[Line, ...]
    tenths: int
    free_tenths: int
    tendered: int
    charges_paid: Mapping[str, str]
    month: str = ""
    credit: int = 0

    @property
    def change(self) -> int:
        """What is not spent of what was tendered, minor units."""
        return sum(line.amount for line in self.lines if line.kind == CHANGE)


def month_of(at: datetime) -> str:
    """Return the month of a moment, YYYY-MM."""
    return f"{at.year:04}-{at.month:02}"


def month_number(month: str) -> int:
    """Return the months since the year 0 of YYYY-MM."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def month_text(number: int) -> str:
    """Return YYYY-MM of a month's number."""
    return f"{number // 12:04}-{number % 12 + 1:02}"
