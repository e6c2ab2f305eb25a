"""`tjugo backup` and `tjugo restore`."""

from pathlib import Path

import click

from tjugo.commands.options import database_option, state_option
from tjugo.commands.secret import ask, read_secret
from tjugo.station.backup import restore as restoring
from tjugo.station.backup import service as backups
from tjugo.station.station import utc_now
from tjugo.station.storage.moments import iso

_ONLY_ONE = (
    "Warning: only one station may go on from this backup. Two of them issue the same tokens "
    "without noticing it, and meters refuse the second one as used. End the station that it was "
    "made of for good. Where this backup was restored before, go on with one of the two only, "
    "delete the other, and make a new backup of the one that goes on."
)

_passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The passphrase is the file's first line; - is standard input. Without it: asked for.",
)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_passphrase_option
@state_option
def backup(file: Path, passphrase_file: Path | None, state: Path) -> None:
    """Write a backup of the station to FILE, while it runs.

    The vending keys in it are encrypted with a passphrase. Keep it elsewhere: without it the
    backup is worth nothing.
    """
    backups.check_source(state)  # before anything is typed
    backups.check_place(file, state)
    made = backups.backup(state, file, _passphrase(passphrase_file, confirm=True), utc_now())
    click.echo(f"Backup of {iso(made.made_at)} in {file}")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_passphrase_option
@click.option("--force", is_flag=True, help="Move aside what is in the folder.")
@database_option
@click.option("--accept-clock", is_flag=True, help="The clock is right, the newest token is not.")
@state_option
def restore(
    file: Path,
    passphrase_file: Path | None,
    force: bool,
    database: str | None,
    accept_clock: bool,
    state: Path,
) -> None:
    """Make the station in the folder from the backup FILE.

    End the old station first, for good: two stations of one backup issue the same tokens.
    """
    restoring.check_target(state, force)  # before anything is typed
    backups.check_file(file)
    passphrase = _passphrase(passphrase_file, confirm=False)
    made = restoring.restore(file, state, passphrase, utc_now(), force, accept_clock, database)
    click.echo(f"Station in {state}, as it was at {iso(made.made_at)}")
    click.echo(_ONLY_ONE, err=True)


def _passphrase(file: Path | None, confirm: bool) -> str:
    if file is not None:
        return read_secret(file, "passphrase")
    return ask("passphrase", "give --passphrase-file", confirm)
