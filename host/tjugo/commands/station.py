"""`tjugo init`, `sell`, `meter`, `customer`: the station on the command line."""

import json
import uuid
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from tjugo.commands.options import json_option, register_options, state_option
from tjugo.station.registry import customers, meters
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.storage.paging import everything
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import parse_kwh
from tjugo.station.vending.vend import sell as sell_token

ACTOR = "cli"


@click.command()
@state_option
def init(state: Path) -> None:
    """Make a new station: folder, database, sample vending keys."""
    with Station.create(state):
        click.echo(f"Station in {state}")


@click.command(context_settings={"ignore_unknown_options": True})  # -5 is a wrong amount
@click.argument("drn")
@click.argument("kwh")
@click.option("--id", "client_id", help="Your id of this sale: the same id sells only once.")
@json_option
@state_option
def sell(drn: str, kwh: str, client_id: str | None, as_json: bool, state: Path) -> None:
    """Sell KWH (steps of 0.1) to the meter DRN."""
    amount = parse_kwh(kwh)
    with Station.open(state) as station:
        sale = sell_token(station, ACTOR, client_id or str(uuid.uuid4()), drn, amount)
    if as_json:
        click.echo(json.dumps(asdict(sale_views.sale_view(sale))))
        return
    more = f" (the token carries {sale.units_kwh} kWh)" if sale.units_kwh != sale.kwh else ""
    click.echo(f"Meter {sale.drn}: {sale.kwh} kWh{more}")
    click.echo(sale.grouped())
    way = "goes to the meter by its collector" if sale.delivery.ref else "is to be keyed in"
    click.echo(f"The token {way}. Sale id: {sale.client_id}")


@click.group()
def meter() -> None:
    """Add and list meters."""


@meter.command("add")
@click.argument("drn")
@register_options
@click.option("--collector", "collector_id", help="The collector that serves it.")
@click.option("--customer", "account_no", help="Account number of the customer it serves.")
@state_option
def meter_add(drn: str, account_no: str | None, state: Path, **given: Any) -> None:
    """Register the meter DRN. DKGA, BDT and KEN that are not given are the vending key's."""
    with Station.open(state) as station, station.work(ACTOR) as work:
        added = meters.add_meter(work, meters.new_meter(work, drn, **given))
        if account_no:
            customers.link_meter(work, added, account_no)
    click.echo(f"Meter {added} is registered.")


@meter.command("list")
@json_option
@state_option
def meter_list(as_json: bool, state: Path) -> None:
    """List the meters."""
    with Station.open(state) as station, station.view() as view:
        rows = everything(partial(registry_views.meters, view))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    for row in rows:
        key = f"EA{row.ea} DKGA{row.dkga} SGC {row.sgc} KRN {row.krn} TI {row.ti}"
        customer = row.customer.name if row.customer else "-"
        click.echo(f"{row.drn:13}  {row.status:9}  {key}  {row.collector or '-'}  {customer}")
    if not rows:
        click.echo("No meters yet. `tjugo meter add DRN` registers one.")


@meter.command("check-digit")
@click.argument("payload")
def meter_check_digit(payload: str) -> None:
    """Complete a manufacturer code and serial number (10 or 12 digits) to a DRN."""
    click.echo(meters.drn_with_check_digit(payload))


@click.group()
def customer() -> None:
    """Add and list customers."""


@customer.command("add")
@click.argument("name")
@click.option("--phone", help="Telephone number.")
@click.option("--address", help="Address.")
@click.option("--account", "account_no", help="Account number; the next free one by itself.")
@click.option("--meter", "drn", help="DRN of the meter that serves the customer.")
@state_option
def customer_add(state: Path, drn: str | None, **fields: Any) -> None:
    """Register the customer NAME."""
    with Station.open(state) as station, station.work(ACTOR) as work:
        account_no = customers.add_customer(work, **fields)
        if drn:
            customers.link_meter(work, drn, account_no)
    click.echo(f"Account {account_no} is registered.")


@customer.command("list")
@json_option
@state_option
def customer_list(as_json: bool, state: Path) -> None:
    """List the customers."""
    with Station.open(state) as station, station.view() as view:
        rows = everything(partial(registry_views.customers, view))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    for row in rows:
        served = ", ".join(row.meters) or "-"
        click.echo(f"{row.account_no:8}  {row.name}  {row.phone or '-'}  {served}")
    if not rows:
        click.echo("No customers yet. `tjugo customer add NAME` registers one.")


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
@state_option
def sales(limit: int, as_json: bool, state: Path) -> None:
    """List the newest sales, refused ones too, and how far each token got."""
    with Station.open(state) as station, station.view() as view:
        rows = everything(partial(sale_views.sales, view), limit)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    for row in rows:
        what, way = _outcome(row)
        click.echo(f"{row.issued_at}  {row.drn:13} {row.kwh:>8} kWh  {what}  {way}".rstrip())
    if not rows:
        click.echo("No sales yet.")


def _outcome(row: sale_views.SaleView | sale_views.RefusalView) -> tuple[str, str]:
    """What a request got, and how far that is."""
    if isinstance(row, sale_views.RefusalView):
        return f"refused: {row.refused}", ""
    return row.token_grouped, row.delivery.state
