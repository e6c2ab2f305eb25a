"""`tjugo sell`: a sale, and its token."""

import uuid
from dataclasses import asdict, replace
from pathlib import Path

import click

from tjugo import money
from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import name_drn, print_json
from tjugo.commands.seller import seller
from tjugo.commands.unlocking import key_file_option, opened
from tjugo.commands.waiting import wait_for_meter
from tjugo.errors import TjugoError
from tjugo.station.delivery.service import REPORTED
from tjugo.station.link import views as link_views
from tjugo.station.station import Station
from tjugo.station.vending.purchase import Purchase, parse_kwh
from tjugo.station.vending.sale_views import sale_view
from tjugo.station.vending.vend import sold
from tjugo.station.vending.views import Sale

CLIENT = "cli"
"""Whose request ids they are: the same for each person at this station, so that a sale which
another person tries again is the same sale."""


@click.command(context_settings={"ignore_unknown_options": True})  # -5 is a wrong amount
@click.argument("drn")
@click.argument("kwh", required=False)
@click.option("--money", "spent", help="Sell for this amount instead of a number of kWh.")
@click.option("--free", is_flag=True, help="Issue this month's free units alone.")
@click.option("--id", "client_id", help="Your id of this sale: the same id sells only once.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 86400),
    default=0,
    help="Wait up to this many seconds for the meter; exit 1 if it did not take the token.",
)
@key_file_option
@json_option
@state_option
def sell(
    drn: str,
    kwh: str | None,
    spent: str | None,
    free: bool,
    client_id: str | None,
    wait_s: float,
    key_file: Path | None,
    as_json: bool,
    state: Path,
) -> None:
    """Sell KWH (steps of 0.1), or electricity for an amount of money, to the meter DRN; to a meter
    that counts money for an amount of money only."""
    if [kwh is not None, spent is not None, free].count(True) != 1:
        raise click.UsageError("Give KWH, --money AMOUNT or --free.")
    amount = None if kwh is None else parse_kwh(kwh)
    with opened(state, key_file) as station:
        with station.view() as view:
            name_drn(view, drn)
            who = seller(view)
        request = str(uuid.uuid4()) if client_id is None else client_id
        paid = None if spent is None else money.parse(spent, station.currency)
        kind = "free" if free else "credit"
        purchase = Purchase(CLIENT, request, drn, amount, paid, kind=kind, **who)
        outcome = sold(station, purchase)
        warning = outcome.warning
        if warning:
            click.echo(warning, err=True)
        if not as_json:
            _print(station, outcome)
        problem = None
        if wait_s:
            outcome, problem = wait_for_meter(station, outcome, wait_s)
            if problem is None and outcome.delivery.state == REPORTED:
                click.echo(f"The token is reported as taken: {outcome.delivery.reason}.", err=True)
    if as_json:
        print_json(asdict(sale_view(replace(outcome, warning=warning))))
    if problem:
        raise TjugoError(problem)


def _print(station: Station, sale: Sale) -> None:
    click.echo(f"Meter {sale.drn}: {_bought(sale)}{_price(sale)}")
    if sale.receipt is not None:
        for token in sale.receipt.tokens[:-1]:
            click.echo(f"{' '.join(token.groups())}  (enter this first)")
    click.echo(sale.grouped())
    click.echo(f"The token {_way(station, sale)}. Sale id: {sale.client_id}")


def _bought(sale: Sale) -> str:
    if sale.credit is not None and sale.receipt is not None:
        return f"credit of {money.text_of(sale.credit, sale.receipt.currency)}"
    more = f" (the token carries {sale.units_kwh} kWh)" if sale.units_kwh != sale.kwh else ""
    return f"{sale.kwh} kWh{more}"


def _price(sale: Sale) -> str:
    if sale.receipt is None:
        return ""
    receipt = sale.receipt
    paid = money.text(receipt.paid() - receipt.change, receipt.currency)
    return f" for {paid}, receipt {receipt.outlet} {receipt.number}"


def _way(station: Station, sale: Sale) -> str:
    if sale.delivery.ref is None:
        return "is to be keyed in"
    if link_views.status(station).state == link_views.NONE:
        return "is to be keyed in: no MQTT broker is set, so its collector does not get it"
    return "goes to the meter by its collector"
