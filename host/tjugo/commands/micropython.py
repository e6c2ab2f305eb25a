"""`tjugo micropython`: the MicroPython that simulated boards run on."""

import click

from tjugo.toolchain.micropython import find_runtime


@click.command()
@click.option("--prepare", is_flag=True, help="Only make sure that there is one.")
def micropython(prepare: bool) -> None:
    """Print the command that starts MicroPython, found or fetched once."""
    runtime = find_runtime(progress=lambda line: click.echo(line, err=True))
    click.echo(runtime, err=True)
    if not prepare:
        click.echo(" ".join(runtime.argv))
