"""Tariffs and debts as people type them: on a page, or in options of a command."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from tjugo import money, numbers
from tjugo.errors import reason
from tjugo.station import days
from tjugo.station.tariffs.checks import check, invalid
from tjugo.station.tariffs.model import Flat, MonthlyCharge, TariffRules, Tax, month_of
from tjugo.station.work import View

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.A)


def flat_rules(
    view: View, at: datetime, rate: str, vat: str | None = None, charge: str | None = None
) -> TariffRules:
    """Return a flat tariff. rate: per kWh before VAT; vat: percent; charge: a month, before VAT,
    from this month on. Raise TjugoError."""
    currency = view.tenant.currency
    code = "vat" if vat else None
    month = month_of(days.local(view, at))
    amount = money.parse(charge, currency, "The charge") if charge else 0
    rules = TariffRules(
        currency,
        Flat(_decimal(rate, "The rate")),
        energy_tax=code,
        charges=(MonthlyCharge("fixed", "Fixed charge", amount, month, code),) if charge else (),
        taxes=(Tax("vat", "VAT", _decimal(vat, "VAT")),) if vat else (),
    )
    check(rules)
    return rules


def _decimal(text: str, name: str) -> Decimal:
    try:
        return numbers.decimal(text)
    except numbers.NotANumber as error:
        raise invalid(error.sentence(name)) from error


def begin_of(view: View, date: str | None) -> datetime | None:
    """Return the beginning of a day of the utility, YYYY-MM-DD; None for none. Raise
    TjugoError."""
    if not date:
        return None
    try:
        if not _DATE.fullmatch(date):
            raise ValueError(date)
        found = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=days.zone(view))
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(f"A day is written as 2026-12-01, not {date[:20]!r}.") from error


def units(text: str) -> int:
    """Return the tenths of a text of kWh in steps of 0.1. Raise TjugoError."""
    try:
        return tenths(numbers.decimal(text, numbers.TENTHS))
    except numbers.NotANumber as error:
        raise reason("amount_invalid", error.sentence("The amount")) from error


def tenths(kwh: Decimal) -> int:
    """Return kWh in steps of 0.1 as tenths. Raise TjugoError."""
    scaled = kwh * 10
    if scaled != int(scaled):
        raise reason("amount_invalid", "The amount must be a multiple of 0.1 kWh.")
    return int(scaled)


def rate_text(rule: str, rate: int, currency: str) -> str:
    """Return the rate of a debt's rule as `debt_rate` reads it: percent as 12.5, or an amount."""
    return f"{Decimal(rate) / 100:f}" if rule == "percent" else money.digits(rate, currency)


def debt_rate(rule: str, text: str, currency: str) -> int:
    """Return the rate of a debt's rule: percent as 25 or 12.5, or an amount of money. Raise
    TjugoError."""
    if rule != "percent":
        return money.parse(text, currency, "The rate")
    try:
        return debt_rate_of(rule, numbers.decimal(text, numbers.PERCENT), currency)
    except numbers.NotANumber as error:
        raise reason("debt_invalid", error.sentence("The rate")) from error


def debt_rate_of(rule: str, rate: Decimal, currency: str) -> int:
    """Return the rate of a debt's rule of a number: percent, or major units. Raise TjugoError."""
    if rule != "percent":
        return money.given(rate, currency, "The rate")
    scaled = rate * 100
    if scaled != int(scaled):
        raise reason("debt_invalid", "The rate has at most 2 decimals of a percent.")
    return int(scaled)


def debt_rate_text(rule: str, rate: int, currency: str) -> str:
    """Return the rate as people read it: 25 % or 4.00 EUR a month."""
    if rule == "percent":
        return f"{Decimal(rate) / 100:f} %"
    return money.plain(rate, currency) + (" a month" if rule == "month" else " a sale")
