"""Series of numbers without gaps: receipts, ledger entries, audit events.

A number is taken in the transaction that uses it, and a transaction that is rolled back returns
it. The row stays locked until the transaction ends, so numbers are taken at the end of a unit of
work (`Work.at_end`), in the order of the names: no two transactions wait for each other.
"""

from collections.abc import Mapping

from sqlalchemy import text

from tjugo.station.storage.statement import Query, Statement
from tjugo.station.work import Work

_TAKE = Statement(
    text(
        "INSERT INTO counter (tenant_id, name, value) VALUES (:tenant_id, :name, :count) "
        "ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + :count "
        "RETURNING value"
    )
)


MOST = 2**31 - 1
"""The largest number of a series that is kept in a column of 32 bits."""


def take(work: Work, wanted: Mapping[str, int]) -> dict[str, int]:
    """Take numbers from series. wanted: how many by the series' name, at least 1 each. Return the
    first of the numbers taken, by name; a new series begins with 1."""
    first = {}
    for name in sorted(wanted):
        taken = query(work, name, wanted[name]).first(work.session)
        first[name] = taken.value - wanted[name] + 1
    return first


def query(work: Work, name: str, count: int) -> Query:
    """Return what `take` executes for one series."""
    return _TAKE.of(tenant_id=work.tenant_id, name=name, count=count)
