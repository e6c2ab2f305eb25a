"""`tjugo engineering`: tokens that are not sold: clear, limit, set, test, display."""

import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import actor, name_drn, print_json
from tjugo.station.operators import approvals
from tjugo.station.station import Station
from tjugo.station.vending import asked, engineering, request_views
from tjugo.station.vending.request_views import RequestView

CLIENT = "cli"
request_option = click.option(
    "--id", "client_id", help="Your id of this request: the same id is carried out only once."
)


@click.group("engineering")
def engineering_group() -> None:
    """Issue engineering tokens: clear, limit, set, test, display."""


@engineering_group.command("kinds")
@json_option
def engineering_kinds(as_json: bool) -> None:
    """List the kinds of engineering tokens, and which need the approval of a second person."""
    rows = request_views.kind_views()
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    for row in rows:
        number = f" ({row.value} {row.least} to {row.most})" if row.value else ""
        click.echo(f"{row.kind:24} {row.title}{number}{_approval(row.approval)}")


def _approval(when: str) -> str:
    return {"always": "; needs approval", "above": "; needs approval above the limit"}.get(
        when, ""
    )


@engineering_group.command("issue")
@click.argument("kind")
@click.argument("drn", required=False)
@click.option("--value", type=int, help="The number that the token carries, such as W.")
@click.option("--index", type=int, help="Register or flag of the extended set.")
@request_option
@json_option
@state_option
def engineering_issue(
    kind: str,
    drn: str | None,
    value: int | None,
    index: int | None,
    client_id: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Issue a token of KIND for the meter DRN, or ask for its approval.

    `tjugo engineering kinds` lists the kinds. A test token needs no DRN.
    """
    with Station.open(state) as station:
        if drn is not None:
            with station.view() as view:
                name_drn(view, drn)
        with station.work(actor()) as work:
            number = client_id or str(uuid.uuid4())
            given = (CLIENT, number, drn, kind, value, index)
            outcome = engineering.request(work, *given)
    print_request(request_views.request_view(asked.answer(outcome)), as_json)


@engineering_group.command("show")
@click.argument("client_id")
@click.option("--client", default=CLIENT, show_default=True, help="Whose request it is.")
@json_option
@state_option
def engineering_show(client_id: str, client: str, as_json: bool, state: Path) -> None:
    """Show the request CLIENT_ID and its tokens, such as after its approval."""
    with Station.open(state) as station:
        approvals.expire_due(station)
        with station.view() as view:
            outcome = asked.found(view, client, client_id)
    print_request(request_views.request_view(asked.answer(outcome)), as_json)


@engineering_group.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@json_option
@state_option
def engineering_list(limit: int, as_json: bool, state: Path) -> None:
    """List the newest requests and their outcomes."""
    with Station.open(state) as station, station.view() as view:
        rows = [request_views.request_view(one) for one in engineering.recent(view, limit)]
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    for row in rows:
        what = row.tokens[-1].token_grouped if row.tokens else row.refused or row.state
        click.echo(f"{row.drn or 'any meter':13} {row.title}: {what}")
    if not rows:
        click.echo("No engineering token was requested yet.")


def print_request(row: RequestView, as_json: bool = False) -> None:
    """Print a request with its tokens in the order of entry."""
    if as_json:
        print_json(asdict(row))
        return
    click.echo(f"{f'Meter {row.drn}' if row.drn else 'Any meter'}: {row.title}")
    if row.state == "waiting":
        click.echo(f"Another person must approve it: approval {row.approval}.")
    for place, token in enumerate(row.tokens, 1):
        name = token.kind.replace("_", " ")
        click.echo(f"{f'{place}. ' if len(row.tokens) > 1 else ''}{token.token_grouped}  {name}")
    click.echo(f"Request id: {row.client_id}")


def changed(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: found for name, found in given.items() if found is not None}
