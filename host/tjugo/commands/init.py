"""`tjugo init`: a new station."""

from pathlib import Path

import click

from tjugo.commands.options import database_option, state_option
from tjugo.commands.unlocking import new_secrets
from tjugo.station.setup.service import set_up
from tjugo.station.storage import databases


@click.command()
@click.option(
    "--new-database",
    is_flag=True,
    help="Make an empty database beside vending keys; its TIDs begin a day from now.",
)
@database_option
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Seal the vending keys with this key file; it is made where there is none.",
)
@click.option("--seal", is_flag=True, help="Seal the vending keys with a typed passphrase.")
@state_option
def init(
    new_database: bool, database: str | None, key_file: Path | None, seal: bool, state: Path
) -> None:
    """Make a new station: folder, database, sample vending keys.

    A station that is there already is left as it is. Where its vending keys or its database are
    missing the command refuses: they have to be restored, because meters refuse tokens of new
    keys, and a new database would issue the same tokens again.
    """
    found = databases.of(state) is not None
    opened_by = [] if found else new_secrets(key_file, None, seal)
    with set_up(state, new_database=new_database, database_url=database, keys_opened_by=opened_by):
        click.echo(f"There is a station in {state} already." if found else f"Station in {state}")
