"""What a program is told that asks what became of its request, after a time-out."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import or_, select

from tjugo.station.station import Station
from tjugo.station.storage.tables import VendRequest
from tjugo.station.vending import views
from tjugo.station.vending.shown import show
from tjugo.station.vending.views import Refusal, Sale
from tjugo.station.work import View

State = Literal["sold", "refused", "unknown"]
SENTENCES: dict[State, str] = {
    "sold": "The sale is made: give its tokens to the customer. The money is due.",
    "refused": "The request is refused for good: return the money. Another sale needs another id.",
    "unknown": "No such request is recorded. It may still arrive: send it again with the same id "
    "until it is answered, before the money is returned.",
}
RECENT = timedelta(days=7)
"""How old the newest request may be that is found without an id."""


@dataclass(frozen=True)
class Advice:
    """client_id: of the request, None where none is found; outcome: the first answer, None where
    there is none to show."""

    client_id: str | None
    state: State
    outcome: Sale | Refusal | None = None

    @property
    def sentence(self) -> str:
        """What the program does now."""
        return SENTENCES[self.state]


def advise(station: Station, actor: str, client: str, client_id: str | None) -> Advice:
    """Return what became of a request of a client, or of its newest one. The token of a sale
    counts as shown. Raise Unavailable when its record is damaged; Conflict when it is void."""
    with station.view() as view:
        row = _row(view, client, client_id, station)
        if row is None or row.state == "received":
            return Advice(client_id, "unknown")
        found = row.client_id
        if row.state != views.TOKEN_ISSUED:
            return Advice(found, "refused", views.outcome_of(row))
    return Advice(found, "sold", show(station, actor, client, found))


def _row(view: View, client: str, client_id: str | None, station: Station) -> VendRequest | None:
    row = VendRequest
    if client_id is not None:
        found = view.session.get(row, (view.tenant_id, client, client_id))
        return None if found is None or (found.asked or "").startswith('{"asked":') else found
    query = select(row).where(
        row.tenant_id == view.tenant_id,
        row.client + "" == client,  # by the time, and not through all requests of a client
        row.created_at > station.clock() - RECENT,
        or_(row.asked.is_(None), ~views.NO_SALE),
    )
    return view.session.scalars(query.order_by(row.created_at.desc()).limit(1)).first()
