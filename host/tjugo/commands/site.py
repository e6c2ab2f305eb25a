"""`tjugo site`: the places of the network, as a tree."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.options import json_option, page_options, state_option, yes_option
from tjugo.commands.output import actor, confirm, none_or, print_json, print_page
from tjugo.errors import TjugoError
from tjugo.station.registry import sites
from tjugo.station.station import Station
from tjugo.station.storage.tables import SITE_KINDS


@click.group()
def site() -> None:
    """Add, list, move and remove sites of the network."""


@site.command("add")
@click.argument("site")
@click.argument("kind", type=click.Choice(SITE_KINDS))
@click.option("--name", help="What people call it.")
@click.option("--parent", help="The site above it, which supplies it.")
@json_option
@state_option
def site_add(
    site: str, kind: str, name: str | None, parent: str | None, as_json: bool, state: Path
) -> None:
    """Register the site SITE, its code in the network."""
    with Station.open(state) as station, station.work(actor()) as work:
        sites.add_site(work, site, kind, name, parent)
        found = sites.site_view(work, sites.known_site(work, site))
    _print(found, as_json, f"Site {found.site} is registered.")


@site.command("edit")
@click.argument("site")
@click.option("--name", help='What people call it; "" for none.')
@click.option("--parent", help="The site above it, or none.")
@json_option
@state_option
def site_edit(site: str, name: str | None, parent: str | None, as_json: bool, state: Path) -> None:
    """Rename the site SITE, or move it with all that is below it."""
    if name is None and parent is None:
        raise TjugoError("Nothing to change: give --name or --parent.", 2)
    above = None if parent is None else none_or(parent) or ""
    with Station.open(state) as station, station.work(actor()) as work:
        sites.update_site(work, site, name, above)
        found = sites.site_view(work, sites.known_site(work, site))
    _print(found, as_json, f"Site {found.site} is changed.")


@site.command("list")
@page_options("Part of the code or the name.")
@click.option("--parent", help="Only sites directly below this one; none: those at the top.")
@json_option
@state_option
def site_list(
    search: str, after: str | None, limit: int, parent: str | None, as_json: bool, state: Path
) -> None:
    """List the sites by code, each with the sites above it."""
    above = None if parent is None else none_or(parent) or ""
    with Station.open(state) as station, station.view() as view:
        page = sites.sites(view, search, above, after, limit)
    nothing = "No sites yet. `tjugo site add SITE KIND` registers one."
    print_page(page, as_json, _line, nothing, bool(search or after or parent))


def _line(row: sites.SiteView) -> str:
    path = " > ".join([*row.path, row.site])
    return f"{path}  {row.kind.replace('_', ' ')}  {row.name or '-'}  {row.meters} meters"


@site.command("remove")
@click.argument("site")
@yes_option
@json_option
@state_option
def site_remove(site: str, yes: bool, as_json: bool, state: Path) -> None:
    """Remove the site SITE, below which is no other and where no meter is or was."""
    with Station.open(state) as station:
        with station.view() as view:
            found = sites.site_view(view, sites.known_site(view, site))
        confirm(f"Remove site {found.site}?", yes)
        with station.work(actor()) as work:
            sites.remove_site(work, site)
    _print(found, as_json, f"Site {found.site} is removed.")


def _print(found: sites.SiteView, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(sentence)
