"""Correcting an entry: by another one that has its postings the other way round."""

from sqlalchemy import select

from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.ledger.accounts import CORRECTION
from tjugo.station.ledger.post import Entry, post
from tjugo.station.storage.tables import LedgerEntry, Posting
from tjugo.station.work import Work

ACTION = "ledger.post"
_MANUAL = ("opening",)
"""Kinds of entries that belong to no other record, so that a person may reverse them."""


def reverse(work: Work, entry_no: int, text: str) -> None:
    """Post the reversal of an entry, once. text: why.

    Raise TjugoError when there is none, it was reversed, or it is the entry of another record,
    such as a sale: that is corrected by its own service (credit note, deposit), which keeps both
    in step.
    """
    text = text.strip()
    if not 0 < len(text) <= 200:
        raise reason("reason_invalid", "A correction has a reason of 1 to 200 characters.")
    entry = work.session.get(LedgerEntry, (work.tenant_id, entry_no))
    if entry is None:
        raise reason("entry_unknown", f"There is no entry {entry_no} in the ledger.")
    if entry.kind not in _MANUAL:
        raise reason(
            "entry_not_reversible",
            f"Entry {entry_no} belongs to {entry.kind} {entry.ref}: correct that one.",
        )
    row = Posting
    query = select(row.account, row.party, row.amount).where(
        row.tenant_id == work.tenant_id, row.entry_no == entry_no
    )
    postings = tuple(
        (account, party, -amount)
        for account, party, amount in work.session.execute(query.order_by(row.line))
    )
    new = Entry(CORRECTION, str(entry_no), postings, entry.outlet, entry.shift_no, text)
    post(work, new)
    chain.record(work, ACTION, f"entry {entry_no}", text)
