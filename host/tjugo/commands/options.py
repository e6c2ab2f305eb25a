"""Options that several commands share."""

from pathlib import Path
from typing import Any

import click

from tjugo.key_register import FIELDS, written
from tjugo.paths import default_state_dir

state_option = click.option(
    "--state",
    type=click.Path(path_type=Path),
    default=default_state_dir,
    help="The station's folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def register_options(function: Any) -> Any:
    """An option for each field of the key register; None where it is not given."""
    for name in reversed(FIELDS):
        field = FIELDS[name]
        default = written(name, field.default)
        text = f"{field.title[:1].upper()}{field.title[1:]}; {default} if not given."
        function = click.option(f"--{name}", metavar=name.upper(), help=text)(function)
    return function
