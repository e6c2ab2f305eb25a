"""Showing the token of a sale: from then on the sale can no longer be voided."""

from tjugo.station.station import Station
from tjugo.station.storage.tables import Sale as SaleRow
from tjugo.station.vending import views
from tjugo.station.vending.views import Sale


def show(station: Station, actor: str, client: str, client_id: str) -> Sale:
    """Return a sale, whose token counts as shown. Raise as `views.find_sale`; Conflict for one
    that is void."""
    with station.view() as view:
        sale = views.find_sale(view, client, client_id)
        row = view.session.get(SaleRow, (view.tenant_id, client, client_id))
        if row is None or row.shown_at is not None:
            return sale
    with station.work(actor) as work:
        key = (work.tenant_id, client, client_id)
        locked = work.session.get_one(SaleRow, key, with_for_update=True, populate_existing=True)
        sale = views.find_sale(work, client, client_id)
        if locked.shown_at is None:
            locked.shown_at = work.now()
    return sale
