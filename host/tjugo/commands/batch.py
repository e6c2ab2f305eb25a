"""`tjugo sts batch`: tokens for the rows of a CSV file."""

import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from tjugo import key_file as key_files
from tjugo import sta_tables, sts_fast
from tjugo.commands.options import state_option
from tjugo.commands.unlocking import key_file_option, secret_for
from tjugo.errors import TjugoError
from tjugo.sts import batch as _batch
from tjugo.sts.batch_file import count_rows
from tjugo.sts.batch_row import Keys
from tjugo.sts.explain.sale import minute_of, parse_moment


@click.command()
@click.argument("source", metavar="IN.csv", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT.csv", type=click.Path(path_type=Path))
@click.option("--keys", type=click.Path(path_type=Path), help="File of vending keys.")
@click.option("--time", "at", help="Time of rows without one, as 2026-11-22T12:00 UTC.")
@click.option("--portable", is_flag=True, help="Do without numpy, even where it is there.")
@key_file_option
@state_option
def batch(
    source: Path,
    target: Path,
    keys: Path | None,
    at: str | None,
    portable: bool,
    key_file: Path | None,
    state: Path,
) -> None:
    """Make a token for every row of IN.csv and write them to OUT.csv.

    The columns are in docs/batch.md. No station records these tokens: give the meters that a
    station sells for TIDs which it does not use. Rows with an error are named in OUT.csv, the
    others are made; the status is 1 then.
    """
    if target.exists() and source.exists() and source.samefile(target):
        raise TjugoError("IN.csv and OUT.csv are the same file.", 2)
    sta_tables.use(state)
    sts_fast.register()
    known = _keys(keys, key_file) if keys else {}
    moment = datetime.now(UTC)

    def now(bdt: str) -> int:
        return parse_moment(at, bdt) if at else minute_of(moment, bdt)

    now("14")
    rows = count_rows(source)
    warned: list[int] = []
    with click.progressbar(length=rows, label="Making tokens", file=sys.stderr) as bar:
        done, wrong = _batch.run(
            source, target, known, now, secrets.randbelow, bar.update, not portable, warned.append
        )
    click.echo(f"{done} rows, {done - wrong} made, {wrong} with an error: {target}", err=True)
    if warned:
        click.echo(f"{warned[0]} rows with a warning: their keys expire soon.", err=True)
    if wrong:
        raise SystemExit(1)


def _keys(path: Path, key_file: Path | None) -> Keys:
    sealed = key_files.read(path).sealed
    return _batch.read_keys(path, secret_for(sealed, key_file) if sealed else None)
