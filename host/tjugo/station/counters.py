"""Series of numbers without gaps: receipts, ledger entries, audit events.

A number is taken in the transaction that uses it, and a transaction that is rolled back returns
it. The row stays locked until the transaction ends, so numbers are taken at the end of a unit of
work (`Work.at_end`), in the order of the names: no two transactions wait for each other.
"""

from collections.abc import Mapping

from sqlalchemy import text

from tjugo.station.storage import driver
from tjugo.station.storage.statement import Query, Statement, read_ahead
from tjugo.station.work import Work

_TAKE = Statement(
    text(
        "INSERT INTO counter (tenant_id, name, value) VALUES (:tenant_id, :name, :count) "
        "ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + :count "
        "RETURNING value"
    )
)

_TAKE_SEVERAL = Statement(
    text(
        "INSERT INTO counter (tenant_id, name, value) "
        "SELECT :tenant_id, wanted.name, wanted.count "
        "FROM unnest(CAST(:names AS text[]), CAST(:counts AS integer[])) "
        "WITH ORDINALITY AS wanted (name, count, place) ORDER BY wanted.place "
        "ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + excluded.value "
        "RETURNING name, value"
    )
)
"""For PostgreSQL. The rows are locked in the order of the names."""

_RESERVED = "numbers"

MOST = 2**31 - 1
"""The largest number of a series that is kept in a column of 32 bits."""


def take(work: Work, wanted: Mapping[str, int]) -> dict[str, int]:
    """Take numbers from series. wanted: how many by the series' name, at least 1 each. Return the
    first of the numbers taken, by name; a new series begins with 1."""
    first = {}
    for name in sorted(wanted):
        number, left = _reserved(work).pop(name, (0, 0))
        missing = wanted[name] - left
        if missing > 0:
            taken = query(work, name, missing).first(work.session)
            # The row has been locked since its numbers were reserved: these follow them.
            number = number or taken.value - missing + 1
        elif missing < 0:
            _reserved(work)[name] = (number + wanted[name], -missing)
        first[name] = number
    return first


def reserve(work: Work, wanted: Mapping[str, int], *more: Query) -> None:
    """Take numbers that the unit of work will take with `take`, where a server is to be waited for
    once only instead of once for each series. All must be used. more: queries that are read with
    them, after them."""
    if not driver.on_server(work.session.connection()):
        return
    names = sorted(wanted)
    several = _TAKE_SEVERAL.of(
        tenant_id=work.tenant_id, names=names, counts=[wanted[name] for name in names]
    )
    read_ahead(work.session, [several, *more])
    for row in several.all(work.session):
        count = wanted[row.name]
        _reserved(work)[row.name] = (row.value - count + 1, count)


def reserved(work: Work, name: str) -> int:
    """Return how many numbers of a series are reserved."""
    return _reserved(work).get(name, (0, 0))[1]


def check_used(work: Work) -> None:
    """Raise RuntimeError when a reserved number was not used: it would be a gap."""
    if _reserved(work):
        raise RuntimeError(f"numbers are left of {', '.join(_reserved(work))}")


def _reserved(work: Work) -> dict[str, tuple[int, int]]:
    """Return the first and the count of the numbers that are reserved, by series."""
    found: dict[str, tuple[int, int]] = work.memo.setdefault(_RESERVED, {})
    return found


def query(work: Work, name: str, count: int) -> Query:
    """Return what `take` executes for one series."""
    return _TAKE.of(tenant_id=work.tenant_id, name=name, count=count)
