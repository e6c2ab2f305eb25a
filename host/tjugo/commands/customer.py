"""`tjugo customer`: the station's customers."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tjugo.commands.options import json_option, page_options, state_option, yes_option
from tjugo.commands.output import actor, confirm, name_drn, print_json, print_page
from tjugo.errors import TjugoError
from tjugo.station.registry import customers, search, views
from tjugo.station.station import Station
from tjugo.station.work import View

_SHOWN = ("name", "phone", "address")


_MORE = {name: title for name, (_, title) in customers.FIELDS.items() if name not in _SHOWN}


def _field_options(function: Any) -> Any:
    """Return the command with an option for each field of a customer but the name."""
    for name in reversed(customers.FIELDS):
        if name != "name":
            title = customers.FIELDS[name][1]
            text = f"{title[:1].upper()}{title[1:]}."
            function = click.option(f"--{name.replace('_', '-')}", help=text)(function)
    return function


@click.group()
def customer() -> None:
    """Add, list, edit and remove customers."""


@customer.command("add")
@click.argument("name")
@_field_options
@click.option("--account", "account_no", help="Account number; the next free one by itself.")
@click.option("--meter", "drn", help="DRN of the meter that serves the customer.")
@json_option
@state_option
def customer_add(
    state: Path, drn: str | None, as_json: bool, name: str, **fields: str | None
) -> None:
    """Register the customer NAME."""
    with Station.open(state) as station, station.work(actor()) as work:
        account_no = customers.add_customer(work, name, **fields)
        if drn is not None:
            name_drn(work, drn)
            customers.link_meter(work, drn, account_no)
        found = views.find_customer(work, account_no)
    _print(found, as_json, f"Account {account_no} is registered.")


@customer.command("list")
@page_options("Part of the account, name, telephone, address or DRN.")
@json_option
@state_option
def customer_list(search: str, after: str | None, limit: int, as_json: bool, state: Path) -> None:
    """List the customers by account number."""
    with Station.open(state) as station, station.view() as view:
        page = views.customers(view, search, after, limit)
    nothing = "No customers yet. `tjugo customer add NAME` registers one."
    print_page(page, as_json, _line, nothing, bool(search or after))


def _line(row: views.CustomerView) -> str:
    served = ", ".join(row.meters) or "-"
    return f"{row.account_no:8}  {row.name}  {row.phone or '-'}  {served}"


@customer.command("show")
@click.argument("account_no", metavar="ACCOUNT")
@json_option
@state_option
def customer_show(account_no: str, as_json: bool, state: Path) -> None:
    """Show the customer with the number ACCOUNT."""
    with Station.open(state) as station, station.view() as view:
        found = views.find_customer(view, account_no)
    if as_json:
        print_json(asdict(found))
        return
    click.echo(f"account    {found.account_no}")
    click.echo(f"name       {found.name}")
    click.echo(f"telephone  {found.phone or '-'}")
    click.echo(f"address    {found.address or '-'}")
    click.echo(f"meters     {', '.join(found.meters) or '-'}")
    for field in _MORE:
        text = getattr(found, field)
        if text is not None:
            click.echo(f"{field.replace('_no', ' number'):10} {text}")


@customer.command("edit")
@click.argument("account_no", metavar="ACCOUNT")
@click.option("--name", help="Name.")
@_field_options
@json_option
@state_option
def customer_edit(account_no: str, as_json: bool, state: Path, **fields: str | None) -> None:
    """Change fields of the customer ACCOUNT; "" empties one."""
    given = {field: text for field, text in fields.items() if text is not None}
    if not given:
        raise TjugoError("Nothing to change: give --name, --phone, --address or another.", 2)
    with Station.open(state) as station, station.work(actor()) as work:
        customers.update_customer(work, account_no, **given)
        found = views.find_customer(work, account_no)
    _print(found, as_json, f"Account {account_no} is changed.")


@customer.command("remove")
@click.argument("account_no", metavar="ACCOUNT")
@yes_option
@json_option
@state_option
def customer_remove(account_no: str, yes: bool, as_json: bool, state: Path) -> None:
    """Remove the customer ACCOUNT, who never had a meter or a debt, and never paid.

    Customers who had one are kept: sales and meters refer to them.
    """
    with Station.open(state) as station:
        with station.view() as view:
            found = _removable(view, account_no)
        confirm(f"Remove account {account_no}, {found.name}?", yes)
        with station.work(actor()) as work:
            customers.delete_customer(work, account_no)
    _print(found, as_json, f"Account {account_no} is removed.")


@customer.command("search-index")
@click.option("--rebuild", is_flag=True, help="Make it anew.")
@state_option
def customer_search_index(rebuild: bool, state: Path) -> None:
    """Check the words by which customers are found against the customers, or make them anew."""
    with Station.open(state) as station:
        if rebuild:
            with station.work(actor()) as work:
                count = search.rebuild(work)
            click.echo(f"The words of {count} customers are made anew.")
            return
        with station.view() as view:
            wrong = search.verify(view)
    if wrong:
        more = f" And {len(wrong) - 1} more." if len(wrong) > 1 else ""
        advice = "`tjugo customer search-index --rebuild` makes it anew."
        raise TjugoError(f"{wrong[0]}{more} {advice}")
    click.echo("Every customer is found by all of their words.")


def _removable(view: View, account_no: str) -> views.CustomerView:
    found = views.find_customer(view, account_no)
    customers.check_unused(view, account_no)
    return found


def _print(found: views.CustomerView, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(sentence)
