"""`tjugo operator`: the people who log in."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tjugo import money
from tjugo.commands.options import json_option, state_option, yes_option
from tjugo.commands.output import actor, confirm, none_or, print_json, show_page
from tjugo.commands.secret import read_secret
from tjugo.errors import TjugoError
from tjugo.station.operators import credentials, passwords, people
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.storage.tables import ROLES
from tjugo.station.work import View

_LIMITS = {"sale_limit": "The limit of a sale", "day_limit": "The limit of a day"}


@click.group()
def operator() -> None:
    """Add, list and change operators."""


def _fields(function: Any) -> Any:
    for option in (
        click.option("--day-limit", help="The most of a day's sales, in money; `none` for none."),
        click.option("--sale-limit", help="The most of a sale, in money; `none` for none."),
        click.option(
            "--language", help="Language of pages and receipts; `none` for the utility's."
        ),
        click.option("--outlet", help="Outlet where the operator sells; `none` for none."),
    ):
        function = option(function)
    return function


password_option = click.option(
    "--password-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The password is the file's first line, - standard input; a temporary one is made and "
    "printed without it.",
)


@operator.command("add")
@click.argument("name", metavar="LOGIN")
@click.option("--name", "full_name", required=True, help="The person's name.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@password_option
@_fields
@json_option
@state_option
def operator_add(
    name: str,
    full_name: str,
    role: str,
    password_file: Path | None,
    as_json: bool,
    state: Path,
    **more: str | None,
) -> None:
    """Add an operator with the log-in name LOGIN. With the first one, log-in is on."""
    name = people.normal(name)
    password, own = _password(password_file, name)
    with Station.open(state) as station:
        hashed = passwords.hashed(password)
        with station.work(actor()) as work:
            given = {"name": full_name, "role": role, **_given(work, more)}
            people.add(work, name, hashed, must_change=not own, **given)
            found = people.shown(people.find(work, name))
    _print_new(found, None if own else password, as_json, f"Operator {name} is added.")


@operator.command("list")
@json_option
@state_option
def operator_list(as_json: bool, state: Path) -> None:
    """List the operators."""
    nothing = "No operators yet: log-in is off. `tjugo operator add` makes the first one."
    show_page(state, lambda view: Page(people.operators(view), None), _line, nothing, as_json)


def _line(row: people.OperatorView, _currency: str) -> str:
    factor = "second factor" if row.second_factor else "password only"
    active = "" if row.active else "  not active"
    outlet = row.outlet or "-"
    return f"{row.operator:12}  {row.role:13}  {outlet:8}  {factor}  {row.name}{active}"


@operator.command("edit")
@click.argument("name", metavar="LOGIN")
@click.option("--name", "full_name", help="The person's name.")
@click.option("--role", type=click.Choice(ROLES))
@_fields
@state_option
def operator_edit(
    name: str, full_name: str | None, role: str | None, state: Path, **more: str | None
) -> None:
    """Change name, role, outlet, language or limits of the operator LOGIN."""
    with Station.open(state) as station, station.work(actor()) as work:
        given = _given(work, more)
        given |= {"name": full_name} if full_name is not None else {}
        given |= {"role": role} if role is not None else {}
        if not given:
            raise TjugoError("Nothing to change: give --name, --role or another option.", 2)
        people.edit(work, name, **given)
    click.echo(f"Operator {people.normal(name)} is changed.")


@operator.command("password")
@click.argument("name", metavar="LOGIN")
@password_option
@json_option
@state_option
def operator_password(name: str, password_file: Path | None, as_json: bool, state: Path) -> None:
    """Give the operator LOGIN a new password, which ends all log-ins."""
    name = people.normal(name)
    password, own = _password(password_file, name)
    hashed = passwords.hashed(password)
    with Station.open(state) as station, station.work(actor()) as work:
        credentials.set_password(work, name, hashed, must_change=not own)
        found = people.shown(people.find(work, name))
    sentence = f"Operator {name} has a new password."
    _print_new(found, None if own else password, as_json, sentence)


@operator.command("deactivate")
@click.argument("name", metavar="LOGIN")
@yes_option
@state_option
def operator_deactivate(name: str, yes: bool, state: Path) -> None:
    """Deactivate the operator LOGIN, which ends all log-ins."""
    with Station.open(state) as station:
        with station.view() as view:
            found = people.find(view, name)
        confirm(f"Deactivate {found.operator}, {found.name}?", yes)
        with station.work(actor()) as work:
            people.set_active(work, name, False)
    click.echo(f"Operator {found.operator} is not active.")


@operator.command("activate")
@click.argument("name", metavar="LOGIN")
@state_option
def operator_activate(name: str, state: Path) -> None:
    """Activate the operator LOGIN again."""
    with Station.open(state) as station, station.work(actor()) as work:
        people.set_active(work, name, True)
    click.echo(f"Operator {people.normal(name)} is active.")


@operator.command("reset-factor")
@click.argument("name", metavar="LOGIN")
@yes_option
@state_option
def operator_reset_factor(name: str, yes: bool, state: Path) -> None:
    """Remove the second factor of the operator LOGIN, who lost it."""
    with Station.open(state) as station:
        with station.view() as view:
            found = people.find(view, name)
        confirm(f"Remove the second factor of {found.operator}, {found.name}?", yes)
        with station.work(actor()) as work:
            credentials.reset_factor(work, name)
    click.echo(f"Operator {found.operator} logs in with the password alone.")


def _password(file: Path | None, name: str) -> tuple[str, bool]:
    """Return the password, and whether it is the person's own."""
    if file is None:
        return passwords.temporary(), False
    return passwords.check(read_secret(file, "password"), name), True


def _given(view: View, more: dict[str, str | None]) -> dict[str, Any]:
    """Return the options that were given; None for `none`."""
    currency = view.tenant.currency
    given: dict[str, Any] = {}
    for field, text in more.items():
        if text is not None:
            value = none_or(text)
            title = _LIMITS.get(field)
            given[field] = money.parse(value, currency, title) if value and title else value
    return given


def _print_new(
    found: people.OperatorView, password: str | None, as_json: bool, sentence: str
) -> None:
    if as_json:
        print_json({**asdict(found), "password": password})
        return
    click.echo(sentence)
    if password is not None:
        click.echo(f"First password, to be changed at the log-in: {password}")
