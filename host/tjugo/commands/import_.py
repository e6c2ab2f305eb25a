"""`tjugo import`: customers, meters, links, sites and opening balances from a spreadsheet."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import actor, print_json
from tjugo.errors import TjugoError
from tjugo.station.registry.imports import service
from tjugo.station.station import Station

_SHOWN = 50


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="FIELD=HEADER",
    help='The column of a field, by header or letter: meter=Numéro; "meter=" for no column.',
)
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="FIELD=VALUE",
    help="The value of a field where the cell is empty or the column is missing.",
)
@click.option("--sheet", help="The sheet of an XLSX file; the first one with content by itself.")
@click.option("--dates", type=click.Choice(service.ORDERS), help="What 03/04/2026 means.")
@click.option("--dry-run", is_flag=True, help="Check the file; write nothing.")
@click.option("--by-row", is_flag=True, help="Leave out rows with problems, import the others.")
@click.option("--update", is_flag=True, help="Change what differs, instead of refusing it.")
@json_option
@state_option
def import_(
    file: Path,
    columns: tuple[str, ...],
    values: tuple[str, ...],
    sheet: str | None,
    dates: str | None,
    dry_run: bool,
    by_row: bool,
    update: bool,
    as_json: bool,
    state: Path,
) -> None:
    """Import FILE, a CSV, XLSX or JSON lines file with headers.

    Every problem of every row is listed, by the file's row numbers. If there is one, nothing is
    imported, unless --by-row is given. The exit status is 1 when a row has a problem.
    """
    options = service.Options(
        columns=[_pair(text, "--map") for text in columns],
        values=dict(_pair(text, "--set") for text in values),
        sheet=sheet,
        by_row=by_row,
        update=update,
        dates=dates,
        dry_run=dry_run,
    )
    with Station.open(state) as station:
        report = service.run(station, actor(), file.name, file.read_bytes(), options)
    if as_json:
        print_json({"sentence": report.sentence(), **asdict(report)})
    else:
        _print(report)
    if report.problems:
        raise click.exceptions.Exit(1)


def _pair(text: str, option: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise TjugoError(f"{option} needs a field, = and a text: {option} meter=Numéro", 2)
    return name, value


def _print(report: service.Report) -> None:
    mapped = ", ".join(f"{name} from {header!r}" for name, header in report.columns.items())
    click.echo(f"Columns: {mapped}.")
    if report.ignored:
        click.echo(f"Columns without a field: {', '.join(report.ignored)}.")
    for rows in (report.read_as, report.problems):
        for row in rows[:_SHOWN]:
            click.echo(f"Row {row.row}: {' '.join(row.sentences)}")
        if len(rows) > _SHOWN:
            click.echo(f"And {len(rows) - _SHOWN} more rows; --json lists all.")
    counts = ", ".join(f"{count} {kind}" for kind, count in report.counts.items() if count)
    click.echo(f"{report.sentence()}{f' ({counts})' if counts else ''}")
