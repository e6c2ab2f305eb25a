"""`tjugo debt`: what customers owe."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo import money
from tjugo.commands.options import json_option, state_option, yes_option
from tjugo.commands.output import actor, confirm, print_json, print_page
from tjugo.errors import TjugoError
from tjugo.station.station import Station
from tjugo.station.storage.paging import LIMIT, MOST
from tjugo.station.storage.tables.tariffs import DEBT_KINDS, DEBT_RULES
from tjugo.station.tariffs import debts, typed

_account = click.argument("account_no", metavar="ACCOUNT")
_number = click.argument("number", metavar="NUMBER", type=click.IntRange(1, 10**9))
_rule = click.option(
    "--rule", type=click.Choice(DEBT_RULES), help="What --rate is; percent if not given."
)
_rate = click.option("--rate", help="Percent of each payment, or an amount a sale or a month.")
_least = click.option("--least", help="The least that a sale recovers.")
_most = click.option("--most", help="The most that a sale recovers; none for no limit.")
_priority = click.option(
    "--priority", type=click.IntRange(0, 1000), help="The lowest is recovered first."
)


@click.group()
def debt() -> None:
    """Open, list, change and write off debts of customers."""


@debt.command("open")
@_account
@click.argument("name")
@click.argument("amount")
@click.option("--kind", type=click.Choice(DEBT_KINDS), default="arrears", show_default=True)
@_rule
@_rate
@_least
@_most
@_priority
@json_option
@state_option
def debt_open(
    account_no: str,
    name: str,
    amount: str,
    kind: str,
    rule: str | None,
    rate: str | None,
    least: str | None,
    most: str | None,
    priority: int | None,
    as_json: bool,
    state: Path,
) -> None:
    """Open a debt of the customer ACCOUNT; sales recover it, all that is tendered unless --rate
    is given."""
    rule = rule or "percent"
    if rate is None and rule != "percent":
        raise TjugoError("Give the --rate.", 2)
    with Station.open(state) as station:
        with station.work(actor()) as work:
            currency = work.tenant.currency
            number = debts.open_debt(
                work,
                account_no,
                name,
                money.parse(amount, currency),
                kind,
                rule,
                typed.debt_rate(rule, rate or "100", currency),
                money.parse(least or "0", currency, "The least"),
                _limit(most, currency),
                100 if priority is None else priority,
            )
        with station.view() as view:
            found = debts.find_debt(view, account_no, number)
    if as_json:
        print_json(asdict(found))
        return
    click.echo(f"Debt {number} of account {account_no} is {money.plain(found.balance, currency)}.")


def _limit(text: str | None, currency: str) -> int | None:
    return None if text in (None, "none") else money.parse(text or "", currency, "The most")


@debt.command("list")
@click.option("--account", "account_no", help="Of this customer.")
@click.option("--after", help="Show what follows this one, as the list before named it.")
@click.option("--limit", default=LIMIT, show_default=True, type=click.IntRange(1, MOST))
@json_option
@state_option
def debt_list(
    account_no: str | None, after: str | None, limit: int, as_json: bool, state: Path
) -> None:
    """List debts by account."""
    with Station.open(state) as station, station.view() as view:
        page = debts.debts(view, account_no, after, limit)
        currency = view.tenant.currency
    nothing = "No debts."
    print_page(page, as_json, lambda row: _line(row, currency), nothing, bool(account_no or after))


def _line(row: debts.DebtView, currency: str) -> str:
    rate = typed.debt_rate_text(row.rule, row.rate, currency)
    left = money.plain(row.balance, currency)
    state = row.state.replace("_", " ")
    return f"{row.account_no}/{row.debt_no}  {left}  {state}  {row.kind}  {row.name}  {rate}"


@debt.command("edit")
@_account
@_number
@click.option("--name", help="Name.")
@_rule
@_rate
@_least
@_most
@_priority
@state_option
def debt_edit(
    account_no: str,
    number: int,
    name: str | None,
    rule: str | None,
    rate: str | None,
    least: str | None,
    most: str | None,
    priority: int | None,
    state: Path,
) -> None:
    """Change how debt NUMBER of the customer ACCOUNT is recovered."""
    if rule is not None and rate is None:
        raise TjugoError("A --rule comes with its --rate.", 2)
    with Station.open(state) as station, station.work(actor()) as work:
        currency = work.tenant.currency
        known = debts.find_debt(work, account_no, number)
        given: dict[str, str | int | None] = {"name": name, "rule": rule, "priority": priority}
        given = {field: value for field, value in given.items() if value is not None}
        if rate is not None:
            given["rate"] = typed.debt_rate(rule or known.rule, rate, currency)
        if least is not None:
            given["least"] = money.parse(least, currency, "The least")
        if most is not None:
            given["most"] = _limit(most, currency)
        if not given:
            raise TjugoError("Nothing to change: give an option.", 2)
        debts.edit_debt(work, account_no, number, **given)
    click.echo(f"Debt {number} of account {account_no} is changed.")


@debt.command("write-off")
@_account
@_number
@click.argument("reason")
@yes_option
@state_option
def debt_write_off(account_no: str, number: int, reason: str, yes: bool, state: Path) -> None:
    """Write off what is left of debt NUMBER of the customer ACCOUNT, for REASON."""
    with Station.open(state) as station:
        with station.view() as view:
            found = debts.find_debt(view, account_no, number)
            left = money.plain(found.balance, view.tenant.currency)
        confirm(f"Write off {left} of {found.name}, account {account_no}?", yes)
        with station.work(actor()) as work:
            debts.write_off(work, account_no, number, reason)
    click.echo(f"Debt {number} of account {account_no} is written off: {left}.")
