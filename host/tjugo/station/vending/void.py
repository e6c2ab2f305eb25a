"""Voids: a sale is undone as long as nobody was shown its token. After that a credit note is the
way."""

import json

from sqlalchemy import select

from tjugo.errors import reason
from tjugo.station import clock
from tjugo.station.audit import chain
from tjugo.station.delivery import service as delivery
from tjugo.station.ledger import accounts, post
from tjugo.station.registry.meters import known_meter
from tjugo.station.storage.tables import Debt, LedgerEntry, PlainToken, Posting, Sale
from tjugo.station.tariffs import situations
from tjugo.station.tills import shifts
from tjugo.station.vending import change_out, vouchers
from tjugo.station.vending.owed import replaced
from tjugo.station.vending.why import checked_why
from tjugo.station.webhooks import outbox
from tjugo.station.work import View, Work

ACTION = "sales.void"
KINDS = ("credit", "free")
_INSTEAD = "Write a credit note instead."
_CANCELLED = "the sale is void"


def void(work: Work, client: str, client_id: str, why: str) -> Sale:
    """Void a sale whose token was shown to nobody, and return its row. A sale that is void already
    is left as it is. why: for the audit.

    Raise NotFound; Conflict (`sale_not_voided`) with the way that is left.
    """
    why = checked_why(why)
    sale = locked_sale(work, client, client_id)
    if sale.voided_at is not None:
        return sale
    if sale.kind == "payment":
        raise _refused(sale, f"is a payment, and cannot be voided. {_INSTEAD}")
    if sale.kind not in KINDS:
        raise _refused(sale, "is no sale of electricity, and cannot be voided.")
    if sale.shown_at is not None:
        raise _refused(sale, f"cannot be voided: its token was shown. {_INSTEAD}")
    if replaced(work, sale, free=True) or _carried_over(work, sale):
        raise _refused(sale, "cannot be voided: its token was replaced.")
    if _changes_key(work, sale):
        raise _refused(
            sale, f"cannot be voided: it has the tokens of a key change. Show it. {_INSTEAD}"
        )
    if sale.shift_no is not None and not shifts.require_open(work, [sale.shift_no]):
        raise _refused(
            sale, f"cannot be voided: its shift {sale.shift_no} is cashed up. {_INSTEAD}"
        )
    clock.require(work)
    if not delivery.cancel(work, client, client_id, _CANCELLED):
        raise _refused(sale, f"cannot be voided: its token was sent to the meter. {_INSTEAD}")
    _reverse(work, sale, why)
    assert sale.drn is not None
    situations.take_back(
        work,
        sale.drn,
        f"{sale.day:%Y-%m}",
        sale.paid_tenths,
        sale.free_tenths,
        json.loads(sale.charges) if sale.charges else {},
    )
    vouchers.release(work, client, client_id)
    sale.voided_at, sale.voided_by = work.now(), work.actor[:80]
    work.session.flush()
    chain.record(work, ACTION, f"sale {sale.outlet} {sale.receipt_no}", f"void: {why}")
    outbox.emit(work, outbox.SALE_VOIDED, lambda: _facts(sale, why))
    return sale


def _facts(sale: Sale, why: str) -> dict[str, object]:
    names = ("client", "client_id", "outlet", "receipt_no", "drn", "currency", "tendered")
    return {**{name: getattr(sale, name) for name in names}, "why": why}


def locked_sale(work: Work, client: str, client_id: str) -> Sale:
    """Return a sale; its meter and its row are locked until the transaction ends, in the order in
    which a sale locks them. Raise NotFound."""
    found = work.session.execute(
        select(Sale.drn).where(
            Sale.tenant_id == work.tenant_id, Sale.client == client, Sale.client_id == client_id
        )
    ).first()
    if found is None:
        raise reason("sale_unknown", f"There is no sale with the id {client_id}.")
    if found.drn is not None:
        known_meter(work, found.drn, lock=True)
    key = (work.tenant_id, client, client_id)
    return work.session.get_one(Sale, key, with_for_update=True, populate_existing=True)


def was_shown(view: View, sale: Sale) -> bool:
    """Return whether the token of a sale left the station: was shown, printed or delivered."""
    return sale.shown_at is not None or delivery.was_sent(view, sale.client, sale.client_id)


def reopen(work: Work, parties: set[str]) -> None:
    """Open debts that were closed, because they are owed again. parties: of the ledger's account
    `debt`."""
    for party in sorted(parties):
        account_no, _, number = party.rpartition("/")
        key = (work.tenant_id, account_no, int(number))
        debt = work.session.get(Debt, key, with_for_update=True)
        if debt is not None and debt.state != "open":
            debt.state, debt.closed_at = "open", None


def _refused(sale: Sale, sentence: str) -> Exception:
    return reason("sale_not_voided", f"Sale {sale.client_id} {sentence}")


def _carried_over(view: View, sale: Sale) -> bool:
    """Return whether credit that was carried over to another meter needs this sale."""
    kept = change_out.kept(view, sale)
    units = sale.paid_tenths + sale.free_tenths if sale.credit is None else sale.credit
    return kept is not None and kept < units


def _changes_key(view: View, sale: Sale) -> bool:
    query = select(PlainToken.position).where(
        PlainToken.tenant_id == view.tenant_id,
        PlainToken.client == sale.client,
        PlainToken.client_id == sale.client_id,
    )
    return view.session.scalar(query.limit(1)) is not None


def _reverse(work: Work, sale: Sale, why: str) -> None:
    """Post the opposite of what the sale posted. Free units alone posted nothing."""
    ref = f"{sale.client}/{sale.client_id}"
    query = (
        select(Posting.account, Posting.party, Posting.amount)
        .join(
            LedgerEntry,
            (LedgerEntry.tenant_id == Posting.tenant_id)
            & (LedgerEntry.entry_no == Posting.entry_no),
        )
        .where(Posting.tenant_id == work.tenant_id)
        .where(LedgerEntry.kind == accounts.SALE, LedgerEntry.ref == ref)
        .order_by(Posting.line)
    )
    rows = tuple((row.account, row.party, -row.amount) for row in work.session.execute(query))
    if not rows:
        return
    reopen(work, {party for account, party, _ in rows if account == situations.DEBT_ACCOUNT})
    entry = post.Entry(accounts.VOID, ref, rows, sale.outlet, sale.shift_no, why)
    post.post(work, entry)
