"""`tjugo meter order`: orders to a meter through its collector."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.meter_status import meter
from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import actor, name_drn, print_json
from tjugo.errors import TjugoError
from tjugo.station.orders import kinds, service, views
from tjugo.station.orders.views import OrderView
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.station import Station

CLIENT = "cli"


@meter.command("order")
@click.argument("drn")
@click.argument("kind", type=click.Choice(tuple(kinds.KINDS)))
@click.argument("values", metavar="[NAME=VALUE]...", nargs=-1)
@click.option(
    "--hours",
    default=service.HOURS,
    show_default=True,
    type=click.IntRange(1, service.MOST_HOURS),
    help="After how many hours it expires.",
)
@click.option("--id", "client_id", help="Your id of this order: the same id is carried out once.")
@json_option
@state_option
def meter_order(
    drn: str,
    kind: str,
    values: Sequence[str],
    hours: int,
    client_id: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Order the meter DRN to open or close its supply, to restore it after a malignant load or an
    overload, or to change settings or prices, given as NAME=VALUE.

    Settings have the names of settings.json, malignant.mode and so on for those of malignant
    loads. Prices are in the currency unit: price, price_1 to price_4, daily.
    """
    given = kinds.typed(kind, _pairs(values))
    with Station.open(state) as station:
        with station.view() as view:
            name_drn(view, drn)
        with station.work(actor()) as work:
            of = (CLIENT, client_id or str(uuid.uuid4()), drn, kind, given, hours)
            row = views.order_view(service.ask(work, *of))
    _print(row, as_json)


@meter.command("orders")
@click.argument("drn", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@json_option
@state_option
def meter_orders(drn: str | None, limit: int, as_json: bool, state: Path) -> None:
    """List the newest orders to the meter DRN, or to all meters, with their states."""
    with Station.open(state) as station, station.view() as view:
        number = None if drn is None else known_meter(view, checked_drn(drn)).drn
        rows = views.orders(view, number, limit)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("No order yet.")


@meter.command("cancel-order")
@click.argument("client_id", metavar="ID")
@click.option("--client", default=CLIENT, show_default=True, help="Whose order it is.")
@json_option
@state_option
def meter_cancel_order(client_id: str, client: str, as_json: bool, state: Path) -> None:
    """Cancel the order ID, if it was not sent yet."""
    with Station.open(state) as station, station.work(actor()) as work:
        row = views.order_view(service.cancel(work, client, client_id))
    _print(row, as_json)


def _pairs(values: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name or name in found:
            raise TjugoError(f"{value[:60]!r} is not NAME=VALUE, or its name is there twice.", 2)
        found[name] = text
    return found


def _print(row: OrderView, as_json: bool) -> None:
    if as_json:
        print_json(asdict(row))
    else:
        click.echo(_line(row))
        click.echo(f"Order id: {row.client_id}")


def _line(row: OrderView) -> str:
    """Return an order in one line."""
    why = f": {row.reason}" if row.reason else ""
    return f"Meter {row.drn}: {row.text}: {row.words}{why}"
