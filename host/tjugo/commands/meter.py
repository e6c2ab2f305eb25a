"""`tjugo meter`: meters and their customers. meter_status.py adds commands to the group."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tjugo.commands import meter_text
from tjugo.commands.options import (
    json_option,
    page_options,
    register_options,
    state_option,
)
from tjugo.commands.output import actor, name_drn, none_or, print_json, print_page
from tjugo.counted import COUNTS
from tjugo.errors import TjugoError
from tjugo.station.registry import customers, history, meters, views
from tjugo.station.registry.status import sentence
from tjugo.station.station import Station
from tjugo.station.vending.expiry import of_meter
from tjugo.station.work import Work


@click.group()
def meter() -> None:
    """Add, list, edit, link and retire meters."""


@meter.command("add")
@click.argument("drn")
@register_options(
    ea="encryption algorithm: 07 STA, 11 MISTY1", dkga="decoder key generation algorithm: 02 or 04"
)
@click.option("--counts", type=click.Choice(COUNTS), help="What it counts; energy if not given.")
@click.option("--collector", "collector_id", help="The collector that serves it.")
@click.option("--customer", "account_no", help="Account number of the customer it serves.")
@click.option("--service-point", help="Where it is, for --customer.")
@click.option("--site", help="Its site in the network, for --customer.")
@json_option
@state_option
def meter_add(
    drn: str,
    account_no: str | None,
    service_point: str | None,
    site: str | None,
    as_json: bool,
    state: Path,
    **given: Any,
) -> None:
    """Register the meter DRN. DKGA, BDT and KEN that are not given are the vending key's."""
    if {service_point, site} != {None} and account_no is None:
        raise TjugoError("A service point needs a customer: give --customer too.", 2)

    def add(work: Work) -> None:
        added = meters.add_meter(work, meters.new_meter(work, drn, **given))
        if account_no is not None:
            customers.link_meter(work, added, account_no, service_point, site)
        warned.append(of_meter(work, added))

    warned: list[str | None] = []
    change_meter(state, drn, add, as_json, "is registered.")
    for warning in filter(None, warned):
        click.echo(warning, err=True)


@meter.command("list")
@page_options("Part of the DRN, the collector, or the customer's name or account.")
@json_option
@state_option
def meter_list(search: str, after: str | None, limit: int, as_json: bool, state: Path) -> None:
    """List the meters by DRN."""
    with Station.open(state) as station, station.view() as view:
        page = views.meters(view, search, after, limit)
    nothing = "No meters yet. `tjugo meter add DRN` registers one."
    print_page(page, as_json, meter_text.line, nothing, bool(search or after))


@meter.command("show")
@click.argument("drn")
@json_option
@state_option
def meter_show(drn: str, as_json: bool, state: Path) -> None:
    """Show the meter DRN: its key register, whom it serves and served, its latest reading."""
    with Station.open(state) as station, station.view() as view:
        name_drn(view, drn)
        found, past = views.find_meter(view, drn), history.meter_history(view, drn)
    if as_json:
        print_json({**asdict(found), "history": asdict(past)})
    else:
        click.echo(meter_text.sheet(found, past))


@meter.command("edit")
@click.argument("drn")
@click.option("--collector", "collector_id", help="The collector that serves it, or none.")
@click.option("--customer", "account_no", help="Account of the customer it serves, or none.")
@click.option("--service-point", help="Where it is, or none.")
@click.option("--site", help="Its site in the network, or none.")
@click.option("--counts", type=click.Choice(COUNTS), help="What it counts; before any credit.")
@json_option
@state_option
def meter_edit(
    drn: str,
    counts: str | None,
    collector_id: str | None,
    account_no: str | None,
    service_point: str | None,
    site: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Change the collector, the customer or the service point of the meter DRN, or what it
    counts."""
    if (collector_id, account_no, service_point, site, counts) == (None,) * 5:
        raise TjugoError("Nothing to change: give --collector, --customer or another.", 2)
    account = None if account_no is None else none_or(account_no)
    place, site = (
        None if given is None else none_or(given) or "" for given in (service_point, site)
    )
    if account_no is not None and account is None and {place, site} != {None}:
        raise TjugoError("A meter without a customer has no service point.", 2)

    def edit(work: Work) -> None:
        if counts is not None:
            meters.set_counts(work, drn, counts)
        if collector_id is not None:
            meters.set_collector(work, drn, none_or(collector_id))
        if account is not None:
            customers.link_meter(work, drn, account, place, site)
        elif account_no is not None:
            customers.unlink_meter(work, drn)
        elif place is not None or site is not None:
            customers.set_service_point(work, drn, place, site)

    change_meter(state, drn, edit, as_json, "is changed.")


@meter.command("link")
@click.argument("drn")
@click.argument("account_no", metavar="ACCOUNT")
@click.option("--service-point", help="Where the meter is.")
@click.option("--site", help="Its site in the network.")
@json_option
@state_option
def meter_link(
    drn: str,
    account_no: str,
    service_point: str | None,
    site: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Let the meter DRN serve the customer ACCOUNT from now on, and no other."""

    def link(work: Work) -> None:
        customers.link_meter(work, drn, account_no, service_point, site)

    change_meter(state, drn, link, as_json, f"serves account {account_no}.")


@meter.command("unlink")
@click.argument("drn")
@json_option
@state_option
def meter_unlink(drn: str, as_json: bool, state: Path) -> None:
    """End the link between the meter DRN and its customer."""

    def unlink(work: Work) -> None:
        customers.unlink_meter(work, drn)

    change_meter(state, drn, unlink, as_json, "serves no customer now.")


@meter.command("check-digit")
@click.argument("payload")
def meter_check_digit(payload: str) -> None:
    """Complete a manufacturer code and serial number (10 or 12 digits) to a DRN."""
    click.echo(meters.drn_with_check_digit(payload))


def change_meter(
    state: Path,
    drn: str,
    action: Callable[[Work], None],
    as_json: bool,
    predicate: str | None = None,
) -> None:
    """Run an action on a meter as one unit of work, and print the result.

    predicate: the rest of a sentence about the meter; None: its status.
    """
    with Station.open(state) as station:
        with station.view() as view:
            name_drn(view, drn)
        with station.work(actor()) as work:
            action(work)
            found = views.find_meter(work, drn)
    if as_json:
        print_json(asdict(found))
    else:
        of_status = sentence(found.drn, found.status)
        click.echo(of_status if predicate is None else f"Meter {found.drn} {predicate}")
