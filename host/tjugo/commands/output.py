"""Functions shared by commands of the station: the actor, questions, and output."""

import json
import os
import pwd
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tjugo.errors import TjugoError
from tjugo.station.registry.meters import repaired_drn
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.work import View

NONE = "none"


def actor() -> str:
    """Return the actor as it is recorded: `cli:` and the login name of the process's user."""
    uid = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"cli:{uid}"


def none_or(text: str) -> str | None:
    """Return an option's value; None for the word `none`."""
    return None if text == NONE else text


def name_drn(view: View, typed: str) -> str:
    """Print on standard error the full DRN of a number that lost its leading zeros; return the
    number in full. Raise TjugoError when it can be either of two meters."""
    full = repaired_drn(view, typed)
    if full is None:
        return typed.strip()
    click.echo(f"Meter number {typed.strip()} is read as {full}.", err=True)
    return full


def confirm(question: str, yes: bool) -> None:
    """Ask the person at the terminal unless `yes`. Raise TjugoError when the answer is no, or when
    there is no terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise TjugoError(f"{question} Add --yes to confirm.", 2)
    if not click.confirm(question, err=True):
        raise TjugoError("Nothing was changed.")


def print_json(value: Any) -> None:
    """Print a value for programs."""
    click.echo(json.dumps(value, indent=2))


def print_page(
    page: Page[Any], as_json: bool, line: Callable[[Any], str], nothing: str, searched: bool
) -> None:
    """Print a page of a list, one row per line, and the command for the next page.

    nothing: the sentence for a list that is empty altogether.
    """
    if as_json:
        print_json({"items": [asdict(row) for row in page.items], "next": page.next})
        return
    for row in page.items:
        click.echo(line(row).rstrip())
    if page.next is not None:
        click.echo(f"There are more rows: --after {page.next}")
    elif not page.items:
        click.echo("Nothing was found." if searched else nothing)


def show_page(
    state: Path,
    read: Callable[[View], Page[Any]],
    line: Callable[[Any, str], str],
    nothing: str,
    as_json: bool,
    searched: bool = False,
) -> None:
    """Print a page of a list of the station in a folder, as print_page() does. line: of a row, and
    the utility's currency."""
    with Station.open(state) as station, station.view() as view:
        page, currency = read(view), view.tenant.currency
    print_page(page, as_json, lambda row: line(row, currency), nothing, searched)
