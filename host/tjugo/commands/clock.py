"""`tjugo clock`, `tjugo setting`: the clock and the settings of the station."""

from pathlib import Path

import click

from tjugo.commands.options import state_option
from tjugo.commands.output import actor, name_drn
from tjugo.errors import TjugoError
from tjugo.station import clock as guard
from tjugo.station import settings
from tjugo.station.station import Station
from tjugo.station.storage.moments import iso
from tjugo.station.vending import tids


@click.group()
def clock() -> None:
    """Check and confirm the station's clock."""


@clock.command("check")
@state_option
def clock_check(state: Path) -> None:
    """Show the clock; the status is 1 when it is not plausible."""
    with Station.open(state) as station, station.view() as view:
        now = station.clock()
        problem = guard.state(view, now)
    if problem is not None:
        raise TjugoError(problem)
    click.echo(f"The clock reads {iso(now)} and is plausible.")


@clock.command("confirm")
@state_option
def clock_confirm(state: Path) -> None:
    """Accept the clock as it is now, after you have checked it. The action is recorded with your
    name."""
    with Station.open(state) as station, station.work(actor()) as work:
        guard.confirm(work)
        now = work.now()
    click.echo(f"The clock is accepted: {iso(now)}.")


@clock.command("repair-tids")
@click.argument("drn", required=False)
@click.option("--all", "all_meters", is_flag=True, help="All meters.")
@state_option
def clock_repair_tids(drn: str | None, all_meters: bool, state: Path) -> None:
    """Let the TIDs of the meter DRN follow the right time again after sales with a wrong clock.

    No TID is issued twice. Is recorded with your name.
    """
    if (drn is None) == (not all_meters):
        raise TjugoError("Give the meter, or --all.", 2)
    with Station.open(state) as station, station.work(actor()) as work:
        if drn is not None:
            drn = name_drn(work, drn)
        repaired = tids.repair(work, drn)
    for number, count in repaired.items():
        click.echo(f"Meter {number}: {count} tokens with a TID in the future are skipped.")
    if not repaired:
        who = "No meter has a" if drn is None else f"Meter {drn} has no"
        click.echo(f"{who} token with a TID in the future that can be skipped.")


@click.command()
@click.argument("name", required=False)
@click.argument("value", required=False)
@state_option
def setting(name: str | None, value: str | None, state: Path) -> None:
    """Show the station's settings, or set NAME to VALUE."""
    with Station.open(state) as station:
        if name is not None and value is not None:
            with station.work(actor()) as work:
                settings.put(work, name, value)
        with station.view() as view:
            for one in settings.SETTINGS if name is None else [name]:
                found = settings.text(view, one)
                click.echo(f"{one} = {found}    {settings.SETTINGS[one].title}")
