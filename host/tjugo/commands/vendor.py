"""`tjugo vendor` and `tjugo outlet`: who sells, and where."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from tjugo import money
from tjugo.commands.ledger import print_statement
from tjugo.commands.money_text import DAY, day_of, percent, percent_text, table
from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import NONE, actor, print_json
from tjugo.errors import TjugoError
from tjugo.station import days
from tjugo.station.station import Station
from tjugo.station.tills import commission as commissions
from tjugo.station.tills import vendor_views, vendors
from tjugo.station.work import View

_LIMIT = "What the vendor may owe; `none` for no limit."
_RATE = "Percent of the sales, up to 50."


@click.group()
def vendor() -> None:
    """Add, list and edit vendors, and print their statements."""


@vendor.command("add")
@click.argument("code", metavar="VENDOR")
@click.argument("name")
@click.option("--limit", default=NONE, show_default=True, help=_LIMIT)
@click.option("--commission", default="0", show_default=True, help=_RATE)
@state_option
def vendor_add(code: str, name: str, limit: str, commission: str, state: Path) -> None:
    """Register VENDOR, a short code, with its NAME."""
    with Station.open(state) as station, station.work(actor()) as work:
        vendors.add_vendor(work, code, name, _limit(work, limit), percent(commission))
    click.echo(f"Vendor {code} is registered.")


def _limit(view: View, text: str) -> int | None:
    return None if text == NONE else money.parse(text, view.tenant.currency, "The credit limit")


@vendor.command("list")
@json_option
@state_option
def vendor_list(as_json: bool, state: Path) -> None:
    """List the vendors with what they owe, and how much of it is in open tills: a statement has
    that after the cash-up. The utility itself owes nothing."""
    with Station.open(state) as station, station.view() as view:
        rows, unit = vendor_views.vendor_list(view), view.tenant.currency
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    shown = [("vendor", "name", "owes", "in tills", "limit", "commission", "outlets")]
    for row in rows:
        limit = "none" if row.credit_limit is None else money.plain(row.credit_limit, unit)
        name = row.name if row.active else f"{row.name} (not active)"
        owed, in_tills = (
            "-" if amount is None else money.plain(amount, unit)
            for amount in (row.owed, row.in_tills)
        )
        rate, at = percent_text(row.commission), ", ".join(row.outlets)
        shown.append((row.vendor, name, owed, in_tills, limit, rate, at))
    table(shown, (2, 3, 4, 5))


@vendor.command("edit")
@click.argument("code", metavar="VENDOR")
@click.option("--name", help="Name.")
@click.option("--limit", help=_LIMIT)
@click.option("--commission", help=_RATE)
@click.option("--active/--not-active", default=None, help="Whether its outlets may sell.")
@state_option
def vendor_edit(
    code: str,
    name: str | None,
    limit: str | None,
    commission: str | None,
    active: bool | None,
    state: Path,
) -> None:
    """Change VENDOR. A new commission counts from today on."""
    with Station.open(state) as station, station.work(actor()) as work:
        given: dict[str, object] = {}
        if limit is not None:
            given["credit_limit"] = _limit(work, limit)
        if commission is not None:
            given["commission"] = percent(commission)
        given |= {k: v for k, v in (("name", name), ("active", active)) if v is not None}
        if not given:
            raise TjugoError("Nothing to change.", 2)
        vendors.edit_vendor(work, code, **given)
    click.echo(f"Vendor {code} is changed.")


@vendor.command("statement")
@click.argument("code", metavar="VENDOR")
@click.option("--from", "first", type=DAY, help="First day, YYYY-MM-DD; of this month by itself.")
@click.option("--to", "last", type=DAY, help="Last day; today by itself.")
@json_option
@state_option
def vendor_statement(
    code: str, first: datetime | None, last: datetime | None, as_json: bool, state: Path
) -> None:
    """Print what VENDOR owes: opening balance, every change, closing balance."""
    with Station.open(state) as station, station.view() as view:
        today = days.day(view, station.clock())
        given = (day_of(first, today.replace(day=1)), day_of(last, today))
        found, unit = vendor_views.vendor_statement(view, code, *given), view.tenant.currency
    print_statement(found, unit, as_json)


@vendor.command("commission")
@click.argument("code", metavar="[VENDOR]", required=False)
@state_option
def vendor_commission(code: str | None, state: Path) -> None:
    """Post the commission of all days before today, of VENDOR or of all."""
    with Station.open(state) as station, station.work(actor()) as work:
        unit = work.tenant.currency
        posted = commissions.post_due(work, code)
    for row in posted:
        amount, sold = money.plain(row.commission, unit), money.plain(row.sales, unit)
        click.echo(f"{row.vendor}  {row.day}  {amount}, {percent_text(row.rate)} of {sold}")
    if not posted:
        click.echo("No commission is due.")


@click.group()
def outlet() -> None:
    """Add, list and edit outlets."""


@outlet.command("add")
@click.argument("code", metavar="OUTLET")
@click.argument("name")
@click.option("--vendor", "of", default=vendors.MAIN, show_default=True, help="Whose it is.")
@click.option("--address", help="Address.")
@state_option
def outlet_add(code: str, name: str, of: str, address: str | None, state: Path) -> None:
    """Register OUTLET, a short code, with its NAME."""
    with Station.open(state) as station, station.work(actor()) as work:
        vendors.add_outlet(work, code, of, name, address)
    click.echo(f"Outlet {code} is registered.")


@outlet.command("list")
@json_option
@state_option
def outlet_list(as_json: bool, state: Path) -> None:
    """List the outlets."""
    with Station.open(state) as station, station.view() as view:
        rows = vendor_views.outlet_list(view)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    shown = [("outlet", "vendor", "name", "address", "")]
    for row in rows:
        active = "" if row.active else "not active"
        shown.append((row.outlet, row.vendor, row.name, row.address or "-", active))
    table(shown)


@outlet.command("edit")
@click.argument("code", metavar="OUTLET")
@click.option("--name", help="Name.")
@click.option("--address", help='Address; "" for none.')
@click.option("--active/--not-active", default=None, help="Whether shifts may be opened.")
@state_option
def outlet_edit(
    code: str, name: str | None, address: str | None, active: bool | None, state: Path
) -> None:
    """Change OUTLET."""
    fields = (("name", name), ("address", address), ("active", active))
    given = {field: value for field, value in fields if value is not None}
    if not given:
        raise TjugoError("Nothing to change: give --name, --address or --active.", 2)
    with Station.open(state) as station, station.work(actor()) as work:
        vendors.edit_outlet(work, code, **given)
    click.echo(f"Outlet {code} is changed.")
