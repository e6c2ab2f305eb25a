"""`tjugo status`: the health of the station, from any process."""

import json
import time
from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.unlocking import key_file_option, try_secret
from tjugo.station.health.views import Health, health, health_json
from tjugo.station.serving import servers
from tjugo.station.station import Station, utc_now
from tjugo.station.storage.moments import iso

_ASK_S = 0.5
_KEYS = {True: ", vending keys locked", False: ", vending keys open", None: ""}


@click.command("status")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 86400),
    default=0,
    help="Wait up to this many seconds until nothing is wrong.",
)
@key_file_option
@json_option
@state_option
def status(wait_s: float, key_file: Path | None, as_json: bool, state: Path) -> int:
    """Show servers, broker, collectors, alarms of meters, deliveries and the last backup; exit 1
    when there is a problem.

    An alarm of a meter is no problem of the station.

    Whether the vending keys are locked is what a running server has; where none runs, what the
    key file opens.
    """
    until = time.monotonic() + wait_s
    with Station.open(state) as station:
        if not servers(state):
            try_secret(station, key_file)
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
    for server in found.servers:
        click.echo(f"Server      process {server.pid}{_KEYS[server.keys_locked]}")
    since = f" Since {iso(found.link.since)}." if found.link.since else ""
    click.echo(f"Broker      {found.link.sentence}{since}")
    for collector in found.link.collectors:
        more = ", ".join(f"{n} {name}" for name, n in collector.counters.items() if n)
        counted = f" ({more.replace('_', ' ')})" if more else ""
        click.echo(f"Collector   {collector.collector}: {collector.sentence}{counted}")
    for alarm in found.alarms:
        others = alarm.count - len(alarm.drns)
        named = ", ".join(alarm.drns) + (f" and {others} more" if others else "")
        click.echo(f"Alarm       {alarm.words}: {named}")
    states = ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in found.deliveries.items())
    click.echo(f"Deliveries  {states or 'none open'}")
    click.echo(f"Backup      {iso(found.last_backup) or 'none'}")
    for problem in found.problems:
        click.echo(problem, err=True)
