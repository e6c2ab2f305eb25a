"""A new station that can sell: with a utility, an outlet, a tariff and an administrator."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tjugo.errors import reason
from tjugo.station.operators import passwords, people
from tjugo.station.operators.permissions import ADMINISTRATOR
from tjugo.station.setup import sandbox as sandboxes
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.utility import Utility
from tjugo.station.station import Station, utc_now
from tjugo.station.storage.tables import Outlet
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


def begin(station: Station, actor: str, utility: Utility, administrator: Administrator) -> None:
    """Give a station to try its utility and the first administrator, with whom log-in is on. Raise
    TjugoError; Conflict for a station that has operators."""
    hashed = _hashed(administrator)
    with station.work(actor) as work:
        if people.exist(work):
            raise reason("operator_exists", "This station is set up: it has operators already.")
        utilities.change(work, utility)
        _add(work, administrator, hashed)


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
