"""`tjugo tariff`: the utility's prices."""

from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click

from tjugo import money
from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import actor, name_drn, print_json
from tjugo.counted import ENERGY
from tjugo.errors import TjugoError
from tjugo.station.station import Station
from tjugo.station.tariffs import assignment, stored, typed, versions, views

_tariff = click.argument("code", metavar="TARIFF")
_version = click.argument("number", metavar="VERSION", type=click.IntRange(1, 10**9))
_note = click.option("--note", help="A note on the decision.")


@click.group()
def tariff() -> None:
    """Propose, approve, assign and preview tariffs."""


@tariff.command("list")
@json_option
@state_option
def tariff_list(as_json: bool, state: Path) -> None:
    """List the tariffs and their versions."""
    with Station.open(state) as station, station.view() as view:
        found = views.tariffs(view, station.clock())
    if as_json:
        print_json({"items": [asdict(row) for row in found], "next": None})
        return
    for row in found:
        click.echo(_heading(row))
    if not found:
        click.echo("No tariffs yet. `tjugo tariff propose` proposes one.")


def _heading(row: views.TariffView) -> str:
    effect = f"version {row.in_effect} in effect" if row.in_effect else "not in effect"
    waiting = [f"{one.version}" for one in row.versions if one.state == "proposed"]
    parts = [effect, *(["default"] if row.default else [])]
    parts += [f"version {', '.join(waiting)} waits for approval"] if waiting else []
    parts += [] if row.counts == ENERGY else [f"for meters that count {row.counts}"]
    return f"{row.tariff:20}  {row.name}: {', '.join(parts)}"


@tariff.command("show")
@_tariff
@click.option("--version", "number", type=click.IntRange(1, 10**9), help="Print its rules.")
@json_option
@state_option
def tariff_show(code: str, number: int | None, as_json: bool, state: Path) -> None:
    """Show the versions of TARIFF, or the rules of one as JSON."""
    with Station.open(state) as station, station.view() as view:
        if number is not None:
            version = views.find_version(view, code, number)
            print_json(asdict(version) if as_json else version.rules)
            return
        found = views.find_tariff(view, code, station.clock())
    if as_json:
        print_json(asdict(found))
        return
    click.echo(_heading(found))
    for row in found.versions:
        decided = f", {row.state} by {row.decided_by}" if row.decided_by else f", {row.state}"
        note = f": {row.note}" if row.note else ""
        click.echo(f"{row.version:4}  from {row.valid_from}, by {row.made_by}{decided}{note}")


@tariff.command("propose")
@_tariff
@click.argument("file", required=False, type=click.File("r", encoding="utf-8"))
@click.option("--name", help="Name of a new tariff.")
@click.option("--rate", help="A flat rate per kWh, before VAT, instead of FILE.")
@click.option("--vat", help="VAT in percent, with --rate.")
@click.option("--charge", help="A charge each month, before VAT, with --rate.")
@click.option("--from", "begin", metavar="DATE", help="First day, such as 2026-12-01.")
@click.option("--note", help="A note for the person who approves it.")
@state_option
def tariff_propose(
    code: str,
    file: TextIO | None,
    name: str | None,
    rate: str | None,
    vat: str | None,
    charge: str | None,
    begin: str | None,
    note: str | None,
    state: Path,
) -> None:
    """Propose a version of TARIFF: rules as JSON in FILE, or a flat rate.

    It takes effect when another person approves it, or on its first day if that is later.
    """
    if (file is None) == (rate is None) or (file and (vat or charge)):
        raise TjugoError("Give a FILE of rules, or --rate.", 2)
    try:
        text = file.read(stored.MOST_CHARACTERS + 1) if file is not None else ""
    except UnicodeDecodeError as error:
        raise TjugoError("The file is not text in UTF-8.") from error
    with Station.open(state) as station, station.work(actor()) as work:
        if rate is not None:
            rules = typed.flat_rules(work, work.now(), rate, vat, charge)
        else:
            rules = stored.from_json(text)
        first = typed.begin_of(work, begin)
        number = versions.propose(work, code, rules, first, name, note)
    click.echo(f"Version {number} of tariff {code} waits for approval by another person.")


@tariff.command("approve")
@_tariff
@_version
@_note
@state_option
def tariff_approve(code: str, number: int, note: str | None, state: Path) -> None:
    """Approve VERSION of TARIFF, which another person proposed."""
    with Station.open(state) as station, station.work(actor()) as work:
        versions.approve(work, code, number, note)
        begins = views.find_version(work, code, number).valid_from
    click.echo(f"Version {number} of tariff {code} is approved from {begins}.")


@tariff.command("reject")
@_tariff
@_version
@_note
@state_option
def tariff_reject(code: str, number: int, note: str | None, state: Path) -> None:
    """Reject VERSION of TARIFF, which another person proposed."""
    with Station.open(state) as station, station.work(actor()) as work:
        versions.reject(work, code, number, note)
    click.echo(f"Version {number} of tariff {code} is rejected.")


@tariff.command("withdraw")
@_tariff
@_version
@state_option
def tariff_withdraw(code: str, number: int, state: Path) -> None:
    """Withdraw VERSION of TARIFF, which you proposed."""
    with Station.open(state) as station, station.work(actor()) as work:
        versions.withdraw(work, code, number)
    click.echo(f"Version {number} of tariff {code} is withdrawn.")


@tariff.command("assign")
@_tariff
@click.argument("drn", metavar="DRN", required=False)
@click.option("--default", "default", is_flag=True, help="Of all meters without a tariff.")
@state_option
def tariff_assign(code: str, drn: str | None, default: bool, state: Path) -> None:
    """Give the meter DRN, or all meters without one, the tariff TARIFF from now on."""
    if (drn is None) != default:
        raise TjugoError("Give a meter number, or --default.", 2)
    with Station.open(state) as station, station.work(actor()) as work:
        if drn is None:
            assignment.set_default(work, code)
            click.echo(f"Tariff {code} is that of all meters without one.")
            return
        name_drn(work, drn)
        click.echo(f"Meter {assignment.assign(work, drn, code)} has tariff {code}.")


@tariff.command("preview")
@click.argument("amount", required=False)
@click.option("--kwh", help="What so many kWh cost, instead of AMOUNT.")
@click.option("--meter", "drn", help="For this meter: its month, charges and debts.")
@click.option("--tariff", "code", help="By this tariff.")
@click.option("--version", "number", type=click.IntRange(1, 10**9), help="By this version of it.")
@json_option
@state_option
def tariff_preview(
    amount: str | None,
    kwh: str | None,
    drn: str | None,
    code: str | None,
    number: int | None,
    as_json: bool,
    state: Path,
) -> None:
    """Show what AMOUNT would buy now, line by line, without selling."""
    if (amount is None) == (kwh is None):
        raise TjugoError("Give an AMOUNT of money, or --kwh.", 2)
    if number is not None and code is None:
        raise TjugoError("--version needs --tariff.", 2)
    with Station.open(state) as station, station.view() as view:
        if drn is not None:
            name_drn(view, drn)
        tender = None if amount is None else money.parse(amount, view.tenant.currency)
        tenths = None if kwh is None else typed.units(kwh)
        found = views.preview(view, station.clock(), tender, tenths, drn, code, number)
    price = views.price_view(found)
    if as_json:
        print_json(asdict(price))
        return
    for line in price.lines:
        click.echo(_line(line))
    click.echo(f"{price.tendered:>12}  {price.currency} by tariff {price.tariff}")
    if price.credit is not None:
        click.echo(f"{price.credit:>12}  {price.currency} is what the token carries")


def _line(line: views.PriceLine) -> str:
    rate = "" if line.rate is None else f" {line.rate} %"
    if line.kwh is not None:
        rate = f" {line.kwh} kWh" + ("" if line.rate is None else f" at {line.rate}")
    elif line.kind == "levy":
        rate = ""
    balance = "" if line.balance is None else f", {line.balance} is left"
    return f"{line.amount:>12}  {line.name}{rate}{balance}"
