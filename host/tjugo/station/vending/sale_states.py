"""The state of a sale that is recorded: whether its token was shown, or the sale is void."""

from tjugo.station.storage.tables import VendRequest

SOLD, NOT_SHOWN, VOID = "sold", "not_shown", "void"


def state_of_sale(row: VendRequest) -> str:
    """Return SOLD, NOT_SHOWN (it has tokens that were shown to nobody) or VOID; the row must be
    in a session."""
    if row.sale is None:
        return SOLD
    if row.sale.voided_at is not None:
        return VOID
    if not row.tokens or row.sale.shown_at is not None:
        return SOLD
    sent = any(token.delivery is not None and token.delivery.attempts for token in row.tokens)
    return SOLD if sent else NOT_SHOWN
