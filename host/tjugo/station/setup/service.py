"""A new station that can sell: with a utility, an outlet and a tariff."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tjugo.station.setup import utility as utilities
from tjugo.station.setup.utility import Utility
from tjugo.station.station import Station, utc_now
from tjugo.station.storage.tables import Outlet
from tjugo.station.tariffs import versions
from tjugo.station.tills import vendors

TRIAL = Utility("Tjugo trial station")
"""What a station is called until its owner gives it a name."""


def set_up(
    state_dir: str | Path,
    utility: Utility = TRIAL,
    clock: Callable[[], Any] = utc_now,
    **given: Any,
) -> Station:
    """Create a station, with the outlet `main` and the trial tariff, or open the one that is
    there, which stays as it is. given: see Station.create. Raise TjugoError."""
    station = Station.create(state_dir, clock=clock, **given)
    try:
        with station.work("init") as work:
            if work.session.get(Outlet, (work.tenant_id, vendors.MAIN)) is None:
                utilities.change(work, utility)
                vendors.ensure_default(work)
                versions.ensure_default(work)
    except BaseException:
        station.close()
        raise
    return station
