"""Shifts: a till with a float, opened by an operator and closed by the cash-up.

What a till holds is always the ledger's: the balances of the means of payment, whose party is the
shift's number.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tjugo.errors import reason
from tjugo.station import clock, counters
from tjugo.station.audit import chain
from tjugo.station.currency import plain
from tjugo.station.ledger import balances
from tjugo.station.ledger.accounts import MEANS, SHIFT_OPEN
from tjugo.station.ledger.post import MOST, Entry, PostingRow, post
from tjugo.station.storage.tables import Outlet, Shift
from tjugo.station.tills.vendors import MAIN, known_outlet, known_vendor
from tjugo.station.work import View, Work

SERIES = "shift"
OWN_ACTION = "shifts.own"


def open_shift(work: Work, operator: str, outlet: str, opening_float: int) -> int:
    """Open a shift of an operator at an outlet and return its number. opening_float: the cash in
    the till, minor units. Raise TjugoError when the operator has an open shift."""
    clock.require(work)
    row = known_outlet(work, outlet)
    if not (row.active and known_vendor(work, row.vendor).active):
        raise reason("outlet_closed", f"Outlet {outlet} is not active.")
    if not 0 <= opening_float <= MOST:
        raise reason("amount_invalid", "The float is 0 or more.")
    if (before := open_shift_of(work, operator)) is not None:
        raise _open_already(before.shift_no)
    number = counters.take(work, {SERIES: 1})[SERIES]
    new = Shift(
        tenant_id=work.tenant_id,
        shift_no=number,
        operator=operator,
        outlet=outlet,
        opened_at=work.now(),
        opening_float=opening_float,
    )
    try:
        with work.session.begin_nested():
            work.session.add(new)
    except IntegrityError as error:
        raise _open_already(None) from error
    if opening_float:
        source = office(row.vendor)
        postings = (("cash", str(number), opening_float), (*source, -opening_float))
        post(work, Entry(SHIFT_OPEN, str(number), postings, outlet, number))
    detail = f"opened: {operator} at {outlet}, {plain(work, opening_float)}"
    chain.record(work, OWN_ACTION, f"shift {number}", detail)
    return number


def _open_already(number: int | None) -> Exception:
    which = "a shift" if number is None else f"shift {number}"
    return reason("shift_open", f"You have {which} open already: cash up first.")


def office(vendor: str) -> tuple[str, str]:
    """Return the account and party that a float comes from and returns to: the utility's office,
    or the vendor, whose own money it is."""
    return ("cash", "") if vendor == MAIN else ("vendor", vendor)


def received(
    vendor: str, shift_no: int | None, tendered: Iterable[tuple[str, int]]
) -> list[PostingRow]:
    """Return the postings of money from a customer. tendered: (means, amount less change).

    In a shift the money is in its till. Without one, as when a program sells, it is the office's,
    or the vendor owes it.
    """
    if shift_no is None and vendor != MAIN:
        return [("vendor", vendor, amount) for _, amount in tendered]
    party = "" if shift_no is None else str(shift_no)
    return [(means, party, amount) for means, amount in tendered]


def require_open(work: Work, numbers: Iterable[int]) -> dict[int, Shift]:
    """Lock shifts until the transaction ends, so that none is closed meanwhile. Return those that
    are open, by number: the others may not be sold on.

    Call it at the end of a batch, before `ledger.credit.check_limits`.
    """
    wanted = sorted({number for number in numbers if 0 < number <= counters.MOST})
    query = (
        select(Shift)
        .where(Shift.tenant_id == work.tenant_id, Shift.shift_no.in_(wanted))
        .order_by(Shift.shift_no)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.shift_no: row for row in work.session.scalars(query) if row.closed_at is None}


def closed_sentence(number: int) -> str:
    """Return the sentence about a sale on a shift that is not open (code `shift_closed`)."""
    return f"Shift {number} is closed: open a new one to sell."


def open_shift_of(view: View, operator: str) -> Shift | None:
    """Return the operator's open shift, None when there is none."""
    query = select(Shift).where(
        Shift.tenant_id == view.tenant_id, Shift.operator == operator, Shift.closed_at.is_(None)
    )
    return view.session.scalars(query).first()


def known_shift(view: View, number: int) -> Shift:
    """Return a shift. Raise NotFound."""
    possible = 0 < number <= counters.MOST
    row = view.session.get(Shift, (view.tenant_id, number)) if possible else None
    if row is None:
        raise reason("shift_unknown", f"There is no shift {number}.")
    return row


def vendor_of(view: View, shift: Shift) -> str:
    """Return the vendor at whose outlet a shift is."""
    return view.session.get_one(Outlet, (view.tenant_id, shift.outlet)).vendor


def expected(view: View, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return what the tills hold by the ledger: by shift and means, minor units."""
    found = {number: dict.fromkeys(MEANS, 0) for number in numbers}
    for means in MEANS:
        for party, amount in balances.balances(view, [means], map(str, numbers)).items():
            found[int(party)][means] = amount
    return found
