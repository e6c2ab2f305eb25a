"""`tjugo audit`: the chain of audit events."""

import re
from pathlib import Path

import click

from tjugo.commands.options import json_option, page_options, state_option
from tjugo.commands.output import print_json, print_page
from tjugo.errors import TjugoError
from tjugo.station.audit import chain, views
from tjugo.station.station import Station


@click.group()
def audit() -> None:
    """List the audit events, and verify their chain."""


@audit.command("list")
@page_options("Part of actor, action, subject or detail.")
@click.option("--outcome", type=click.Choice(views.OUTCOMES), help="Only events with it.")
@click.option("--action", help="Only events of this action.")
@json_option
@state_option
def audit_list(
    search: str,
    after: str | None,
    limit: int,
    outcome: str | None,
    action: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """List the events, newest first."""
    with Station.open(state) as station, station.view() as view:
        page = views.events(view, search, after, limit, outcome or "", action or "")
    found = bool(search or after or outcome or action)
    print_page(page, as_json, _line, "No audit events yet.", found)


def _line(row: views.EventView) -> str:
    refused = "REFUSED  " if row.outcome == chain.REFUSED else ""
    return (
        f"{row.number}  {row.at}  {row.actor}  {refused}{row.action}  {row.subject}  {row.detail}"
    )


@audit.command("verify")
@click.option(
    "--against",
    metavar="NUMBER:DIGEST",
    help="An event that was noted before: the chain must still contain it.",
)
@json_option
@state_option
def audit_verify(against: str | None, as_json: bool, state: Path) -> None:
    """Verify the whole chain; the status is 1 when it is broken.

    Note the printed NUMBER:DIGEST away from this computer: with --against it proves later that no
    event up to it was changed, even by a person who can change the whole database.
    """
    noted = None if against is None else _noted(against)
    with Station.open(state) as station, station.view() as view:
        count, wrong = chain.verify(view)
        number, digest = chain.head(view)
        if noted is not None and not chain.holds(view, *noted):
            wrong.append(f"Event {noted[0]} is not the one that was noted.")
    if as_json:
        print_json({"events": count, "head": f"{number}:{digest}", "wrong": wrong})
    elif not wrong:
        click.echo(f"{count} events, none changed, removed or added.")
        click.echo(f"Newest: {number}:{digest}")
    if wrong:
        raise TjugoError(f"The audit chain is broken. {wrong[0]}")


def _noted(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text, re.A)
    if found is None:
        raise TjugoError(
            "--against has the form NUMBER:DIGEST, as `tjugo audit verify` prints.", 2
        )
    return int(found[1]), found[2]
