"""Vouchers: each pays once. Two that are given at the same moment meet in the table's key."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, text

from tjugo.errors import TjugoError, reason
from tjugo.station.storage.statement import Statement, any_of
from tjugo.station.storage.tables import Sale, Voucher
from tjugo.station.vending.purchase import Tender, bare_ref
from tjugo.station.work import Work

_TAKE = text(
    "INSERT INTO voucher (tenant_id, ref, client, client_id) "
    "VALUES (:tenant_id, :ref, :client, :client_id) "
    "ON CONFLICT (tenant_id, ref) DO NOTHING RETURNING ref"
)
_RELEASE = text(
    "DELETE FROM voucher "
    "WHERE tenant_id = :tenant_id AND client = :client AND client_id = :client_id"
)
_RECEIPTS = Statement(
    select(Voucher.ref, Sale.outlet, Sale.receipt_no)
    .join(
        Sale,
        (Sale.tenant_id == Voucher.tenant_id)
        & (Sale.client == Voucher.client)
        & (Sale.client_id == Voucher.client_id),
    )
    .where(Voucher.tenant_id == bindparam("tenant"), any_of(Voucher.ref, "refs"))
)


def take(
    work: Work, wanted: Sequence[tuple[str, str, Sequence[Tender]]]
) -> list[TjugoError | None]:
    """Take the vouchers among the payments of requests: (client, client_id, tenders). Return, for
    each, why it cannot be paid so: one of its vouchers paid for another; it takes none then.

    A voucher is taken once the unit of work is committed; a request that is refused afterwards
    releases it. The requests are written in the same unit of work.
    """
    answers: list[TjugoError | None] = [None] * len(wanted)
    refs = sorted(
        (bare, place)
        for place, (_, _, tenders) in enumerate(wanted)
        for bare in (bare_ref(tender) for tender in tenders)
        if bare
    )
    for ref, place in refs:  # sorted: two transactions take them in the same order
        client, client_id, _ = wanted[place]
        if answers[place] is None and not _taken(work, ref, client, client_id):
            answers[place] = _used(work, ref)
            release(work, client, client_id)
    return answers


def release(work: Work, client: str, client_id: str) -> None:
    """Give the vouchers of a request back: they can pay again."""
    given = {"tenant_id": work.tenant_id, "client": client, "client_id": client_id}
    work.session.execute(_RELEASE, given)


def _taken(work: Work, ref: str, client: str, client_id: str) -> bool:
    given = {"tenant_id": work.tenant_id, "ref": ref, "client": client, "client_id": client_id}
    return work.session.execute(_TAKE, given).first() is not None


def _used(work: Work, ref: str) -> TjugoError:
    found = _RECEIPTS.first(work.session, tenant=work.tenant_id, refs=[ref])
    where = "" if found is None else f", for receipt {found.outlet} {found.receipt_no}"
    return reason("voucher_used", f"Voucher {ref} was used already{where}.")
