"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tjugo.errors import TjugoError
from tjugo.key_register import FIELDS, written
from tjugo.key_register import value as register_value
from tjugo.paths import default_state_dir
from tjugo.station.storage.paging import LIMIT, MOST


class _Folder(click.Path):
    """The path of a folder; an empty text is none, not the folder of the shell."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            raise TjugoError("The station's folder has no name: give --state FOLDER.", 2)
        return super().convert(value, param, ctx)


state_option = click.option(
    "--state",
    type=_Folder(path_type=Path),
    default=default_state_dir,
    help="The station's folder.",
)
database_option = click.option(
    "--database",
    envvar="TJUGO_DATABASE",
    metavar="ADDRESS",
    help="An empty PostgreSQL database, postgresql://[USER[:PASSWORD]@]HOST[:PORT]/NAME; a file "
    "in the folder without it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


class RegisterValue(click.ParamType):
    """A field of the key register, as a number or its digits."""

    name = "register"

    def __init__(self, field: str) -> None:
        self._field = field

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the field's value. Fail with its legal values."""
        try:
            return register_value(self._field, value)
        except TjugoError as error:
            self.fail(error.message, param, ctx)


def register_options(**titles: str) -> Callable[[Any], Any]:
    """Return a decorator with an option for each field of the key register; None where it is not
    given. titles: of fields that have other legal values there."""

    def decorate(function: Any) -> Any:
        for name in reversed(FIELDS):
            title = titles.get(name, FIELDS[name].title)
            default = written(name, FIELDS[name].default)
            text = f"{title[:1].upper()}{title[1:]}; {default} if not given."
            function = click.option(f"--{name}", metavar=name.upper(), help=text)(function)
        return function

    return decorate


def page_options(searched: str, limit: int = LIMIT) -> Callable[[Any], Any]:
    """Return a decorator for the options of a list: --search, --after, --limit."""
    options = (
        click.option("--search", default="", help=searched),
        click.option("--after", help="Show what follows this one, as the list before named it."),
        click.option(
            "--limit",
            default=limit,
            show_default=True,
            type=click.IntRange(1, MOST),
            help="How many to show.",
        ),
    )

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
