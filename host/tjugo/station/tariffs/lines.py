"""The lines of a priced sale. Their amounts sum to what was tendered."""

from collections.abc import Callable

from tjugo.station.tariffs.deduct import Deducted
from tjugo.station.tariffs.model import (
    CHANGE,
    CHARGE,
    DEBT,
    ENERGY,
    FEE,
    Levy,
    Line,
    Situation,
    TariffRules,
    Tax,
    month_text,
)
from tjugo.station.tariffs.plan import Plan, UnitStep


def made(
    plan: Plan,
    situation: Situation,
    found: Deducted,
    units: int,
    tender: int,
    exact: int | None = None,
) -> tuple[list[Line], int]:
    """Return the lines, and the amount of the energy. units: what is sold, at most what
    `found.left` buys; tender: what is above `found.tender` is change; exact: the amount of the
    energy, None for all that is left."""
    lines: list[Line] = []
    for section in plan.rules.order:
        if section == FEE:
            _add_fee(plan, lines)
        elif section == CHARGE:
            _add_charges(plan, found, lines)
        elif section == DEBT:
            _add_debts(found, lines)
    rest = found.tender - sum(line.amount for line in lines)
    blocks, parts, rest = _amounts(plan, situation, found, units, rest)
    change = tender - found.tender
    if exact is not None:
        change += rest - exact
        rest = exact
    if units:
        _add_energy(plan, blocks, units, rest, lines)
    else:
        change += rest
        rest = 0
    _add_parts(plan, parts, lines)
    if change:
        lines.append(Line(CHANGE, CHANGE, "Change", change, False))
    return lines, sum(amount for _, amount, _ in blocks) + rest


_Block = tuple[UnitStep, int, int]  # the block, the energy's amount, the units at most


def _amounts(
    plan: Plan, situation: Situation, found: Deducted, units: int, rest: int
) -> tuple[list[_Block], list[int], int]:
    """Return the blocks, all but the last with their amounts; the amounts of taxes and levies; and
    what is left of `rest` for the last block, or as change."""
    full, last, left = _walked(plan, situation, found.left) if units else ([], None, 0)
    scale = plan.scale
    unit = last.unit if last else 1
    per = scale * unit
    parts = []
    for place in range(len(plan.parts)):
        exact = found.parts[place] if found.parts else 0
        for step, room in full:
            exact += room * step.parts[place]
        if last:
            exact = exact * unit + max(0, left) * last.parts[place]
        amount = min((2 * exact + per) // (2 * per), rest)
        rest -= amount
        parts.append(amount)
    blocks = []
    for step, room in full:
        amount = min((2 * room * step.energy + scale) // (2 * scale), rest)
        rest -= amount
        blocks.append((step, amount, room))
    if last:
        blocks.append((last, 0, units))
    return blocks, parts, rest


def _walked(
    plan: Plan, situation: Situation, left: int
) -> tuple[list[tuple[UnitStep, int]], UnitStep, int]:
    """Return the blocks that `left` fills, with their units, the block after them and the rest."""
    full, used = [], situation.month_tenths
    for step in plan.steps:
        if step.limit is None:
            break
        room = step.limit - used
        if room <= 0:
            continue
        if left < room * step.unit:
            break
        left -= room * step.unit
        used = step.limit
        full.append((step, room))
    return full, step, left


def _add_energy(
    plan: Plan, blocks: list[_Block], units: int, rest: int, lines: list[Line]
) -> None:
    tax = plan.rules.energy_tax
    tax_rate = plan.tax_rates.get(tax)
    rows: list[tuple[UnitStep, int, int]] = []
    for place, (step, amount, most) in enumerate(blocks):
        sold = min(units, most)
        units -= sold
        if place == len(blocks) - 1:
            amount = rest
        if sold == 0 and rows:  # money for less than a unit of the block
            rows[-1] = rows[-1][0], rows[-1][1] + amount, rows[-1][2]
        else:
            rows.append((step, amount, sold))
    for step, amount, sold in rows:
        lines.append(
            Line(
                ENERGY,
                step.code,
                step.name,
                amount,
                tax is not None,
                None if plan.currency_meter else sold,
                step.rate,
                tax,
                tax_rate,
            )
        )


def _add_fee(plan: Plan, lines: list[Line]) -> None:
    fee = plan.rules.service_fee
    if fee is not None:
        rate = plan.tax_rates.get(fee.tax)
        lines.append(
            Line(
                FEE,
                fee.code,
                fee.name,
                fee.amount,
                fee.tax is not None,
                tax_code=fee.tax,
                tax_rate=rate,
            )
        )


def _add_charges(plan: Plan, found: Deducted, lines: list[Line]) -> None:
    for part, _, months in found.charges:
        charge = part.charge
        assert charge is not None
        lines.append(
            Line(
                CHARGE,
                charge.code,
                charge.name if months == 1 else f"{charge.name}, {months} months",
                charge.amount * months,
                charge.tax is not None,
                tax_code=charge.tax,
                tax_rate=plan.tax_rates.get(charge.tax),
                months=months,
            )
        )


def _add_debts(found: Deducted, lines: list[Line]) -> None:
    for debt, amount in found.debts:
        lines.append(
            Line(
                DEBT,
                str(debt.debt_no),
                debt.name,
                amount,
                False,
                balance=debt.balance - amount,
            )
        )


def _add_parts(plan: Plan, amounts: list[int], lines: list[Line]) -> None:
    """Add the levies, then the taxes; the amounts are of taxes, then levies."""
    taxes = len(plan.rules.taxes)
    for place in (*range(taxes, len(amounts)), *range(taxes)):
        amount, part = amounts[place], plan.parts[place]
        if not amount:
            continue
        if isinstance(part, Tax):
            lines.append(
                Line(
                    "tax",
                    part.code,
                    part.name,
                    amount,
                    False,
                    None,
                    part.rate,
                    part.code,
                    part.rate,
                )
            )
        else:
            lines.append(_levy(plan, part, amount))


def _levy(plan: Plan, levy: Levy, amount: int) -> Line:
    return Line(
        "levy",
        levy.code,
        levy.name,
        amount,
        levy.tax is not None,
        None,
        levy.rate,
        levy.tax,
        plan.tax_rates.get(levy.tax),
    )


def free_tenths(rules: TariffRules, situation: Situation, encodable: Callable[[int], int]) -> int:
    """Return the free units that are due and that a token can carry."""
    due = min(situation.free_tenths_left, rules.free_tenths_per_month)
    return encodable(due) if due > 0 else 0


def free(tenths: int) -> Line:
    """Return the line of free units."""
    return Line("free", "free", "Free units", 0, False, tenths)


def paid_until(found: Deducted) -> dict[str, str]:
    """Return the last month paid by charge."""
    return {
        part.charge.code: month_text(begin + months - 1)
        for part, begin, months in found.charges
        if part.charge is not None
    }
