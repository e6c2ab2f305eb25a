"""`tjugo init`: a new station."""

import sys
from pathlib import Path

import click

from tjugo.commands.options import database_option, state_option
from tjugo.commands.secret import ask, read_secret
from tjugo.commands.setup_options import setup_options
from tjugo.commands.unlocking import new_secrets
from tjugo.errors import TjugoError
from tjugo.station.operators import passwords
from tjugo.station.setup import plan, service
from tjugo.station.setup.service import Administrator
from tjugo.station.station import Station
from tjugo.station.storage import create, databases
from tjugo.station.storage.databases import PostgresDatabase

_ASKED = tuple(name for name, field in plan.FIELDS.items() if not field.a_file)
_OPTIONS = (*plan.UTILITY, "price", "admin", "admin_name")


@click.command()
@click.option(
    "--new-database",
    is_flag=True,
    help="Make an empty database beside vending keys; its TIDs begin a day from now.",
)
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file with the values; options stand above it.",
)
@click.option("--ask", "questions", is_flag=True, help="Ask for each value that is not given.")
@setup_options(_OPTIONS)
@click.option(
    "--admin-password-file",
    type=click.Path(allow_dash=True, dir_okay=False),
    help="The administrator's password is its first line, - standard input; typed without it.",
)
@database_option
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False),
    help="Seal the vending keys with this key file; it is made where there is none.",
)
@click.option("--seal", is_flag=True, help="Seal the vending keys with a typed passphrase.")
@click.option(
    "--sandbox",
    is_flag=True,
    help="Make a station to test programs with: it has a meter for each outcome of a sale, is "
    "marked on pages and receipts, and stays a sandbox.",
)
@state_option
def init(
    new_database: bool,
    sandbox: bool,
    file: Path | None,
    questions: bool,
    seal: bool,
    state: Path,
    **options: str | None,
) -> None:
    """Make a new station: folder, database, sample vending keys, a flat tariff.

    A station that is there already is left as it is. Where its vending keys or its database are
    missing the command refuses: they have to be restored, because meters refuse tokens of new
    keys, and a new database would issue the same tokens again.
    """
    given = {} if file is None else plan.read(file)
    given |= {name: value for name, value in options.items() if value is not None}
    if databases.of(state) is not None and _is_complete(state, given, sandbox):
        return
    if questions:
        seal = _ask_for(given, seal, state)
    station = service.set_up(
        state,
        plan.utility(given, service.TRIAL),
        administrator=_administrator(given, questions),
        rate=plan.rate(given),
        new_database=new_database,
        database_url=given.get("database"),
        keys_opened_by=new_secrets(_path(given, "key_file"), None, seal),
        sandbox=sandbox,
    )
    station.close()
    click.echo(f"{'Sandbox' if sandbox else 'Station'} in {state}")


def _is_complete(state: Path, given: dict[str, str], sandbox: bool) -> bool:
    """Return whether the station is set up, and print that it is. Raise TjugoError when it was to
    be set up otherwise."""
    with Station.create(state, database_url=given.get("database"), sandbox=sandbox) as station:
        with station.view() as view:
            if not service.is_complete(view):
                return False
    there = f"There is a station in {state} already."
    if any(name in given for name in _OPTIONS):
        raise TjugoError(
            f"{there} `tjugo utility set` changes its particulars, `tjugo operator add` adds an "
            "administrator: nothing was changed."
        )
    click.echo(there)
    return True


def _ask_for(given: dict[str, str], seal: bool, state: Path) -> bool:
    """Ask at the terminal for what is not given. Return whether the keys are sealed by a
    passphrase. Raise TjugoError without a terminal."""
    if not sys.stdin.isatty():
        raise TjugoError("There is no terminal for the questions of --ask: give options.", 2)
    for name in given:
        _check(name, given, state)
    for name in _ASKED:
        if name not in given and (name != "admin_name" or "admin" in given):
            _ask_one(name, given, state)
    if seal or "key_file" in given:
        return seal
    return click.confirm("Seal the vending keys with a passphrase?", err=True)


def _check(name: str, given: dict[str, str], state: Path) -> None:
    """Raise TjugoError unless the value of a name can be used; a database is asked itself."""
    plan.check(name, given)
    if name == "database":
        create.check_server(PostgresDatabase(databases.parse(given[name]), state))


def _ask_one(name: str, given: dict[str, str], state: Path) -> None:
    """Ask for a value until it can be used. An empty answer gives none."""
    field = plan.FIELDS[name]
    while True:
        shown = bool(field.default)
        text = click.prompt(field.title, default=field.default, show_default=shown, err=True)
        if not text.strip():
            return
        try:
            _check(name, {**given, name: text.strip()}, state)
        except TjugoError as error:
            click.echo(error.message, err=True)
            continue
        given[name] = text.strip()
        return


def _administrator(given: dict[str, str], questions: bool) -> Administrator | None:
    if "admin" not in given:
        if "admin_name" in given or "admin_password_file" in given:
            raise click.UsageError("The administrator has no log-in name: give --admin.")
        return None
    file = _path(given, "admin_password_file")
    password = read_secret(file, "password") if file else _typed_password(given, questions)
    return Administrator(given["admin"], given.get("admin_name", given["admin"]), password)


def _typed_password(given: dict[str, str], questions: bool) -> str:
    """Return the password that is typed. questions: ask again for one that is not good."""
    while True:
        typed = ask("administrator's password", "give --admin-password-file", confirm=True)
        try:
            return passwords.check(typed, given["admin"])
        except TjugoError as error:
            if not questions:
                raise
            click.echo(error.message, err=True)


def _path(given: dict[str, str], name: str) -> Path | None:
    return Path(given[name]) if name in given else None
