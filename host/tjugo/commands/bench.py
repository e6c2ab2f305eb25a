"""`tjugo bench`."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from tjugo.paths import default_bench_dir
from tjugo.station.storage.tables import ROLES

DEFAULT_PORT = 8420
MOST_METERS = 100


@click.command("bench")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when all is up.")
@click.option("--headless", is_flag=True, help="Open nothing on the screen.")
@click.option("--no-collector", is_flag=True, help="Leave the bus to other programs.")
@click.option("--meters", type=click.IntRange(1, MOST_METERS), default=2, show_default=True)
@click.option(
    "--speed",
    type=click.IntRange(1, 3600),
    default=1,
    show_default=True,
    help="Supply time runs so many times faster.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    default=default_bench_dir,
    help="The bench's own folder: database and boards' flash.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port of the web page; 0 any free one. [default: {DEFAULT_PORT}, with --json 0]",
)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="administrator",
    show_default=True,
    help="The role as which the visitor of the pages is signed in.",
)
@click.option("--baudrate", type=click.IntRange(1200, 115200), default=9600, show_default=True)
def command(
    as_json: bool,
    headless: bool,
    no_collector: bool,
    meters: int,
    speed: int,
    state: Path,
    port: int | None,
    role: str,
    baudrate: int,
) -> None:
    """Run station, broker, bus, collector and meters on this machine, with a page to watch
    them."""
    from tjugo.bench import app  # slow to import, and not needed by `tjugo --help`

    if port is None:
        port = 0 if as_json else DEFAULT_PORT
    options = app.Options(
        state=state.absolute(),
        meters=meters,
        speed=speed,
        collector=not no_collector,
        port=port,
        baudrate=baudrate,
        browser=not (headless or as_json) and _has_screen(),
        role=role,
    )
    show = _print_json if as_json else _print_text
    asyncio.run(app.run(options, _say, show))


def _say(text: str) -> None:
    click.echo(text, err=True)


def _print_json(facts: dict[str, Any]) -> None:
    click.echo(json.dumps(facts))


def _print_text(facts: dict[str, Any]) -> None:
    for meter in facts["meters"]:
        click.echo(f"  meter {meter['drn']} of {meter['customer']}, address {meter['address']}")
    click.echo(f"  bus   {facts['bus']} for any Modbus program, {facts['baudrate']} 8E1")
    click.echo(f"\nThe bench is at {facts['url']}   (Ctrl-C stops everything)")


def _has_screen() -> bool:
    """Return whether this session has a screen for a browser."""
    if not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
