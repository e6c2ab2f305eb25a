"""Credit limits, checked at the end of a batch of sales: a vendor's row is locked only from then
until the commit, and a refusal concerns one sale only."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select

from tjugo.station.ledger import balances
from tjugo.station.ledger.accounts import MEANS
from tjugo.station.storage.statement import Statement, any_of
from tjugo.station.storage.tables import Outlet, Shift, Vendor
from tjugo.station.work import View, Work

_QUERY = select(Vendor.vendor, Vendor.credit_limit).where(
    Vendor.tenant_id == bindparam("tenant"), any_of(Vendor.vendor, "vendors")
)
_LIMITS = Statement(_QUERY)
# A weaker lock than for a deletion: rows that refer to a vendor can be inserted.
_LOCK = Statement(
    _QUERY.where(Vendor.credit_limit.is_not(None))
    .order_by(Vendor.vendor)
    .with_for_update(key_share=True)
)


def check_limits(
    work: Work,
    wanted: Sequence[tuple[str, int]],
    known: Mapping[str, int | None] | None = None,
) -> list[bool]:
    """Return, for each (vendor, amount), whether the vendor may sell for that much more.

    amount: what the vendor would owe more, minor units; what is permitted counts for those after
    it. A vendor who has no limit may sell any amount; an unknown one may not sell. The vendors'
    rows are locked until the transaction ends, so call this after pricing, once in a unit of work,
    before anything is recorded in the audit chain or the ledger; entries that the unit of work has
    posted but not written are not counted. known: the limits of these vendors, where the unit of
    work has read them; those that are not None are read again when they are locked.
    """
    limits = _locked(work, sorted({vendor for vendor, _ in wanted}), known)
    limited = [vendor for vendor, limit in limits.items() if limit is not None]
    owed = owed_by(work, limited)
    answers = []
    for vendor, amount in wanted:
        limit = limits.get(vendor, 0)
        permitted = vendor in limits and (limit is None or owed[vendor] + amount <= limit)
        if permitted and limit is not None:
            owed[vendor] += amount
        answers.append(permitted)
    return answers


def _locked(
    work: Work, vendors: list[str], known: Mapping[str, int | None] | None
) -> dict[str, int | None]:
    """Return the limits by vendor; the rows of those that have one are locked."""
    given = {"tenant": work.tenant_id, "vendors": vendors}
    if known is None:
        known = dict(map(tuple, _LIMITS.all(work.session, **given)))
    limits = {vendor: known[vendor] for vendor in vendors if vendor in known}
    if any(limit is not None for limit in limits.values()):
        limits |= dict(map(tuple, _LOCK.all(work.session, **given)))
    return limits


def owed_by(view: View, vendors: Sequence[str]) -> dict[str, int]:
    """Return what vendors owe: their account, and the money in the tills of their open shifts,
    which the cash-up moves to it."""
    owed = balances.balances(view, ["vendor"], vendors)
    if not owed:
        return owed
    shift, outlet = Shift, Outlet
    query = (
        select(shift.shift_no, outlet.vendor)
        .join(
            outlet,
            (outlet.tenant_id == shift.tenant_id) & (outlet.outlet == shift.outlet),
        )
        .where(
            shift.tenant_id == view.tenant_id,
            shift.closed_at.is_(None),
            outlet.vendor.in_(list(owed)),
        )
    )
    by_shift = {str(number): vendor for number, vendor in view.session.execute(query)}
    for party, amount in balances.balances(view, MEANS, by_shift).items():
        owed[by_shift[party]] += amount
    return owed


def check_tills(work: Work, wanted: Sequence[tuple[int, int, int | None]]) -> list[bool]:
    """Return, for each (shift_no, amount, limit), whether the till may take the amount: an
    operator's limit on the money in hand, minor units, None for no limit.

    The shifts are locked by `tills.shifts.require_open`, which is called before.
    """
    held = balances.balances(work, MEANS, {str(shift_no) for shift_no, _, _ in wanted})
    answers = []
    for shift_no, amount, limit in wanted:
        party = str(shift_no)
        permitted = limit is None or held[party] + amount <= limit
        if permitted:
            held[party] += amount
        answers.append(permitted)
    return answers
