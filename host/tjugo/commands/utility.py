"""`tjugo utility`: the utility's particulars, as receipts have them."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import NONE, actor, print_json
from tjugo.commands.setup_options import setup_options
from tjugo.station.setup import plan
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.utility import Utility
from tjugo.station.station import Station


@click.group()
def utility() -> None:
    """Show and change the utility's particulars."""


@utility.command("show")
@json_option
@state_option
def utility_show(as_json: bool, state: Path) -> None:
    """Show the utility's particulars."""
    with Station.open(state) as station, station.view() as view:
        found = utilities.of(view)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found)


@utility.command("set")
@setup_options(plan.UTILITY)
@json_option
@state_option
def utility_set(as_json: bool, state: Path, **options: str | None) -> None:
    """Change the particulars that are given; `none` removes one. The currency stays as it
    is: tariffs and sales are in it."""
    given = {
        name: "" if value == NONE else value
        for name, value in options.items()
        if value is not None
    }
    if not given:
        raise click.UsageError("Give what is to be changed, such as --address.")
    with Station.open(state) as station, station.work(actor()) as work:
        utilities.change(work, plan.utility(given, utilities.of(work)))
        found = utilities.of(work)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found)


def _show(found: Utility) -> None:
    for name, value in asdict(found).items():
        shown = "none" if value is None else value.replace("\n", "\n" + " " * 14)
        click.echo(f"{name.replace('_', ' '):13} {shown}")
