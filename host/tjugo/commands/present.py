"""Two people at one command: operators who authenticate there."""

from pathlib import Path
from typing import Any

import click

from tjugo.commands.secret import ask, read_lines
from tjugo.station.keys.holders import Holder
from tjugo.station.operators import people, present
from tjugo.station.operators.present import Proof
from tjugo.station.station import Station

_path = click.Path(path_type=Path, allow_dash=True)
_LOGIN = "File with the password of the {0} person in its first line and the code of the second "
_LOGIN += "factor in its second one; asked for without it."


def two_people_options(function: Any) -> Any:
    """Return a decorator with the options that name two people and give their log-ins."""
    for option in (
        click.option("--second-login", type=_path, help=_LOGIN.format("second")),
        click.option("--first-login", type=_path, help=_LOGIN.format("first")),
        click.option(
            "--second", required=True, metavar="LOGIN", help="Log-in name of the second person."
        ),
        click.option(
            "--first", required=True, metavar="LOGIN", help="Log-in name of the first person."
        ),
    ):
        function = option(function)
    return function


def two_people(
    station: Station,
    first: str,
    second: str,
    first_login: Path | None,
    second_login: Path | None,
) -> tuple[Holder, Holder]:
    """Return the two people of the options, who authenticate as operators with the permission.

    A station without operators has nobody to authenticate: the names are recorded as given, and
    a line on standard error names that. Raise TjugoError.
    """
    with station.view() as view:
        log_in_is_on = people.exist(view)
    if not log_in_is_on:
        click.echo(
            "This station has no operators: the names are recorded as given, not verified.",
            err=True,
        )
        return present.named(first, second)
    proofs = [_proof(station, first, first_login), _proof(station, second, second_login)]
    return present.holders(station, proofs[0], proofs[1])


def _proof(station: Station, operator: str, file: Path | None) -> Proof:
    if file is not None:
        password, code = read_lines(file, "password")
        return Proof(operator, password, code)
    password = ask(f"password of {operator}", "give --first-login and --second-login")
    with station.view() as view:
        wanted = present.needs_code(view, operator)
    code = ask(f"code of the second factor of {operator}", "") if wanted else ""
    return Proof(operator, password, code)
