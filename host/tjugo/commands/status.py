"""`tjugo status`: the health of the station, from any process."""

import json
import time
from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option
from tjugo.station.health.views import Health, health, health_json
from tjugo.station.station import Station, utc_now
from tjugo.station.storage.moments import iso

_ASK_S = 0.5


@click.command("status")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 86400),
    default=0,
    help="Wait up to this many seconds until nothing is wrong.",
)
@json_option
@state_option
def status(wait_s: float, as_json: bool, state: Path) -> int:
    """Show broker, collectors, deliveries and the last backup; exit 1 when there is a problem."""
    until = time.monotonic() + wait_s
    with Station.open(state) as station:
        found = health(station, utc_now())
        while not found.ok and time.monotonic() < until:
            time.sleep(_ASK_S)
            found = health(station, utc_now())
    if as_json:
        click.echo(json.dumps(health_json(found), indent=2))
    else:
        _show(found)
    return 0 if found.ok else 1


def _show(found: Health) -> None:
    since = f" Since {iso(found.link.since)}." if found.link.since else ""
    click.echo(f"Broker      {found.link.sentence}{since}")
    for collector in found.link.collectors:
        more = ", ".join(f"{n} {name}" for name, n in collector.counters.items() if n)
        counted = f" ({more.replace('_', ' ')})" if more else ""
        click.echo(f"Collector   {collector.collector}: {collector.sentence}{counted}")
    states = ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in found.deliveries.items())
    click.echo(f"Deliveries  {states or 'none open'}")
    click.echo(f"Backup      {iso(found.last_backup) or 'none'}")
    for problem in found.problems:
        click.echo(problem, err=True)
