"""A tariff's rules as integers, computed once and used by every price.

With rates fixed, every line of a sale is a sum of what charges add and what each unit of energy
adds. All these are fractions of a minor unit; they are multiplied by one common denominator,
`scale`, so that a price is computed exactly, in integers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm

from tjugo import money
from tjugo.station.tariffs.model import (
    ENERGY,
    NEAREST,
    PER_KWH,
    Blocks,
    Flat,
    Levy,
    MonthlyCharge,
    TariffRules,
    Tax,
    TimeOfUse,
    month_number,
)


@dataclass(frozen=True, slots=True)
class UnitStep:
    """A block. limit: where it ends, in units of the month, None without end; unit: what one unit
    costs with all levies and taxes; energy, parts: the shares of that, all in 1/scale."""

    code: str
    name: str
    rate: Decimal | None
    limit: int | None
    unit: int
    energy: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FixedPart:
    """What a charge's month, or the fee, adds: its amount in minor units, its levies and taxes in
    1/scale, and the sum of all in 1/scale."""

    charge: MonthlyCharge | None
    since: int
    amount: int
    parts: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Plan:
    """levies and taxes are the parts, in the order of `parts`: taxes, then levies. A unit is 0.1
    kWh, or with `currency_meter` one minor unit of credit."""

    rules: TariffRules
    scale: int
    steps: tuple[UnitStep, ...]
    charges: tuple[FixedPart, ...]
    fee: FixedPart | None
    parts: tuple[Tax | Levy, ...]
    tax_rates: dict[str | None, Decimal]
    nearest: bool
    currency_meter: bool


@lru_cache(maxsize=256)
def plan_of(rules: TariffRules) -> Plan:
    """Return the plan of rules that passed `checks.check`."""
    tou = isinstance(rules.energy, TimeOfUse)
    steps = [_unit_values(rules, rate) for _, _, rate, _ in _steps(rules)]
    charges = [_fixed_values(rules, one.code, one.amount, one.tax) for one in rules.charges]
    fee = rules.service_fee
    fees = [_fixed_values(rules, "", fee.amount, fee.tax)] if fee else []
    scale = lcm(*(value.denominator for row in (*steps, *charges, *fees) for value in row))

    def whole(values: Iterable[Fraction]) -> tuple[int, ...]:
        return tuple(int(value * scale) for value in values)

    return Plan(
        rules=rules,
        scale=scale,
        steps=tuple(
            UnitStep(code, name, rate, limit, sum(row), row[0], row[1:])
            for (code, name, rate, limit), row in zip(
                _steps(rules), map(whole, steps), strict=True
            )
        ),
        charges=tuple(
            _fixed(charge, charge.amount, row, whole)
            for charge, row in zip(rules.charges, charges, strict=True)
        ),
        fee=_fixed(None, fee.amount, fees[0], whole) if fee else None,
        parts=(*rules.taxes, *rules.levies),
        tax_rates={tax.code: tax.rate for tax in rules.taxes},
        nearest=rules.units_rounding == NEAREST and not tou,
        currency_meter=tou,
    )


def _steps(rules: TariffRules) -> list[tuple[str, str, Decimal | None, int | None]]:
    """Return code, name, rate and limit of each block."""
    energy = rules.energy
    if isinstance(energy, Flat):
        return [(ENERGY, "Energy", energy.rate, None)]
    if isinstance(energy, Blocks):
        return [
            (f"block_{number}", f"Energy, block {number}", step.rate, step.up_to_tenths)
            for number, step in enumerate(energy.steps, 1)
        ]
    return [(ENERGY, "Credit", None, None)]


def _unit_values(rules: TariffRules, rate: Decimal | None) -> list[Fraction]:
    """Return what one unit adds in minor units: energy, then each tax, then each levy."""
    per_kwh = Fraction(10 ** money.exponent(rules.currency), 10)
    energy = Fraction(1) if rate is None else Fraction(rate) * per_kwh
    levies = _levies(rules, {ENERGY: energy}, per_kwh)
    return [energy, *_taxes(rules, [(rules.energy_tax, energy)], levies), *levies]


def _fixed_values(rules: TariffRules, code: str, amount: int, tax: str | None) -> list[Fraction]:
    """Return what an amount adds in minor units: itself, then each tax, then each levy."""
    levies = _levies(rules, {code: Fraction(amount)}, Fraction(0))
    return [Fraction(amount), *_taxes(rules, [(tax, Fraction(amount))], levies), *levies]


def _levies(rules: TariffRules, on: dict[str, Fraction], per_kwh: Fraction) -> list[Fraction]:
    values = dict(on)
    for levy in rules.levies:
        if levy.kind == PER_KWH:
            values[levy.code] = Fraction(levy.rate) * per_kwh
        else:
            base = sum((values.get(code, Fraction(0)) for code in levy.on), Fraction(0))
            values[levy.code] = Fraction(levy.rate) * base / 100
    return [values[levy.code] for levy in rules.levies]


def _taxes(
    rules: TariffRules, taxed: list[tuple[str | None, Fraction]], levies: list[Fraction]
) -> list[Fraction]:
    bases = [*taxed, *((one.tax, value) for one, value in zip(rules.levies, levies, strict=True))]
    return [
        Fraction(tax.rate) / 100 * sum((value for code, value in bases if code == tax.code), 0)
        for tax in rules.taxes
    ]


def _fixed(
    charge: MonthlyCharge | None,
    amount: int,
    values: list[Fraction],
    whole: Callable[[Iterable[Fraction]], tuple[int, ...]],
) -> FixedPart:
    row = whole(values)
    since = month_number(charge.since) if charge else 0
    return FixedPart(charge, since, amount, row[1:], sum(row))
