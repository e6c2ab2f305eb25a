"""`tjugo client`: programs that use the API."""

from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option, yes_option
from tjugo.commands.output import actor, confirm, print_json, show_page
from tjugo.station.operators import clients
from tjugo.station.operators.permissions import SCOPES
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page


@click.group()
def client() -> None:
    """Add, list and stop API clients."""


@client.command("add")
@click.argument("name", metavar="CLIENT")
@click.option("--name", "full_name", required=True, help="What the program is.")
@click.option("--scope", "scopes", type=click.Choice(list(SCOPES)), multiple=True, required=True)
@click.option("--address", "addresses", multiple=True, help="Permitted address or network.")
@click.option("--outlet", default="", help="Outlet of its sales.")
@json_option
@state_option
def client_add(
    name: str,
    full_name: str,
    scopes: tuple[str, ...],
    addresses: tuple[str, ...],
    outlet: str,
    as_json: bool,
    state: Path,
) -> None:
    """Add an API client; its key is printed once."""
    with Station.open(state) as station, station.work(actor()) as work:
        key = clients.add(work, name, full_name, scopes, addresses, outlet)
    _print_key(name, key, as_json, f"Client {name} is added.")


@client.command("list")
@json_option
@state_option
def client_list(as_json: bool, state: Path) -> None:
    """List the API clients."""
    show_page(
        state,
        lambda view: Page(clients.clients(view), None),
        _line,
        "No API clients yet.",
        as_json,
    )


def _line(row: clients.ClientView, _currency: str) -> str:
    where = ", ".join(row.addresses) or "anywhere"
    parts = (f"{row.client:12}", ", ".join(row.scopes), f"from {where}", row.name)
    return "  ".join(parts) + ("" if row.active else "  not active")


@client.command("new-key")
@click.argument("name", metavar="CLIENT")
@yes_option
@json_option
@state_option
def client_new_key(name: str, yes: bool, as_json: bool, state: Path) -> None:
    """Replace the key of a client; the old one is not valid any more."""
    confirm(f"Replace the key of {name}?", yes)
    with Station.open(state) as station, station.work(actor()) as work:
        key = clients.renew(work, name)
    _print_key(name, key, as_json, f"Client {name} has a new key.")


@client.command("deactivate")
@click.argument("name", metavar="CLIENT")
@yes_option
@state_option
def client_deactivate(name: str, yes: bool, state: Path) -> None:
    """Stop a client: its key is refused."""
    confirm(f"Stop the client {name}?", yes)
    with Station.open(state) as station, station.work(actor()) as work:
        clients.set_active(work, name, False)
    click.echo(f"Client {name} is not active.")


@client.command("activate")
@click.argument("name", metavar="CLIENT")
@state_option
def client_activate(name: str, state: Path) -> None:
    """Let a client continue with its key."""
    with Station.open(state) as station, station.work(actor()) as work:
        clients.set_active(work, name, True)
    click.echo(f"Client {name} is active.")


def _print_key(name: str, key: str, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json({"client": name, "key": key})
    else:
        click.echo(sentence)
        click.echo(f"Key, shown only now: {key}")
