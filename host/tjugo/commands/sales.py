"""`tjugo sales`: sales and the state of their delivery."""

from pathlib import Path

import click

from tjugo.commands.options import json_option, page_options, state_option
from tjugo.commands.output import print_page
from tjugo.station.station import Station
from tjugo.station.vending import sale_states, sale_views


@click.command()
@page_options("Part of a DRN, of a sale's id or of a token.", 20)
@json_option
@state_option
def sales(search: str, after: str | None, limit: int, as_json: bool, state: Path) -> None:
    """List the newest sales, refused ones included, and the state of their delivery."""
    with Station.open(state) as station, station.view() as view:
        page = sale_views.sales(view, search, after, limit)
    print_page(page, as_json, _line, "No sales yet.", bool(search or after))


def _line(row: sale_views.SaleView | sale_views.RefusalView) -> str:
    what, way = _outcome(row)
    return f"{row.issued_at}  {row.drn:13} {_bought(row):>12}  {what}  {way}"


def _bought(row: sale_views.SaleView | sale_views.RefusalView) -> str:
    if isinstance(row, sale_views.SaleView) and row.credit is not None and row.receipt is not None:
        return f"{row.credit} {row.receipt['currency']}"
    return f"{row.kwh} kWh"


def _outcome(row: sale_views.SaleView | sale_views.RefusalView) -> tuple[str, str]:
    """Return the outcome of a request and the state of its delivery."""
    if isinstance(row, sale_views.RefusalView):
        what = "sold, but damaged" if row.code == sale_views.DAMAGED else "refused"
        return f"{what}: {row.refused}", ""
    if row.state == sale_states.VOID:
        return "void", ""
    if row.state == sale_states.NOT_SHOWN:
        return "not shown yet", row.delivery.state
    return row.token_grouped, row.delivery.state
