"""Requests that were decided before: the same request gets its first answer, however it is
written."""

from decimal import Decimal

from sqlalchemy import bindparam, select, text

from tjugo.errors import TjugoError, reason
from tjugo.station.registry.meters import checked_drn
from tjugo.station.storage.statement import Query, Statement, any_of
from tjugo.station.storage.tables import VendRequest
from tjugo.station.vending.asked import asked_of
from tjugo.station.vending.expiry import with_warning
from tjugo.station.vending.item import Item
from tjugo.station.vending.views import Sale, outcome_of
from tjugo.station.work import Work

_KNOWN = Statement(
    select(VendRequest.client, VendRequest.client_id).where(
        VendRequest.tenant_id == bindparam("tenant"),
        any_of(VendRequest.client, "clients"),
        any_of(VendRequest.client_id, "ids"),
    ),
    # Two lists make PostgreSQL read all requests of a tenant. Here it finds each by its key.
    postgresql=text(
        "SELECT asked.client, asked.client_id "
        "FROM unnest(CAST(:clients AS text[]), CAST(:ids AS text[])) AS asked (client, client_id) "
        "WHERE (SELECT true FROM vend_request AS found WHERE found.tenant_id = :tenant "
        "AND found.client = asked.client AND found.client_id = asked.client_id)"
    ),
)


def query(work: Work, items: list[Item]) -> Query:
    """Return what `answer` reads first."""
    return _KNOWN.of(
        tenant=work.tenant_id,
        clients=[item.purchase.client for item in items],
        ids=[item.purchase.client_id for item in items],
    )


def answer(work: Work, items: list[Item]) -> None:
    """Give the items that were decided before their outcome."""
    if not items:
        return
    rows = query(work, items).all(work.session)
    known = {(row.client, row.client_id) for row in rows}
    for item in items:
        if item.key not in known:
            continue
        found = work.session.get_one(VendRequest, (work.tenant_id, *item.key))
        if not _same(found, item):
            item.outcome = _used(found)
        elif found.state != "received":
            try:
                outcome = outcome_of(found)
                if isinstance(outcome, Sale):
                    outcome = with_warning(work, outcome)
                item.outcome = outcome
            except TjugoError as error:
                item.outcome = error
        else:  # of an early version, which recorded requests before it decided them
            work.session.delete(found)
            work.session.flush()


def _used(row: VendRequest) -> TjugoError:
    amount = f"{row.kwh} kWh" if row.kwh is not None else "an amount of money"
    return reason(
        "request_id_used",
        f"The request id {row.client_id} was used before, for {amount} to meter {row.drn}, or "
        "with other payments. A new sale needs a new id.",
    )


def _same(row: VendRequest, item: Item) -> bool:
    """Return whether a recorded request means the same, however it was written."""
    purchase = item.purchase
    if asked_of(row):
        return False
    recorded = None if row.kwh is None else Decimal(row.kwh)
    if recorded != purchase.kwh or row.money != purchase.money:
        return False
    if not purchase.same_terms(row.asked):
        return False
    return _meant(row.drn) == _meant(item.drn)


def _meant(drn: str) -> str:
    try:
        return checked_drn(drn).lstrip("0")  # a number with lost zeros means the same meter
    except TjugoError:
        return drn
