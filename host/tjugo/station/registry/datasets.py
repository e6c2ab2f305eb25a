"""What can be exported: the title and the columns of each dataset, and its rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tjugo.errors import reason
from tjugo.station.registry import dataset_queries as queries
from tjugo.station.registry.dataset_queries import Query, Row
from tjugo.station.work import View

_PART = 1000


@dataclass(frozen=True)
class Dataset:
    """What can be exported. make returns the values of a query's row, given the currency; secret:
    a column that is left out unless it is asked for."""

    title: str
    columns: tuple[str, ...]
    query: Callable[[int], Query]
    make: Callable[[Any, str], Row]
    secret: str | None = None


DATASETS: dict[str, Dataset] = {
    "sites": Dataset(
        "sites",
        ("site", "site_kind", "site_name", "site_parent"),
        queries.sites,
        queries.plain_row,
    ),
    "customers": Dataset(
        "customers", (*queries.CUSTOMER, "registered"), queries.customers, queries.plain_row
    ),
    "meters": Dataset(
        "meters",
        ("drn", "status", "collector", "ea", "tct", *queries.KEY, "meter_registered", "counts"),
        queries.meters,
        queries.meter_row,
    ),
    "links": Dataset(
        "which meter served whom, since when",
        ("drn", "account_no", "since", "until", "service_point", "site"),
        queries.links,
        queries.plain_row,
    ),
    "debts": Dataset(
        "open debts",
        (
            *("account_no", "debt_no", "debt_kind", "debt_name", "debt", "debt_recovery"),
            *("debt_least", "debt_most", "debt_priority"),
        ),
        queries.debts,
        queries.debt_row,
    ),
    "credits": Dataset(
        "credit of customers",
        ("account_no", "credit"),
        queries.credits,
        queries.credit_row,
    ),
    "assignments": Dataset(
        "tariffs of meters", ("drn", "tariff"), queries.assignments, queries.plain_row
    ),
    "statuses": Dataset(
        "changes of meters' status",
        ("drn", "at", "status", "actor", "reason"),
        queries.statuses,
        queries.plain_row,
    ),
    "sales": Dataset(
        "sales",
        tuple(name.replace("_tenths", "_kwh") for name in queries.SALE),
        queries.sales,
        queries.sale_row,
    ),
    "tokens": Dataset(
        "tokens",
        tuple(name.replace("_tenths", "_kwh") for name in queries.TOKEN),
        queries.tokens,
        queries.token_row,
        secret="digits",
    ),
    "tariffs": Dataset(
        "tariffs and their versions",
        (
            *("tariff", "name", "version", "valid_from", "state", "content", "made_by"),
            "decided_by",
        ),
        queries.tariffs,
        queries.plain_row,
    ),
}
"""What can be exported, in the order in which the registry's own parts are imported."""

IMPORTABLE = ("sites", "customers", "meters", "links", "debts", "credits", "assignments")
"""The datasets that an empty station can import."""


def dataset(name: str) -> Dataset:
    """Return a dataset. Raise TjugoError."""
    if name not in DATASETS:
        listed = ", ".join(DATASETS)
        raise reason("export_unknown", f"There is no export {name[:40]!r}: {listed}.")
    return DATASETS[name]


def columns(name: str, with_secret: bool = False) -> list[str]:
    """Return the names of the columns. with_secret: tokens with their digits."""
    found = dataset(name)
    return [column for column in found.columns if with_secret or column != found.secret]


def rows(view: View, name: str, with_secret: bool = False) -> Iterator[Row]:
    """Return the rows one after the other, as they are read from the database."""
    found = dataset(name)
    currency = view.tenant.currency
    places = [
        place
        for place, column in enumerate(found.columns)
        if with_secret or column != found.secret
    ]
    query = found.query(view.tenant_id).execution_options(yield_per=_PART)
    for row in view.session.execute(query):
        values = found.make(row, currency)
        yield [values[place] for place in places]
