"""A new station that can sell: with a utility, an outlet, a tariff and an administrator."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tjugo.errors import reason
from tjugo.station.operators import passwords, people
from tjugo.station.operators.permissions import ADMINISTRATOR
from tjugo.station.setup import sandbox as sandboxes
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.utility import Utility
from tjugo.station.station import Station, utc_now
from tjugo.station.storage.tables import LedgerEntry, Outlet, Sale, Vendor
from tjugo.station.tariffs import assignment
from tjugo.station.tills import vendors
from tjugo.station.work import View, Work

TRIAL = Utility("Tjugo trial station")
"""What a station is called until its owner gives it a name."""


@dataclass(frozen=True)
class Administrator:
    """The first operator: log-in name, the person's name, and the password."""

    operator: str
    name: str
    password: str

    def __repr__(self) -> str:
        return f"Administrator({self.operator!r}, {self.name!r})"


def set_up(
    state_dir: str | Path,
    utility: Utility = TRIAL,
    clock: Callable[[], Any] = utc_now,
    administrator: Administrator | None = None,
    rate: Decimal = assignment.DEFAULT_RATE,
    **given: Any,
) -> Station:
    """Create a station with the outlet `main`, a flat tariff and, where one is given, an
    administrator, or open the one that is there, which stays as it is. rate: major units per kWh;
    given: see Station.create. Raise TjugoError."""
    utilities.checked(utility)  # before anything is made
    hashed = "" if administrator is None else _hashed(administrator)
    assignment.checked_default(utility.currency, rate)
    station = Station.create(state_dir, clock=clock, **given)
    try:
        with station.work("init") as work:
            if not is_complete(work):
                utilities.change(work, utility)
                vendors.ensure_default(work)
                assignment.ensure_default(work, rate)
                if work.tenant.sandbox:
                    sandboxes.fill(work)
                if administrator is not None:
                    _add(work, administrator, hashed)
    except BaseException:
        station.close()
        raise
    return station


def begin(
    station: Station,
    actor: str,
    utility: Utility,
    administrator: Administrator,
    rate: Decimal | None = None,
) -> None:
    """Give a station to try its utility and the first administrator, with whom log-in is on. rate:
    of the first tariff, major units per kWh; None: as it is. Raise TjugoError; Conflict for a
    station that has operators, and for another currency or price unless has_first_price()."""
    hashed = _hashed(administrator)
    with station.work(actor) as work:
        if people.exist(work):
            raise reason("operator_exists", "This station is set up: it has operators already.")
        repriced = _repriced(work, utility, rate)
        utilities.change(work, utility, repriced)
        if repriced:
            assignment.reprice_first(work, rate)
        _add(work, administrator, hashed)


def has_first_price(view: View) -> bool:
    """Return whether currency and price are those that the set-up gave, and no amount was recorded
    yet: nothing was sold or posted, no tariff was proposed, no vendor has a limit."""
    if view.tenant.sandbox or assignment.first_rate(view) is None:
        return False
    recorded = (
        select(Sale.client).where(Sale.tenant_id == view.tenant_id),
        select(LedgerEntry.entry_no).where(LedgerEntry.tenant_id == view.tenant_id),
        select(Vendor.vendor).where(
            Vendor.tenant_id == view.tenant_id, Vendor.credit_limit.is_not(None)
        ),
    )
    return all(view.session.scalars(query.limit(1)).first() is None for query in recorded)


def _repriced(work: Work, utility: Utility, rate: Decimal | None) -> bool:
    """Return whether currency or price become others. Raise Conflict where they stay."""
    same = rate is None or rate == assignment.first_rate(work)
    if same and utility.currency == work.tenant.currency:
        return False
    if not has_first_price(work):
        raise reason(
            "currency_in_use",
            "The currency and the first price stay: tariffs, sales or other amounts are in "
            f"{work.tenant.currency}. Prices are changed on the page /tariffs.",
        )
    return True


def _hashed(administrator: Administrator) -> str:
    people.checked_login(administrator.operator)
    people.checked_name(administrator.name)
    passwords.check(administrator.password, administrator.operator)
    return passwords.hashed(administrator.password)


def _add(work: Work, administrator: Administrator, hashed: str) -> None:
    named = (administrator.name, ADMINISTRATOR)
    people.add(work, administrator.operator, hashed, *named, must_change=False)


def is_complete(view: View) -> bool:
    """Return whether a station was set up; False when that was interrupted."""
    return view.session.get(Outlet, (view.tenant_id, vendors.MAIN)) is not None
