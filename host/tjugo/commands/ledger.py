"""`tjugo ledger`: the ledger, checked and read."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from tjugo import money
from tjugo.commands.money_text import DAY, day_of, table
from tjugo.commands.options import json_option, state_option, yes_option
from tjugo.commands.output import actor, confirm, print_json
from tjugo.errors import TjugoError
from tjugo.station import days
from tjugo.station.health import books
from tjugo.station.ledger import balances, correct, verify
from tjugo.station.station import Station

_SHOWN = 20


@click.group()
def ledger() -> None:
    """Verify and read the ledger."""


@ledger.command("verify")
@state_option
def ledger_verify(state: Path) -> None:
    """Check every entry and every figure derived from the entries; the status is 1 when something
    is wrong."""
    with Station.open(state) as station, station.view() as view:
        count, wrong = verify.entries(view), books.verify(view)
    for sentence in wrong:
        click.echo(sentence)
    if wrong:
        raise TjugoError("The ledger is not right. `tjugo ledger rebuild` makes the derived rows.")
    click.echo(f"The ledger is right: {count} entries, all balanced; every derived row agrees.")


@ledger.command("rebuild")
@yes_option
@state_option
def ledger_rebuild(yes: bool, state: Path) -> None:
    """Make all derived rows again: balances, day totals, months and charges of meters, use of
    vending keys. Entries, sales and tokens, from which they follow, are not changed."""
    with Station.open(state) as station:
        with station.view() as view:
            wrong = books.verify(view)
        confirm("Make all derived rows again?", yes)
        with station.work(actor()) as work:
            books.rebuild(work)
        with station.view() as view:
            left = books.verify(view)
    for sentence in wrong[:_SHOWN]:
        click.echo(f"before: {sentence}")
    if left:
        raise TjugoError("\n".join(left))
    click.echo("The derived rows are made again, and agree with entries, sales and tokens.")


@ledger.command("balances")
@json_option
@state_option
def ledger_balances(as_json: bool, state: Path) -> None:
    """Show the balance of each account; debit is positive."""
    with Station.open(state) as station, station.view() as view:
        rows, unit = balances.trial_balance(view), view.tenant.currency
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    shown = [
        (row.account, row.type, row.title, money.plain(row.amount, unit))
        for row in rows
        if row.amount
    ]
    if not shown:
        click.echo("Nothing is posted yet.")
        return
    table(shown, (3,))


@ledger.command("statement")
@click.argument("account")
@click.argument("party", required=False)
@click.option("--from", "first", type=DAY, help="First day, YYYY-MM-DD; of this month by itself.")
@click.option("--to", "last", type=DAY, help="Last day; today by itself.")
@json_option
@state_option
def ledger_statement(
    account: str,
    party: str | None,
    first: datetime | None,
    last: datetime | None,
    as_json: bool,
    state: Path,
) -> None:
    """Show the postings of ACCOUNT, or of one PARTY of it such as a vendor, with opening and
    closing balance."""
    with Station.open(state) as station, station.view() as view:
        today = days.day(view, station.clock())
        given = (day_of(first, today.replace(day=1)), day_of(last, today))
        found, unit = balances.statement(view, account, party, *given), view.tenant.currency
    print_statement(found, unit, as_json)


def print_statement(found: balances.Statement, unit: str, as_json: bool) -> None:
    """Print a statement; in JSON amounts are minor units."""
    if as_json:
        lines = [
            {**asdict(line), "at": line.at.isoformat(), "day": line.day.isoformat()}
            for line in found.lines
        ]
        whole = {**asdict(found), "first": str(found.first), "last": str(found.last)}
        print_json({**whole, "lines": lines})
        return
    rows = [(str(found.first), "", "opening balance", "", money.plain(found.opening, unit))]
    rows += [
        (
            str(line.day),
            str(line.entry_no),
            " ".join(filter(None, (line.kind, line.ref, _of(found, line)))),
            money.plain(line.amount, unit),
            money.plain(line.balance, unit),
        )
        for line in found.lines
    ]
    rows.append((str(found.last), "", "closing balance", "", money.plain(found.closing, unit)))
    table(rows, (1, 3, 4))


def _of(found: balances.Statement, line: balances.StatementLine) -> str:
    """Return the party of a line, where there may be several."""
    return f"({line.party})" if found.party is None and line.party else ""


@ledger.command("correct")
@click.argument("entry_no", metavar="ENTRY", type=int)
@click.option("--reason", "text", required=True, help="Why; printed on statements.")
@yes_option
@state_option
def ledger_correct(entry_no: int, text: str, yes: bool, state: Path) -> None:
    """Reverse ENTRY, an opening balance, by a new entry. Sales and deposits are corrected by their
    own commands."""
    with Station.open(state) as station:
        confirm(f"Reverse entry {entry_no}?", yes)
        with station.work(actor()) as work:
            correct.reverse(work, entry_no, text)
    click.echo(f"Entry {entry_no} is reversed.")
