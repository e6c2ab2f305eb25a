"""The vending keys over /api/v1/keys: their public parts, unlocking and locking."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from tjugo.station.keys import service, views
from tjugo.station.keys.views import KeysView
from tjugo.station.station import Station, utc_now
from tjugo.web.api.fields import RequestBody
from tjugo.web.current import actor


class UnlockBody(RequestBody):
    """The passphrase of the sealed vending keys."""

    passphrase: Annotated[str, Field(min_length=1, max_length=1000, repr=False)]


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of vending keys. No answer has a secret."""

    def shown() -> KeysView:
        with station.view() as view:
            return views.keys(view, station.backend, utc_now())

    @api.get("/keys")
    def get_keys() -> KeysView:
        """Return the register of the vending keys, with their terms, use and warnings."""
        return shown()

    @api.post("/keys/unlock")
    def post_unlock(body: UnlockBody) -> KeysView:
        """Unlock the vending keys until the station ends or they are locked."""
        service.unlock(station, actor(), body.passphrase)
        return shown()

    @api.post("/keys/lock")
    def post_lock() -> KeysView:
        """Lock sealed vending keys: nothing can be sold until they are unlocked."""
        service.lock(station, actor())
        return shown()
