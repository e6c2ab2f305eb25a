"""A receipt: everything that was printed for a sale, as it was at that moment.

A later change of a name, a tariff or a time zone does not change a receipt. Money in minor units
of the currency, units in tenths of a kWh, credit of tokens of money in 1e-5 of the currency, rates
as Decimal. The JSON form has a version; every version that was ever written can be read.
"""

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from tjugo import foreign_json
from tjugo.counted import MONEY
from tjugo.errors import reason

VERSION = 1
KINDS = ("credit", "free", "replacement", "engineering", "key_change", "payment", "credit_note")
MEANS = ("cash", "card", "mobile_money", "bank", "voucher", "account")
LINE_KINDS = ("energy", "free", "charge", "levy", "tax", "debt", "fee", "rounding", "credit")
"""Kinds of lines; `credit`: what is kept as the customer's credit. Receipts of early versions have
lines of the kind `change`, which are not printed."""
TO_CREDIT = "credit"
"""Code of the line of what goes to the customer's credit."""
TOKEN_KINDS = (
    *("key_change_1", "key_change_2", "key_change_3", "key_change_4"),
    *("free", "credit", "replacement", "clear_credit", "clear_tamper", "max_power"),
    *("phase_unbalance", "default_credit", "tariff_rate", "water_factor", "test", "extended"),
)


@dataclass(frozen=True)
class Utility:
    name: str
    address: str | None = None
    tax_no: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Customer:
    account_no: str
    name: str
    address: str | None = None


@dataclass(frozen=True)
class Meter:
    """The meter and the key register that the tokens were made for. tariff: its name; counts:
    `money` of a meter that counts money, None of one that counts energy."""

    drn: str
    sgc: str
    krn: int
    ti: str
    ea: int
    tct: int = 2
    tariff: str | None = None
    counts: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of the price, with the fields of a line of a Quote: kind is one of LINE_KINDS.

    tenths: units of the line; rate: currency per kWh; tax_rate: percent; balance: of a debt, what
    is left after the sale. What a utility names itself is not translated.
    """

    kind: str
    code: str
    name: str
    amount: int
    taxable: bool = False
    tenths: int | None = None
    rate: Decimal | None = None
    tax_code: str | None = None
    tax_rate: Decimal | None = None
    balance: int | None = None


@dataclass(frozen=True)
class Token:
    """A token in the order of entry. kind: one of TOKEN_KINDS; digits: 20 of them; tenths: the
    units it carries, None where it carries none; credit: what a token of money carries."""

    kind: str
    digits: str
    tenths: int | None = None
    credit: int | None = None

    def groups(self) -> list[str]:
        """Return the digits in groups of four, as they are printed and keyed in."""
        return [self.digits[i : i + 4] for i in range(0, len(self.digits), 4)]


@dataclass(frozen=True)
class Tender:
    """What was given, by one of MEANS. reference: of the card slip, transfer or voucher."""

    means: str
    amount: int
    reference: str | None = None


@dataclass(frozen=True)
class Receipt:
    """A receipt. number: without gaps per outlet, None for a trial, which is no receipt; at: UTC;
    operator: who sold, operator_name: of an operator, None in receipts of early versions;
    time_zone: the utility's; change: given back in cash; credits: of a credit note, the number of
    the receipt it credits; text: the utility's message."""

    kind: str
    number: int | None
    outlet: str
    operator: str
    at: datetime
    time_zone: str
    currency: str
    language: str
    utility: Utility
    client: str
    client_id: str
    operator_name: str | None = None
    outlet_name: str | None = None
    terminal: str | None = None
    customer: Customer | None = None
    meter: Meter | None = None
    lines: tuple[Line, ...] = ()
    tokens: tuple[Token, ...] = ()
    tendered: tuple[Tender, ...] = ()
    change: int = 0
    text: str | None = None
    credits: str | None = None

    def paid(self) -> int:
        """Return the sum of what was tendered, before change."""
        return sum(tender.amount for tender in self.tendered)

    def tenths(self) -> int:
        """Return the units of all tokens."""
        return sum(token.tenths or 0 for token in self.tokens)

    def credit(self) -> int:
        """Return the credit of all tokens of money."""
        return sum(token.credit or 0 for token in self.tokens)

    def of_money(self) -> bool:
        """Return whether credit in money was sold, and not energy."""
        return self.meter is not None and self.meter.counts == MONEY

    def to_json(self) -> str:
        """Return the stored form."""
        return self._stored_form

    @functools.cached_property
    def _stored_form(self) -> str:  # it is recorded, and sent to the client that sells
        return json.dumps(fields_of(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the receipt of a stored form. Raise `receipt_damaged` when it is none, or of a
        later version."""
        try:
            data = foreign_json.loads(text)
            version = data.pop("v")
            if version != VERSION:
                raise reason(
                    "receipt_damaged",
                    f"The receipt has the form {version}; this program reads up to {VERSION}. "
                    "Upgrade it.",
                )
            return cls(**{name: _READ.get(name, _same)(value) for name, value in data.items()})
        except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation) as error:
            raise reason(
                "receipt_damaged",
                "The record of the receipt is damaged; restore the database from a backup.",
            ) from error


_NAMES = tuple(field.name for field in fields(Receipt))


def fields_of(receipt: Receipt) -> dict[str, Any]:
    """Return the fields for JSON: rates as strings, the time as ISO 8601 in UTC. Fields without a
    value are left out."""
    found: dict[str, Any] = {"v": VERSION}
    for name in _NAMES:
        value = getattr(receipt, name)
        if value is not None:
            write = _WRITTEN.get(name)
            found[name] = value if write is None else write(value)
    return found


def _fields(part: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(part).items() if value is not None}


def _all_fields(parts: Sequence[Any]) -> list[dict[str, Any]]:
    return [_fields(part) for part in parts]


def _written_line(line: Line) -> dict[str, Any]:
    found = _fields(line)
    for name in _RATES:
        if name in found:
            found[name] = f"{found[name]:f}"
    return found


_RATES = ("rate", "tax_rate")
_WRITTEN: dict[str, Callable[[Any], Any]] = {
    "at": lambda at: at.astimezone(UTC).isoformat(),
    "utility": _fields,
    "customer": _fields,
    "meter": _fields,
    "lines": lambda lines: list(map(_written_line, lines)),
    "tokens": _all_fields,
    "tendered": _all_fields,
}


def _same(value: Any) -> Any:
    return value


def _line(fields: dict[str, Any]) -> Line:
    given = dict(fields)
    for name in _RATES:
        if name in given:
            given[name] = Decimal(given[name])
    return Line(**given)


_READ: dict[str, Callable[[Any], Any]] = {
    "at": datetime.fromisoformat,
    "utility": lambda fields: Utility(**fields),
    "customer": lambda fields: Customer(**fields),
    "meter": lambda fields: Meter(**fields),
    "lines": lambda items: tuple(map(_line, items)),
    "tokens": lambda items: tuple(Token(**item) for item in items),
    "tendered": lambda items: tuple(Tender(**item) for item in items),
}
