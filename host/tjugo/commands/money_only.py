"""`tjugo void`, `tjugo credit-note`, `tjugo pay`: money of sales that are undone, and payments."""

import uuid
from pathlib import Path

import click

from tjugo import money
from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import actor, print_json
from tjugo.commands.seller import seller
from tjugo.station.receipts.model import fields_of
from tjugo.station.receipts.service import only_client
from tjugo.station.station import Station
from tjugo.station.vending.credit_note import credit_note
from tjugo.station.vending.money_only import MoneyDone
from tjugo.station.vending.note import CASH, CreditNote
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.purchase import MEANS, Tender
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.void import void

_CLIENT = "cli"
_sale = click.argument("sale", metavar="SALE")
_of = click.option("--client", help="Whose sale it is, where several have used the id.")
_why = click.option("--reason", "why", required=True, help="Why, for the audit.")
_id = click.option("--id", "client_id", help="Your id of this request: the same id counts once.")


@click.command("void")
@_sale
@_of
@_why
@state_option
def void_(sale: str, client: str | None, why: str, state: Path) -> None:
    """Void the sale with the id SALE, whose token was shown to nobody."""
    with Station.open(state) as station, station.work(actor()) as work:
        void(work, client or only_client(work, sale), sale, why)
    click.echo(f"Sale {sale} is void.")


@click.command("credit-note")
@_sale
@_of
@click.option("--amount", help="A part of what is left of the sale; all of it without.")
@click.option("--cash", is_flag=True, help="Return cash, not credit at the utility.")
@_why
@_id
@json_option
@state_option
def credit_note_(
    sale: str,
    client: str | None,
    amount: str | None,
    cash: bool,
    why: str,
    client_id: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Write a credit note for the sale with the id SALE, whose token was shown, or for a payment:
    whole, by the means by which it was paid."""
    with Station.open(state) as station:
        part = None if amount is None else money.parse(amount, station.currency)
        with station.work(actor()) as work:
            asked = CreditNote(
                _CLIENT,
                client_id or str(uuid.uuid4()),
                client or only_client(work, sale),
                sale,
                Seller(**seller(work)),
                why,
                part,
                CASH if cash else None,
            )
            done = credit_note(work, asked)
    _print(done, as_json, "Credit note")


@click.command("pay")
@click.argument("account_no", metavar="ACCOUNT")
@click.argument("amount")
@click.option("--debt", "debt_no", type=click.IntRange(1, 10**9), help="The debt that is paid.")
@click.option("--means", type=click.Choice(MEANS), default="cash", show_default=True)
@click.option("--ref", default="", help="Of the card slip, transfer or voucher.")
@_id
@json_option
@state_option
def pay_(
    account_no: str,
    amount: str,
    debt_no: int | None,
    means: str,
    ref: str,
    client_id: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Take a payment of AMOUNT from the customer ACCOUNT: to a debt, or to the customer's credit
    without --debt."""
    request = client_id or str(uuid.uuid4())
    with Station.open(state) as station:
        paid = money.parse(amount, station.currency)
        tenders = (Tender(means, paid, ref),)
        with station.work(actor()) as work:
            who = Seller(**seller(work))
            asked = Payment(_CLIENT, request, account_no, paid, who, debt_no, tenders)
            done = pay(work, asked)
    _print(done, as_json, "Payment")


def _print(done: MoneyDone, as_json: bool, what: str) -> None:
    receipt = done.receipt
    if as_json:
        print_json(fields_of(receipt))
        return
    amount = money.text(receipt.paid() - receipt.change, receipt.currency)
    click.echo(f"{what} of {amount}, receipt {receipt.outlet} {receipt.number}.")
