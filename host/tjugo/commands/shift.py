"""`tjugo shift`: shifts, their cash-up and reports, and banking batches."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo import money
from tjugo.commands.money_text import by_means, table
from tjugo.commands.options import json_option, page_options, state_option, yes_option
from tjugo.commands.output import actor, confirm, print_json, show_page
from tjugo.station import names
from tjugo.station.ledger.accounts import ACCOUNTS
from tjugo.station.station import Station
from tjugo.station.tills import banking_views, batches, cash_up, shifts, vendors, views


@click.group()
def shift() -> None:
    """Open, cash up, report and bank shifts."""


@shift.command("open")
@click.option("--outlet", default=vendors.MAIN, show_default=True, help="The outlet.")
@click.option("--float", "opening", default="0", show_default=True, help="Cash in the till.")
@state_option
def shift_open(outlet: str, opening: str, state: Path) -> None:
    """Open your shift."""
    with Station.open(state) as station, station.work(actor()) as work:
        amount = money.parse(opening, work.tenant.currency, "The float")
        number = shifts.open_shift(work, actor(), outlet, amount)
    click.echo(f"Shift {number} is open.")


@shift.command("list")
@page_options("Operator whose shifts are shown: log-in name, part of the name, or op:ada.")
@json_option
@state_option
def shift_list(search: str, after: str | None, limit: int, as_json: bool, state: Path) -> None:
    """List the shifts, newest first."""
    show_page(
        state,
        lambda view: views.shifts(
            view, names.matching(view, search) if search else None, None, after, limit
        ),
        _line,
        "No shifts yet.",
        as_json,
        bool(search or after),
    )


def _line(row: views.ShiftView, unit: str) -> str:
    if row.difference is None:
        end = "open"
    else:
        end = f"{row.closed_at}  difference {money.plain(row.difference, unit)}"
    return f"{row.shift_no:>6}  {row.operator}  {row.outlet}  {row.opened_at}  {end}"


@shift.command("show")
@click.argument("number", type=int)
@json_option
@state_option
def shift_show(number: int, as_json: bool, state: Path) -> None:
    """Print the report of the shift NUMBER: takings by means, kind and resource, and the count."""
    with Station.open(state) as station, station.view() as view:
        report, unit = views.shift_report(view, number, actor()), view.tenant.currency
        who = names.of_actor(view, report.shift.operator)
    if as_json:
        print_json({**asdict(report), "counts": [_count(count) for count in report.counts]})
        return
    row = report.shift
    click.echo(f"Shift {row.shift_no} of {who} at {row.outlet}")
    click.echo(f"opened {row.opened_at} with {money.plain(row.opening_float, unit)}")
    click.echo(f"closed {row.closed_at}" if row.closed_at else "open")
    if report.takings is None:
        click.echo(views.HIDDEN)
    else:
        print_takings(report.takings, unit)
        print_counts(report.counts, unit)
    if report.compared.first is not None:
        click.echo(f"compared {report.compared.times}; first count {report.compared.first}")
    if row.note:
        click.echo(f"note: {row.note}")


def _count(count: cash_up.Count) -> dict[str, object]:
    return {**asdict(count), "difference": count.difference}


def print_takings(found: views.Takings, unit: str) -> None:
    """Print takings by means of payment, kind of entry and resource."""
    rows = [("received", row.means, money.plain(row.amount, unit)) for row in found.means]
    rows += [
        ("by kind", f"{row.kind} ({row.entries})", money.plain(row.amount, unit))
        for row in found.kinds
    ]
    rows += [
        (
            "sold",
            f"{ACCOUNTS[row.account].title} {row.party}".strip(),
            money.plain(row.amount, unit),
        )
        for row in found.resources
    ]
    table([*rows, ("total", "", money.plain(found.total, unit))], (2,))


def print_counts(found: tuple[cash_up.Count, ...] | list[cash_up.Count], unit: str) -> None:
    """Print what is expected and counted, by means."""
    rows = [("means", "expected", "counted", "difference")]
    for count in found:
        shown = [
            "-" if amount is None else money.plain(amount, unit)
            for amount in (count.expected, count.counted, count.difference)
        ]
        if count.expected or count.counted is not None or count.means == "cash":
            rows.append((count.means, *shown))  # type: ignore[arg-type]
    table(rows, (1, 2, 3))


@shift.command("cash-up")
@click.argument("number", type=int)
@click.option("--count", "counted", multiple=True, help="What is in the till, as cash=120.50.")
@click.option("--note", default="", help="A note about the difference.")
@yes_option
@state_option
def shift_cash_up(
    number: int, counted: tuple[str, ...], note: str, yes: bool, state: Path
) -> None:
    """Close the shift NUMBER with what was counted; the difference is posted."""
    with Station.open(state) as station:
        with station.work(actor()) as work:
            unit, amounts = work.tenant.currency, by_means(work, counted)
            found = cash_up.compare(work, number, amounts)
        print_counts(found, unit)
        confirm(f"Close shift {number} with these counts?", yes)
        with station.work(actor()) as work:
            found = cash_up.cash_up(work, number, amounts, note)
    difference = sum(count.difference or 0 for count in found)
    click.echo(f"Shift {number} is closed; difference {money.plain(difference, unit)}.")


@shift.command("bank")
@click.argument("outlet", default=vendors.MAIN)
@state_option
def shift_bank(outlet: str, state: Path) -> None:
    """Put the closed shifts of OUTLET, and what it received without a shift, into a new banking
    batch, to be deposited."""
    with Station.open(state) as station:
        with station.work(actor()) as work:
            number = batches.close_batch(work, outlet)
        with station.view() as view:
            report, unit = banking_views.batch_report(view, number), view.tenant.currency
            who = names.of_actor(view, report.closed_by)
    _print_batch(report, unit, who)


@shift.command("batches")
@page_options("The outlet whose batches are shown.")
@json_option
@state_option
def shift_batches(search: str, after: str | None, limit: int, as_json: bool, state: Path) -> None:
    """List the banking batches, newest first."""
    show_page(
        state,
        lambda view: banking_views.batch_list(view, search or None, after, limit),
        _batch_line,
        "No banking batches yet.",
        as_json,
        bool(search or after),
    )


def _batch_line(row: banking_views.BatchView, unit: str) -> str:
    left = money.plain(row.left, unit)
    return f"{row.batch_no:>6}  {row.outlet}  {row.closed_at}  to deposit {left}"


@shift.command("batch")
@click.argument("number", type=int)
@json_option
@state_option
def shift_batch(number: int, as_json: bool, state: Path) -> None:
    """Print the report of the banking batch NUMBER again."""
    with Station.open(state) as station, station.view() as view:
        report, unit = banking_views.batch_report(view, number), view.tenant.currency
        who = names.of_actor(view, report.closed_by)
    if as_json:
        print_json(asdict(report))
        return
    _print_batch(report, unit, who)


def _print_batch(report: banking_views.BatchReport, unit: str, who: str) -> None:
    numbers = ", ".join(str(row.shift_no) for row in report.shifts) or "none"
    click.echo(f"Banking batch {report.batch_no} of {report.outlet}, {report.closed_at}")
    click.echo(f"closed by {who}; shifts {numbers}")
    print_takings(report.takings, unit)
    for row in report.office:
        click.echo(f"without a shift: {money.plain(row.amount, unit)} {row.means}")
    for deposit in report.deposits:
        state = "reversed" if deposit.reversed_at else "deposited"
        amount = money.plain(deposit.amount, unit)
        click.echo(f"{state} {amount} {deposit.means}, {deposit.bank_ref}")
    for row in report.left:
        click.echo(f"to deposit: {money.plain(row.amount, unit)} {row.means}")
