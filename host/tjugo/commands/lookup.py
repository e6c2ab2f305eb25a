"""`tjugo lookup`: find a meter or a customer before a sale."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import print_json
from tjugo.errors import TjugoError
from tjugo.station.registry import find
from tjugo.station.station import Station


@click.command()
@click.argument("text")
@click.option(
    "--limit",
    default=find.LIMIT,
    show_default=True,
    type=click.IntRange(1, find.MOST),
    help="How many to show.",
)
@json_option
@state_option
def lookup(text: str, limit: int, as_json: bool, state: Path) -> None:
    """Find meters and customers by TEXT: a meter, account, phone or id number, or beginnings of
    words of the name and the address in any order."""
    with Station.open(state) as station, station.view() as view:
        rows = find.find(view, text, limit)
    if as_json:
        print_json({"items": [asdict(row) for row in rows]})
        return
    if not rows:
        raise TjugoError("Nothing was found.")
    for row in rows:
        where = row.service_point or row.address or ""
        columns = (f"{row.drn or '-':13}", f"{row.account_no or '-':8}", row.name or "-", where)
        click.echo("  ".join(columns).rstrip())
