"""`tjugo deposit`: money that was banked."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo import money
from tjugo.commands.options import json_option, page_options, state_option, yes_option
from tjugo.commands.output import actor, confirm, print_json, show_page
from tjugo.errors import TjugoError
from tjugo.station.ledger.accounts import MEANS
from tjugo.station.station import Station
from tjugo.station.tills import banking_views, batches


@click.group()
def deposit() -> None:
    """Record and list money that was banked."""


@deposit.command("add")
@click.argument("amount")
@click.argument("bank_ref", metavar="REFERENCE")
@click.option("--batch", type=int, help="The banking batch whose money it is.")
@click.option("--vendor", help="The vendor who paid it.")
@click.option("--means", type=click.Choice(MEANS), default="cash", show_default=True)
@state_option
def deposit_add(
    amount: str, bank_ref: str, batch: int | None, vendor: str | None, means: str, state: Path
) -> None:
    """Record a deposit of AMOUNT with the bank's REFERENCE."""
    if (batch is None) == (vendor is None):
        raise TjugoError("Give --batch or --vendor.", 2)
    with Station.open(state) as station, station.work(actor()) as work:
        unit = work.tenant.currency
        new = batches.NewDeposit(money.parse(amount, unit), bank_ref, means)
        if batch is not None:
            number = batches.deposit_batch(work, batch, new)
        else:
            number = batches.deposit_vendor(work, vendor or "", new)
        found = banking_views.deposit_view(batches.known_deposit(work, number))
    _print_slip(found, unit)


@deposit.command("list")
@page_options("The vendor whose deposits are shown.")
@json_option
@state_option
def deposit_list(search: str, after: str | None, limit: int, as_json: bool, state: Path) -> None:
    """List the deposits, newest first."""
    show_page(
        state,
        lambda view: banking_views.deposits(view, search or None, after, limit),
        _line,
        "No deposits yet.",
        as_json,
        bool(search or after),
    )


def _line(row: banking_views.DepositView, unit: str) -> str:
    end = "  reversed" if row.reversed_at else ""
    amount = money.plain(row.amount, unit)
    return f"{row.deposit_no:>6}  {row.made_at}  {row.vendor}  {amount}  {row.bank_ref}{end}"


@deposit.command("show")
@click.argument("number", type=int)
@json_option
@state_option
def deposit_show(number: int, as_json: bool, state: Path) -> None:
    """Print the deposit slip NUMBER again."""
    with Station.open(state) as station, station.view() as view:
        found = banking_views.deposit_view(batches.known_deposit(view, number))
        unit = view.tenant.currency
    if as_json:
        print_json(asdict(found))
        return
    _print_slip(found, unit)


@deposit.command("reverse")
@click.argument("number", type=int)
@click.option("--reason", "text", required=True, help="Why; printed on statements.")
@yes_option
@state_option
def deposit_reverse(number: int, text: str, yes: bool, state: Path) -> None:
    """Undo the deposit NUMBER, recorded in error, by a new entry."""
    with Station.open(state) as station:
        confirm(f"Reverse deposit {number}?", yes)
        with station.work(actor()) as work:
            batches.reverse_deposit(work, number, text)
    click.echo(f"Deposit {number} is reversed.")


def _print_slip(found: banking_views.DepositView, unit: str) -> None:
    source = f"vendor {found.vendor}" if found.batch_no is None else f"batch {found.batch_no}"
    click.echo(f"deposit    {found.deposit_no}{' (reversed)' if found.reversed_at else ''}")
    click.echo(f"amount     {money.plain(found.amount, unit)} {found.means}")
    click.echo(f"of         {source}")
    click.echo(f"reference  {found.bank_ref}")
    click.echo(f"recorded   {found.made_at} by {found.made_by}")
