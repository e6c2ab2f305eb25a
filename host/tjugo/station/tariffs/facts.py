"""The rules of a tariff in words, for pages."""

from decimal import Decimal

from tjugo import money
from tjugo.station.tariffs.model import (
    ENERGY,
    PER_KWH,
    WHOLE,
    Blocks,
    Flat,
    Levy,
    TariffRules,
)


def facts(rules: TariffRules) -> list[tuple[str, str]]:
    """Return names and texts: energy, charges, levies, taxes, and what differs from the
    defaults."""
    currency = rules.currency
    found = _energy(rules)
    if rules.service_fee is not None:
        fee = rules.service_fee
        amount = money.plain(fee.amount, currency)
        found.append((fee.name, f"{amount} each sale{_taxed(fee.tax)}"))
    for charge in rules.charges:
        amount = money.plain(charge.amount, currency)
        most = f", at most {charge.months_at_most} a sale" if charge.months_at_most else ""
        text = f"{amount} a month from {charge.since}{most}{_taxed(charge.tax)}"
        found.append((charge.name, text))
    found += [(levy.name, _levy(levy, currency)) for levy in rules.levies]
    found += [(tax.name, f"{tax.rate:f} %") for tax in rules.taxes]
    return found + _limits(rules)


def _taxed(code: str | None) -> str:
    return "" if code is None else f" + {code}"


def _energy(rules: TariffRules) -> list[tuple[str, str]]:
    energy, unit, tax = rules.energy, f"{rules.currency} per kWh", _taxed(rules.energy_tax)
    if isinstance(energy, Flat):
        return [("Energy", f"{energy.rate:f} {unit}{tax}")]
    if isinstance(energy, Blocks):
        names = [
            "Above"
            if step.up_to_tenths is None
            else f"Up to {_kwh(step.up_to_tenths)} kWh a month"
            for step in energy.steps
        ]
        rates = [f"{step.rate:f} {unit}{tax}" for step in energy.steps]
        return list(zip(names, rates, strict=True))
    return [
        (f"{period.name}, {period.start} to {period.end}", f"{period.rate:f} {unit}{tax}")
        for period in energy.periods
    ]


def _levy(levy: Levy, currency: str) -> str:
    if levy.kind == PER_KWH:
        return f"{levy.rate:f} {currency} per kWh{_taxed(levy.tax)}"
    return f"{levy.rate:f} % of {', '.join(levy.on)}{_taxed(levy.tax)}"


def _limits(rules: TariffRules) -> list[tuple[str, str]]:
    found = [("Order", ", ".join(rules.order)), ("Units are rounded", rules.units_rounding)]
    if rules.least is not None:
        found.append(("Least purchase", money.plain(rules.least, rules.currency)))
    if rules.most is not None:
        found.append(("Most purchase", money.plain(rules.most, rules.currency)))
    if rules.most_tenths is not None:
        found.append(("Most energy", f"{_kwh(rules.most_tenths)} kWh"))
    if rules.free_tenths_per_month:
        how = "with a sale or alone" if rules.free_with_sale else "alone"
        found.append(("Free each month", f"{_kwh(rules.free_tenths_per_month)} kWh, {how}"))
    if rules.debt_share_most != WHOLE:
        share = Decimal(rules.debt_share_most) / 100
        found.append(("Debts take at most", f"{share:f} %"))
    if not rules.energy_may_be_nothing:
        found.append((ENERGY.title(), "is part of every sale"))
    return found


def _kwh(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"
