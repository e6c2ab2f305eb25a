"""`tjugo collector`: the data collectors."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import print_json
from tjugo.station.readings import views
from tjugo.station.station import Station

_ONLINE = {None: "unknown", True: "online", False: "offline"}


@click.group()
def collector() -> None:
    """List data collectors."""


@collector.command("list")
@json_option
@state_option
def collector_list(as_json: bool, state: Path) -> None:
    """List the collectors. A collector is registered with the first meter that it serves."""
    with Station.open(state) as station, station.view() as view:
        rows = views.collectors(view)
    if as_json:
        print_json({"items": [asdict(row) for row in rows], "next": None})
        return
    for row in rows:
        parts = (
            f"{row.collector:12}",
            f"{_ONLINE[row.online]:7}",
            row.at or "-",
            row.version or "-",
        )
        click.echo("  ".join(parts))
    if not rows:
        click.echo("No collectors yet. `tjugo meter edit DRN --collector NAME` names one.")
