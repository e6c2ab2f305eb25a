"""What is deducted from a tender before energy: the fee, monthly charges and debts."""

from dataclasses import dataclass

from tjugo.station.tariffs.model import (
    CHARGE,
    DEBT,
    FEE,
    WHOLE,
    DebtState,
    Situation,
    month_number,
)
from tjugo.station.tariffs.plan import FixedPart, Plan


@dataclass(slots=True)
class Deducted:
    """left: what remains for energy with its levies and taxes, in 1/scale of a minor unit; below 0
    when the tender does not cover what is owed. fixed: fee and charges with theirs. parts: the
    levies and taxes on those."""

    tender: int
    left: int
    fixed: int
    charges: list[tuple[FixedPart, int, int]]
    debts: list[tuple[DebtState, int]]
    parts: list[int] | None

    @property
    def taken(self) -> bool:
        """Whether a charge or a debt is paid."""
        return bool(self.charges or self.debts)


def deducted(plan: Plan, situation: Situation, tender: int) -> Deducted:
    """Deduct in the tariff's order."""
    scale = plan.scale
    found = Deducted(tender, tender * scale, 0, [], [], None)
    if plan.fee is None and not plan.charges and not situation.debts:
        return found
    found.parts = [0] * len(plan.parts)
    for section in plan.rules.order:
        if section == FEE:
            if plan.fee is not None:
                _take(found, plan.fee, 1)
        elif section == CHARGE:
            for charge in owed(plan, situation):
                _take(found, charge[0], charge[2])
                found.charges.append(charge)
        elif section == DEBT and situation.debts and found.left > 0:
            _take_debts(plan, situation, found)
    return found


def owed(plan: Plan, situation: Situation) -> list[tuple[FixedPart, int, int]]:
    """Return the charges that a sale collects, with the oldest month that is owed and the number
    of months."""
    now = situation.at.year * 12 + situation.at.month - 1
    first = month_number(situation.first_month) if situation.first_month else now
    found = []
    for part in plan.charges:
        assert part.charge is not None
        paid = situation.charges_paid.get(part.charge.code)
        begin = max(part.since, month_number(paid) + 1 if paid else first)
        months = now - begin + 1
        if part.charge.months_at_most is not None:
            months = min(months, part.charge.months_at_most)
        if months > 0:
            found.append((part, begin, months))
    return found


def _take(found: Deducted, part: FixedPart, times: int) -> None:
    assert found.parts is not None
    found.left -= part.total * times
    found.fixed += part.total * times
    for place, value in enumerate(part.parts):
        found.parts[place] += value * times


def _take_debts(plan: Plan, situation: Situation, found: Deducted) -> None:
    share = found.tender * plan.rules.debt_share_most // WHOLE
    room = min(found.left // plan.scale, share)
    for debt in situation.debts:
        amount = min(instalment(debt, found.tender), debt.balance, room)
        if amount > 0:
            found.debts.append((debt, amount))
            found.left -= amount * plan.scale
            room -= amount


def instalment(debt: DebtState, tender: int) -> int:
    """Return what a sale recovers of a debt, before its balance and the rest limit it."""
    if debt.rule == "percent":
        amount = tender * debt.rate // WHOLE
    elif debt.rule == "month":
        amount = max(0, debt.rate - debt.recovered)
        return amount if debt.most is None else min(amount, debt.most)
    else:
        amount = debt.rate
    amount = max(amount, debt.least)
    return amount if debt.most is None else min(amount, debt.most)
