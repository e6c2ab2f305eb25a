"""The utility's own money that came in without a shift, as when a program or the command line
sells at one of its outlets. It waits on the accounts of its means without a party, beside the
floats that are out, until a banking batch of its outlet takes it."""

from collections.abc import Mapping

from sqlalchemy import func, select

from tjugo.station.ledger.accounts import BANKING, MEANS, SOLD
from tjugo.station.storage.tables import DayTotal, LedgerEntry, Posting
from tjugo.station.work import View


def received(view: View) -> dict[str, dict[str, int]]:
    """Return what the outlets received without a shift and have not banked, minor units by outlet
    and means: what is sold for, less what is returned. Means without money are left out."""
    row = DayTotal
    query = (
        select(row.outlet, row.account, func.sum(row.amount))
        .where(row.tenant_id == view.tenant_id, row.party == "", row.outlet != "")
        .where(row.account.in_(MEANS), row.kind.in_((*SOLD, BANKING)))
        .group_by(row.outlet, row.account)
    )
    found: dict[str, dict[str, int]] = {}
    for outlet, means, amount in view.session.execute(query):
        if amount:
            found.setdefault(outlet, {})[means] = int(amount)
    return found


def to_bank(office: Mapping[str, int], tills: Mapping[str, int]) -> dict[str, int]:
    """Return what a batch takes of the money without a shift, by means. office: as of received();
    tills: what the batch takes of its shifts. What was returned without a shift lessens what the
    tills bring, to 0 at most: a batch never holds less than nothing."""
    found = {means: max(amount, -max(tills.get(means, 0), 0)) for means, amount in office.items()}
    return {means: amount for means, amount in found.items() if amount}


def banked(view: View, batch_no: int) -> dict[str, int]:
    """Return what a batch took of the money without a shift, by means."""
    query = (
        select(Posting.account, Posting.amount)
        .join(
            LedgerEntry,
            (LedgerEntry.tenant_id == Posting.tenant_id)
            & (LedgerEntry.entry_no == Posting.entry_no),
        )
        .where(Posting.tenant_id == view.tenant_id, Posting.party == "")
        .where(LedgerEntry.kind == BANKING, LedgerEntry.ref == str(batch_no))
        .order_by(Posting.line)
    )
    return {means: -amount for means, amount in view.session.execute(query)}
