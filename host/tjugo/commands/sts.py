"""`tjugo sts`: STA tables of a licensee, and batches of tokens."""

from pathlib import Path

import click

from tjugo import sta_tables as _tables
from tjugo.commands.batch import batch
from tjugo.commands.options import state_option


@click.group()
def sts() -> None:
    """Load STA tables and make batches of tokens."""


sts.add_command(batch)


@sts.group()
def tables() -> None:
    """Show, load and reset the STA (EA07) tables: the published sample, or a licensee's."""


@tables.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@state_option
def tables_load(file: Path, state: Path) -> None:
    """Check the tables in FILE and use them from now on.

    FILE is 96 bytes (S1, S2, P), JSON with the lists S1, S2 and P, or text with a line for each.
    """
    data = _tables.load(file, state)
    click.echo(f"{_named(data)} from now on; programs that run already must be started again.")
    click.echo("Meters that have these tables refuse tokens made with others.")


@tables.command("show")
@state_option
def tables_show(state: Path) -> None:
    """Show which tables are in use. The tables themselves are not printed."""
    click.echo(f"{_named(_tables.use(state))}.")


@tables.command("reset")
@state_option
def tables_reset(state: Path) -> None:
    """Remove the licensee's tables and use the sample again."""
    found = _tables.reset(state)
    click.echo("The sample tables are used from now on." if found else "No tables were loaded.")


def _named(data: bytes) -> str:
    whose = "The published sample tables" if _tables.is_sample(data) else "A licensee's tables"
    return f"{whose} ({_tables.fingerprint(data)})"
