"""`tjugo export`: everything that the station has, as files."""

from pathlib import Path

import click

from tjugo.commands.options import state_option
from tjugo.commands.output import actor
from tjugo.errors import TjugoError
from tjugo.private_file import private_file
from tjugo.station.registry import datasets, exports, record
from tjugo.station.station import Station

_ALL = "all"


@click.command("export")
@click.argument("what", type=click.Choice([*datasets.DATASETS, _ALL]))
@click.argument("target", type=click.Path(path_type=Path), required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(exports.FORMATS)),
    help="By itself the ending of TARGET, or csv.",
)
@click.option("--digits", is_flag=True, help="Tokens with their 20 digits; this is recorded.")
@state_option
def export(what: str, target: Path | None, form: str | None, digits: bool, state: Path) -> None:
    """Write WHAT to the file TARGET, or to standard output; `all` writes a file of each to the
    folder TARGET.

    sites, customers, meters, links, debts, credits and assignments can be imported into an empty
    station, in this order.
    """
    if what == _ALL and target is None:
        raise TjugoError("Give the folder for the files: tjugo export all FOLDER", 2)
    ending = "" if target is None or what == _ALL else target.suffix.lstrip(".")
    form = form or (ending if ending in exports.FORMATS else "csv")
    names = list(datasets.DATASETS) if what == _ALL else [what]
    with Station.open(state) as station:
        with station.work(actor()) as work:
            secret = ", with digits" if digits and "tokens" in names else ""
            record.changed(work, record.EXPORT, f"export {what}", f"{form}{secret}")
        if what == _ALL and target is not None:
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            path = target / f"{name}.{form}" if what == _ALL and target is not None else target
            with station.view() as view:
                parts = exports.parts(view, name, form, digits)
                if path is None:
                    for part in parts:
                        click.echo(part, nl=False)
                    continue
                with private_file(path) as file:
                    file.writelines(parts)
            click.echo(f"{path}")
