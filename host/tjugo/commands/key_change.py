"""`tjugo key-change`: changes of meters' keys, one meter or a campaign."""

import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from tjugo.commands.engineering import CLIENT, changed, print_request, request_option
from tjugo.commands.options import json_option, page_options, state_option
from tjugo.commands.output import actor, name_drn, print_json, print_page
from tjugo.key_register import FIELDS, KeyRegister
from tjugo.station.station import Station
from tjugo.station.storage.paging import LIMIT
from tjugo.station.storage.tables import KEY_CHANGE_STATES
from tjugo.station.vending import (
    asked,
    campaigns,
    change_steps,
    change_views,
    evidence,
    key_delivery,
    keychange,
    request_views,
    rollover_views,
)
from tjugo.station.vending.change_views import CampaignView, ChangeView
from tjugo.station.vending.rollover_views import ToDo
from tjugo.station.vending.targets import CHANGEABLE
from tjugo.station.work import Work

Result = TypeVar("Result")


def _target_options(function: Any) -> Any:
    """Return a decorator with an option for each field of the new key register."""
    for name in reversed(CHANGEABLE):
        title = FIELDS[name].title
        text = f"New {title}; the meter's, or the new vending key's, if not given."
        function = click.option(f"--{name}", metavar=name.upper(), help=text)(function)
    return function


@click.group("key-change")
def key_change() -> None:
    """Change the keys of meters: plan, issue, confirm; campaigns."""


@key_change.command("plan")
@click.argument("drn")
@_target_options
@state_option
def key_change_plan(drn: str, state: Path, **given: Any) -> None:
    """Ask for the approval of a key change of the meter DRN."""

    def plan(work: Work) -> str:
        return campaigns.ask(work, changed(given), [name_drn(work, drn)])[0]

    number = _do(state, plan)
    click.echo(f"Another person must approve it: approval {number}.")


@key_change.command("issue")
@click.argument("drn")
@request_option
@json_option
@state_option
def key_change_issue(drn: str, client_id: str | None, as_json: bool, state: Path) -> None:
    """Issue the planned key change of the meter DRN without a sale, or the same tokens again."""
    number = client_id or str(uuid.uuid4())
    outcome = _do(
        state, lambda work: keychange.issue_alone(work, CLIENT, number, name_drn(work, drn))
    )
    print_request(request_views.request_view(asked.answer(outcome)), as_json)


@key_change.command("send")
@click.argument("drn")
@state_option
def key_change_send(drn: str, state: Path) -> None:
    """Send the key change tokens of the meter DRN to its collector again, all of them, after one
    was refused or expired."""
    _do(state, lambda work: key_delivery.send_again(work, name_drn(work, drn)))
    click.echo("The key change tokens are sent again.")


@key_change.command("confirm")
@click.argument("drn")
@click.option("--how", required=True, help="What shows that the meter has its new key.")
@state_option
def key_change_confirm(drn: str, how: str, state: Path) -> None:
    """Confirm that the meter DRN has its new key: tokens are made with it from now on."""

    def confirm(work: Work) -> tuple[str, KeyRegister]:
        full = name_drn(work, drn)
        return full, change_steps.confirm(work, full, how)

    full, register = _do(state, confirm)
    click.echo(f"Meter {full} has the key SGC {register.sgc:06d}, KRN {register.krn}.")


@key_change.command("accepted")
@click.argument("drn")
@click.argument("digits", nargs=-1, required=True)
@state_option
def key_change_accepted(drn: str, digits: tuple[str, ...], state: Path) -> None:
    """Record that the meter DRN accepted the token DIGITS: one of the new key confirms it."""
    token = "".join(digits)
    done = _do(state, lambda work: evidence.accepted(work, name_drn(work, drn), token))
    words = "The key change is confirmed." if done else "It shows nothing about a key change."
    click.echo(words)


@key_change.command("cancel")
@click.argument("drn")
@click.option("--why", required=True, help="Why, for the record.")
@state_option
def key_change_cancel(drn: str, why: str, state: Path) -> None:
    """Cancel the key change of the meter DRN; one whose tokens are issued needs an approval."""
    number = _do(state, lambda work: campaigns.ask_cancel(work, name_drn(work, drn), why))
    if number is None:
        click.echo("The key change is cancelled.")
    else:
        click.echo(f"Its tokens are issued: another person must approve: approval {number}.")


@key_change.command("list")
@click.option("--status", type=click.Choice(KEY_CHANGE_STATES), help="Only those.")
@click.option("--campaign", help="Only those of this campaign.")
@page_options("Part of the DRN or of the campaign's name.")
@json_option
@state_option
def key_change_list(
    status: str | None,
    campaign: str | None,
    search: str,
    after: str | None,
    limit: int,
    as_json: bool,
    state: Path,
) -> None:
    """List key changes by meter."""
    with Station.open(state) as station, station.view() as view:
        page = change_views.changes(view, status, campaign, search, after, limit)
    narrowed = bool(search or after or status or campaign)
    print_page(page, as_json, _line, "No key change was planned yet.", narrowed)


def _line(row: ChangeView) -> str:
    target = row.target
    new = f"to SGC {int(target['sgc']):06d} KRN {target['krn']} TI {int(target['ti']):02d}"
    line = f"{row.drn:13} {row.state:9} {new} base date {target['bdt']}  {row.campaign or ''}"
    sent = row.delivery
    if sent is None or row.state != "issued":
        return line
    why = f": {sent.reason}" if sent.reason else ""
    part = f"{sent.accepted} of {len(sent.sections)}"
    return f"{line.rstrip()}  ({part} accepted by collector, {sent.state}{why})"


@key_change.group("campaign")
def campaign_group() -> None:
    """Change the keys of many meters, such as to a new base date."""


@campaign_group.command("new")
@click.argument("name")
@_target_options
@click.option("--from-sgc", help="Meters with this supply group code.")
@click.option("--from-krn", help="Meters with this key revision number.")
@click.option("--from-bdt", help="Meters with this base date: 93, 14 or 35.")
@click.option("--meter", "drns", multiple=True, help="This meter too; repeat it for more.")
@state_option
def campaign_new(
    name: str,
    from_sgc: str | None,
    from_krn: str | None,
    from_bdt: str | None,
    drns: tuple[str, ...],
    state: Path,
    **given: Any,
) -> None:
    """Ask for the approval of a campaign NAME."""
    where = changed({"sgc": from_sgc, "krn": from_krn, "bdt": from_bdt})

    def ask(work: Work) -> tuple[str, int]:
        full = [name_drn(work, drn) for drn in drns]
        return campaigns.ask(work, changed(given), full, where, name)

    number, count = _do(state, ask)
    click.echo(f"{count} meters. Another person must approve it: approval {number}.")


@campaign_group.command("todo")
@click.argument("bdt")
@click.option("--after", help="`next` of the part before this one.")
@click.option("--limit", type=int, default=LIMIT, show_default=True, help="How many.")
@json_option
@state_option
def campaign_todo(bdt: str, after: str | None, limit: int, as_json: bool, state: Path) -> None:
    """List the meters of the base date BDT (93, 14, 35) that have no key change yet."""
    with Station.open(state) as station, station.view() as view:
        page = rollover_views.to_do(view, bdt, after, limit)
    print_page(page, as_json, _to_do, "No meter of this base date is left.", False)


def _to_do(row: ToDo) -> str:
    who = "" if row.account_no is None else f"  {row.account_no} {row.customer}"
    return f"{row.drn:13} SGC {row.sgc} KRN {row.krn} TI {row.ti}{who}"


@campaign_group.command("status")
@click.argument("name", required=False)
@json_option
@state_option
def campaign_status(name: str | None, as_json: bool, state: Path) -> None:
    """Show the progress of the campaign NAME, or of all, and the base dates of the meters."""
    with Station.open(state) as station, station.view() as view:
        found = [change_views.campaign(view, name)] if name else change_views.campaigns(view)
        dates = rollover_views.base_dates(view, station.clock())
    if as_json:
        print_json(
            {
                "campaigns": [asdict(one) for one in found],
                "base_dates": [asdict(one) for one in dates],
            }
        )
        return
    for one in found:
        click.echo(_progress(one))
    for date in dates:
        click.echo(
            f"Base date {date.bdt} (ends {date.ends_at[:10]}): {date.meters} meters, of which "
            f"{date.planned} are planned for a key change, {date.issued} have its tokens, and "
            f"{date.to_do} have no key change."
        )


def _progress(one: CampaignView) -> str:
    return (
        f"{one.campaign}: {one.confirmed} of {one.total} meters confirmed, {one.issued} issued, "
        f"{one.planned} to do, {one.cancelled} cancelled."
    )


def _do(state: Path, action: Callable[[Work], Result]) -> Result:
    with Station.open(state) as station, station.work(actor()) as work:
        return action(work)
