"""`make benchmark-large`: look-ups and a day's report with 1,000,000 meters and 5,000,000 sales.

    python -m tjugo.benchmarks.large --database postgresql

The rows are loaded in bulk, with what the tables' description requires of columns that are not
named here. Each figure has a limit; the exit status is 1 when one is over it.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, select

from tjugo.benchmarks.large_rows import DAYS, Load, Row, write
from tjugo.station.registry import views as registry_views
from tjugo.station.registry.find import find
from tjugo.station.setup.service import set_up
from tjugo.station.station import Station
from tjugo.station.storage.tables import DayTotal, Sale
from tjugo.station.vending import sale_views, views
from tjugo.station.work import View
from tjugo.toolchain import postgres
from tjugo.toolchain.tools import REPO

OUT = REPO / "build" / "benchmarks_large.json"
METERS, SALES = 1_000_000, 5_000_000
LOOK_UP_MS, REPORT_MS = 100, 300
DATABASES = ("sqlite", "postgresql")
_RUNS = 5


def fill(station: Station, load: Load) -> None:
    """Load all rows in one transaction, without the checks that each row of a sale has."""
    parts = {
        "customer": load.customers,
        "search_word": load.search_words,
        "meter": load.meters,
        "meter_key_state": load.keys,
        "service_link": load.links,
        "vend_request": load.requests,
        "token": load.tokens,
        "sale": load.receipts,
        "day_total": load.day_totals,
    }
    with station.database.open_engine().connect() as plain:
        on_server = plain.dialect.name == "postgresql"
        connection = plain.execution_options(migrating=True, immediate=True)
        with connection.begin():
            if on_server:
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for name, rows in parts.items():
                began = time.monotonic()
                write(connection, name, rows())
                print(f"  {name}: {time.monotonic() - began:.0f} s", flush=True)
    station.count_rows()


def measure(station: Station, load: Load) -> dict[str, tuple[float, float]]:
    """Return the duration and the limit of each query, in milliseconds: the median of some."""
    drn, last = load.drns[len(load.drns) * 2 // 3], f"s{load.sales - 1}"
    account = f"C{len(load.drns) // 3:07d}"
    day = load.day(DAYS // 2)
    name, phone = load.name_and_phone(len(load.drns) // 3)
    common = name.split()[0]
    queries: dict[str, tuple[Callable[[View], Any], float]] = {
        "meter by DRN": (lambda view: registry_views.find_meter(view, drn), LOOK_UP_MS),
        "meters by the DRN's beginning": (
            lambda view: registry_views.meters(view, drn[:9]).items,
            LOOK_UP_MS,
        ),
        "meters by a customer's name": (
            lambda view: registry_views.meters(view, name).items,
            LOOK_UP_MS,
        ),
        "customer by account": (
            lambda view: registry_views.find_customer(view, account),
            LOOK_UP_MS,
        ),
        "customers by a common name": (
            lambda view: registry_views.customers(view, common).items,
            LOOK_UP_MS,
        ),
        "customers by part of the name": (
            lambda view: registry_views.customers(view, name[:-3]).items,
            LOOK_UP_MS,
        ),
        "customers by phone": (
            lambda view: registry_views.customers(view, phone).items,
            LOOK_UP_MS,
        ),
        "till: by part of the name": (lambda view: find(view, name[:-3]), LOOK_UP_MS),
        "till: by phone": (lambda view: find(view, phone), LOOK_UP_MS),
        "till: by the DRN's beginning": (lambda view: find(view, drn[:9]), LOOK_UP_MS),
        "sale by id": (lambda view: views.find_sale(view, "bench", last), LOOK_UP_MS),
        "sales by the meter's number": (
            lambda view: sale_views.sales(view, drn).items,
            LOOK_UP_MS,
        ),
        "sales by the request's id": (
            lambda view: sale_views.sales(view, last).items,
            LOOK_UP_MS,
        ),
        "latest sales": (lambda view: sale_views.sales(view).items, LOOK_UP_MS),
        "sales of a meter": (lambda view: _sales_of(view, drn), LOOK_UP_MS),
        "day report": (lambda view: _report(view, day), REPORT_MS),
    }
    return {name: (_median_ms(station, query), most) for name, (query, most) in queries.items()}


def _sales_of(view: View, drn: str) -> list[Any]:
    query = select(Sale).where(Sale.tenant_id == view.tenant_id, Sale.drn == drn)
    return list(view.session.scalars(query.order_by(Sale.sold_at.desc()).limit(20)))


def _report(view: View, day: date) -> list[Any]:
    """Return the day's amounts by outlet and account, and those of its month so far."""
    sums = func.sum(DayTotal.amount), func.sum(DayTotal.postings)
    by = DayTotal.outlet, DayTotal.account, DayTotal.party
    since = day.replace(day=1)
    query = select(*by, *sums).where(DayTotal.tenant_id == view.tenant_id).group_by(*by)
    of_day = view.session.execute(query.where(DayTotal.day == day)).all()
    of_month = view.session.execute(query.where(DayTotal.day.between(since, day))).all()
    return [*of_day, *of_month]


def _median_ms(station: Station, query: Callable[[View], Any]) -> float:
    spent = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        with station.view() as view:
            if not query(view):
                raise AssertionError("nothing was found")
        spent.append((time.perf_counter() - began) * 1000)
    return sorted(spent)[_RUNS // 2]


def run(name: str, meters: int, sales: int) -> list[Row]:
    """Load and measure on one database; return the figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tjugo-large-")))
        url = None
        if name == "postgresql":
            url = stack.enter_context(postgres.server(durable=True)).new_database()
        station = stack.enter_context(set_up(folder / "state", database_url=url))
        load = Load(meters, sales)
        print(f"{name}: {meters:,} meters, {sales:,} sales", flush=True)
        fill(station, load)
        return [
            {"name": f"large.{name}.{query}", "value": round(ms, 1), "unit": "ms", "most": most}
            for query, (ms, most) in measure(station, load).items()
        ]


@click.command()
@click.option("--meters", default=METERS, show_default=True)
@click.option("--sales", default=SALES, show_default=True)
@click.option("--database", type=click.Choice(DATABASES), multiple=True, default=DATABASES)
def main(meters: int, sales: int, database: tuple[str, ...]) -> None:
    """Run the benchmark on each database, print and keep its figures."""
    rows = []
    for name in database:
        if name == "postgresql" and (why := postgres.missing()):
            print(f"{name}: skipped: {why}")
            continue
        rows += run(name, meters, sales)
    for row in rows:
        over = "" if row["value"] <= row["most"] else f"  over {row['most']} ms"
        print(f"{row['name']:<50} {row['value']:>9,.1f} ms{over}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(any(row["value"] > row["most"] for row in rows))


if __name__ == "__main__":
    main()
