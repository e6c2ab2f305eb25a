"""`tjugo printer`: the station's receipt printers."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import actor, print_json
from tjugo.station.receipts import printers, service
from tjugo.station.receipts.printers import BAUDS, FLOWS, KINDS, Printer
from tjugo.station.receipts.profiles import DEFAULT, PROFILES
from tjugo.station.station import Station


@click.group()
def printer() -> None:
    """Add, list, test and remove printers."""


@printer.command("add")
@click.argument("name")
@click.argument("kind", type=click.Choice(tuple(KINDS)))
@click.argument("address")
@click.option(
    "--profile",
    type=click.Choice(tuple(PROFILES)),
    default=DEFAULT,
    show_default=True,
    help="What the printer can do.",
)
@click.option(
    "--baud", type=click.Choice(tuple(map(str, BAUDS))), default="9600", help="Of a serial line."
)
@click.option("--flow", type=click.Choice(FLOWS), default="none", help="Of a serial line.")
@state_option
def printer_add(
    name: str, kind: str, address: str, profile: str, baud: str, flow: str, state: Path
) -> None:
    """Add the printer NAME.

    ADDRESS: the device of a printer on usb or serial, host[:port] on tcp, or the path of a file.
    """
    added = Printer(name, kind, address, profile, int(baud), flow)
    with Station.open(state) as station:
        service.add_printer(station, actor(), added)
    click.echo(f"Printer {name} is added. `tjugo printer test {name}` prints a test page.")


@printer.command("list")
@json_option
@state_option
def printer_list(as_json: bool, state: Path) -> None:
    """List the printers."""
    with Station.open(state) as station:
        known = printers.printers(station.state_dir)
    if as_json:
        print_json([asdict(one) for one in known.values()])
        return
    for one in known.values():
        click.echo(f"{one.name:20}  {one.kind:6}  {one.address}  {PROFILES[one.profile].title}")
    if not known:
        click.echo("No printers yet. `tjugo printer add` adds one.")


@printer.command("test")
@click.argument("name", required=False)
@state_option
def printer_test(name: str | None, state: Path) -> None:
    """Print a test page on the printer NAME."""
    with Station.open(state) as station:
        found = printers.find(station.state_dir, name)
        service.print_test(found)
    click.echo(f"A test page is sent to the printer {found.name}.")


@printer.command("remove")
@click.argument("name")
@state_option
def printer_remove(name: str, state: Path) -> None:
    """Remove the printer NAME."""
    with Station.open(state) as station:
        service.remove_printer(station, actor(), name)
    click.echo(f"Printer {name} is removed.")
