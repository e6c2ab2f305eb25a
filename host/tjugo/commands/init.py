"""`tjugo init`: a new station."""

from pathlib import Path

import click

from tjugo.commands.options import state_option
from tjugo.paths import DATABASE
from tjugo.station.station import Station


@click.command()
@state_option
def init(state: Path) -> None:
    """Make a new station: folder, database, sample vending keys.

    A station that is there already is left as it is. Where its vending keys are missing the
    command refuses: they have to be restored, because meters refuse tokens of new keys.
    """
    found = (state / DATABASE).exists()
    with Station.create(state):
        click.echo(f"There is a station in {state} already." if found else f"Station in {state}")
