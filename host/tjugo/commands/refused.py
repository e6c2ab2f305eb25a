"""`tjugo refused`: why a meter refused a token, and what helps."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.engineering import print_request
from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import actor, name_drn, print_json
from tjugo.station.station import Station
from tjugo.station.vending import asked, replacement, request_views, triage
from tjugo.station.vending.triage import Triage


@click.command()
@click.argument("drn")
@click.argument("digits", nargs=-1, required=True)
@click.option("--shown", default="", help="What the meter displayed: words, name or number.")
@click.option("--krn", type=int, help="The KRN that the meter displays.")
@click.option("--replace", "why", metavar="REASON", help="Ask for a replacement, and why.")
@json_option
@state_option
def refused(
    drn: str,
    digits: tuple[str, ...],
    shown: str,
    krn: int | None,
    why: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Examine why the meter DRN refused the token DIGITS, step by step."""
    seen = {} if krn is None else {"krn": krn}
    with Station.open(state) as station, station.work(actor()) as work:
        name_drn(work, drn)
        found = triage.examine(work, drn, " ".join(digits), shown, seen)
        outcome = None
        if why is not None:
            of = (found.token_drn or found.drn, found.bdt or "", found.tid or 0)
            outcome = replacement.replace(work, *of, None, why)
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)
    if outcome is not None:
        print_request(request_views.request_view(asked.answer(outcome)), as_json)


def _print(found: Triage) -> None:
    for step in found.steps:
        click.echo(f"{step.state:8} {step.name}: {step.sentence}")
    click.echo(found.sentence)
    for place, part in enumerate(found.first, 1):
        click.echo(f"Enter first, {place}: {part.grouped()}")
    if found.token and ("resend" in found.offers or "retype" in found.offers):
        click.echo(f"Enter: {found.grouped()}")
