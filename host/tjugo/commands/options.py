"""Options that several commands share."""

from pathlib import Path

import click

from tjugo.paths import default_state_dir

state_option = click.option(
    "--state",
    type=click.Path(path_type=Path),
    default=default_state_dir,
    help="The station's folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
