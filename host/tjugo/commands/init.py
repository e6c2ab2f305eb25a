"""`tjugo init`: a new station."""

from pathlib import Path

import click

from tjugo.commands.options import state_option
from tjugo.station.station import Station
from tjugo.station.storage import databases


@click.command()
@click.option(
    "--new-database",
    is_flag=True,
    help="Make an empty database beside vending keys; its TIDs begin a day from now.",
)
@click.option(
    "--database",
    envvar="TJUGO_DATABASE",
    metavar="ADDRESS",
    help="An empty PostgreSQL database, postgresql://[USER[:PASSWORD]@]HOST[:PORT]/NAME; a file "
    "in the folder without it.",
)
@state_option
def init(new_database: bool, database: str | None, state: Path) -> None:
    """Make a new station: folder, database, sample vending keys.

    A station that is there already is left as it is. Where its vending keys or its database are
    missing the command refuses: they have to be restored, because meters refuse tokens of new
    keys, and a new database would issue the same tokens again.
    """
    found = databases.of(state) is not None
    with Station.create(state, new_database=new_database, database_url=database):
        click.echo(f"There is a station in {state} already." if found else f"Station in {state}")
