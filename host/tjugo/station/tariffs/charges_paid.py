"""Until when monthly charges are paid, made again from the sales.

`charge_paid` follows from how many months each sale collected, less those of voids and credit
notes, and from the month since which its tariff's version asks for the charge.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from tjugo.station.storage import bulk
from tjugo.station.storage.tables import ChargePaid, Sale, TariffVersion
from tjugo.station.tariffs import stored
from tjugo.station.tariffs.model import month_number, month_text
from tjugo.station.work import View, Work

_SHOWN = 20

Paid = dict[tuple[str, str], str]
"""The last month paid, YYYY-MM, by DRN and charge."""


@dataclass(frozen=True)
class _Event:
    """What changed until when charges are paid: a sale that collected months, or a void or a
    credit note that returned them (returned)."""

    drn: str
    at: datetime
    returned: bool
    months: dict[str, int]
    version: tuple[str, int]


def expected(view: View) -> Paid:
    """Return what the sales give."""
    first = _first_months(view)
    since = _Since(view)
    paid: dict[tuple[str, str], int] = {}
    for event in _events(view):
        for charge, months in event.months.items():
            key = (event.drn, charge)
            before = paid.get(key, first[event.drn] - 1)
            if event.returned:
                paid[key] = before - months
            else:
                paid[key] = max(before + 1, since.month(event.version, charge)) + months - 1
    return {key: month_text(month) for key, month in paid.items()}


def verify(view: View) -> list[str]:
    """Return what is wrong with `charge_paid`, one sentence each."""
    should, is_ = expected(view), _present(view)
    wrong = [
        f"Charge {key[1]} of meter {key[0]} is paid until {is_.get(key, 'never')}, but it should "
        f"be {should.get(key, 'never')}."
        for key in sorted({*should, *is_})
        if should.get(key) != is_.get(key)
    ]
    if len(wrong) > _SHOWN:
        wrong[_SHOWN:] = [f"Charges: {len(wrong) - _SHOWN} more rows are wrong."]
    return wrong


def rebuild(work: Work) -> None:
    """Make `charge_paid` again, in this moment; sales are kept out meanwhile
    (`tjugo.station.ledger.verify.hold`)."""
    work.session.execute(delete(ChargePaid).where(ChargePaid.tenant_id == work.tenant_id))
    rows = [
        {"tenant_id": work.tenant_id, "drn": drn, "charge": charge, "month": month}
        for (drn, charge), month in sorted(expected(work).items())
    ]
    bulk.insert(work.session, ChargePaid, rows)


class _Since:
    """The month since which a version of a tariff asks for a charge, read once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._known: dict[tuple[str, int], dict[str, int]] = {}

    def month(self, version: tuple[str, int], charge: str) -> int:
        if version not in self._known:
            row = self._view.session.get_one(TariffVersion, (self._view.tenant_id, *version))
            rules = stored.from_json(row.content)
            self._known[version] = {one.code: month_number(one.since) for one in rules.charges}
        return self._known[version][charge]


def _events(view: View) -> list[_Event]:
    """Return the events by meter in the order of time; of one moment, what was returned last."""
    found = []
    columns = (Sale.drn, Sale.sold_at, Sale.voided_at, Sale.kind, Sale.charges)
    query = select(*columns, Sale.tariff, Sale.tariff_version).where(
        Sale.tenant_id == view.tenant_id, Sale.charges.is_not(None)
    )
    rows: list[Any] = list(view.session.execute(query))  # none has a NULL besides voided_at
    for drn, sold_at, voided_at, kind, charges, tariff, version in rows:
        months = {charge: abs(count) for charge, count in json.loads(charges).items()}
        made_by = (tariff, version)
        found.append(_Event(drn, sold_at, kind == "credit_note", months, made_by))
        if voided_at is not None:
            found.append(_Event(drn, voided_at, True, months, made_by))
    return sorted(found, key=lambda event: (event.drn, event.at, event.returned))


def _first_months(view: View) -> dict[str, int]:
    """Return the month of the first sale by meter."""
    query = (
        select(Sale.drn, func.min(Sale.day))
        .where(Sale.tenant_id == view.tenant_id, Sale.tariff.is_not(None))
        .where(Sale.drn.is_not(None))
        .group_by(Sale.drn)
    )
    rows: list[Any] = list(view.session.execute(query))
    return {drn: day.year * 12 + day.month - 1 for drn, day in rows}


def _present(view: View) -> Paid:
    query = select(ChargePaid.drn, ChargePaid.charge, ChargePaid.month).where(
        ChargePaid.tenant_id == view.tenant_id
    )
    return {(row.drn, row.charge): row.month for row in view.session.execute(query)}
