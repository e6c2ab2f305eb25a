"""`tjugo meter status`, `retire`, `replace` and `carry-over`: whether a meter is in service, and
the credit of one that is not."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands import meter_text
from tjugo.commands.engineering import print_request
from tjugo.commands.meter import change_meter, meter
from tjugo.commands.options import json_option, state_option, yes_option
from tjugo.commands.output import actor, confirm, name_drn, print_json
from tjugo.errors import TjugoError
from tjugo.station.registry import history, meters, replace, views
from tjugo.station.registry.status import REMOVED, sentence
from tjugo.station.station import Station
from tjugo.station.storage.tables import METER_STATUSES
from tjugo.station.vending import asked, carry_over, request_views
from tjugo.station.work import Work


@meter.command("status")
@click.argument("drn")
@click.argument(
    "status", required=False, type=click.Choice([s for s in METER_STATUSES if s != REMOVED])
)
@click.option("--reason", "why", help="Why, for the record.")
@json_option
@state_option
def meter_status(
    drn: str, status: str | None, why: str | None, as_json: bool, state: Path
) -> None:
    """Show the status of the meter DRN, or set it.

    Only an installed meter is sold for. `tjugo meter retire` removes one; stock puts it back.
    """
    if status is not None:

        def change(work: Work) -> None:
            meters.set_status(work, drn, status, why)

        change_meter(state, drn, change, as_json)
        return
    if why is not None:
        raise TjugoError("A reason needs a status to set.", 2)
    with Station.open(state) as station, station.view() as view:
        name_drn(view, drn)
        found, past = views.find_meter(view, drn), history.meter_history(view, drn)
    if as_json:
        print_json({"status": found.status, "statuses": asdict(past)["statuses"]})
        return
    click.echo(sentence(found.drn, found.status))
    for row in past.statuses:
        click.echo(meter_text.status_line(row))


@meter.command("retire")
@click.argument("drn")
@click.option("--reason", "why", required=True, help="Why, for the record.")
@yes_option
@json_option
@state_option
def meter_retire(drn: str, why: str, yes: bool, as_json: bool, state: Path) -> None:
    """Take the meter DRN out of service: it serves nobody, and nothing is sold for it."""
    confirm(f"Retire meter {_described(state, drn)}?", yes)

    def retire(work: Work) -> None:
        meters.retire_meter(work, drn, why)

    change_meter(state, drn, retire, as_json)


@meter.command("replace")
@click.argument("old_drn", metavar="OLD")
@click.argument("new_drn", metavar="NEW")
@click.option("--reason", "why", required=True, help="Why, for the record.")
@yes_option
@json_option
@state_option
def meter_replace(
    old_drn: str, new_drn: str, why: str, yes: bool, as_json: bool, state: Path
) -> None:
    """Retire the meter OLD and install the registered meter NEW in its place.

    NEW gets the customer, the service point and the collector of OLD. For the credit that was left
    in OLD, see `tjugo meter carry-over`.
    """
    old = _described(state, old_drn)
    confirm(f"Retire meter {old} and install {_described(state, new_drn)} in its place?", yes)

    def swap(work: Work) -> None:
        replace.replace_meter(work, old_drn, new_drn, why)

    change_meter(state, new_drn, swap, as_json, f"replaces {old}.")


@meter.command("carry-over")
@click.argument("drn")
@click.argument("credit")
@click.option("--reason", "why", required=True, help="Why, for the record.")
@json_option
@state_option
def meter_carry_over(drn: str, credit: str, why: str, as_json: bool, state: Path) -> None:
    """Ask for the CREDIT that was left in the replaced meter DRN, for the meter in its place.

    CREDIT is what the meter displayed: kWh, or money where the meter counts it. Another person
    must approve it; the same command then prints the token.
    """
    with Station.open(state) as station, station.work(actor()) as work:
        name_drn(work, drn)
        outcome = carry_over.carry_over(work, drn, credit, why)
    print_request(request_views.request_view(asked.answer(outcome)), as_json)


def _described(state: Path, drn: str) -> str:
    """Return a meter's DRN and its customer, for a question. Raise TjugoError."""
    with Station.open(state) as station, station.view() as view:
        found = views.find_meter(view, drn)
    served = found.customer
    return found.drn if served is None else f"{found.drn} of {served.name} ({served.account_no})"
