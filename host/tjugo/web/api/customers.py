"""Customers over /api/v1/customers."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, create_model

from tjugo.station.registry import customers, views
from tjugo.station.registry.views import CustomerView
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.web.api.fields import DEFAULT_LIMIT, After, Limit, RequestBody, Search
from tjugo.web.current import actor


def _text(most: int) -> Any:
    return Annotated[str | None, Field(max_length=most)]


# One field for each that a customer has, so that the interface describes what the station keeps.
_FIELDS: Any = {
    name: (_text(most), None) for name, (most, _) in customers.FIELDS.items() if name != "name"
}
_Fields: Any = create_model("_Fields", __base__=RequestBody, **_FIELDS)


class CustomerBody(_Fields):
    """A customer; the account number defaults to the next free one."""

    name: str
    account_no: str | None = None


class CustomerPatch(_Fields):
    """The fields of a customer that may be changed; null, but for the name: removed."""

    name: str = ""


class Deleted(BaseModel):
    """The account number of the removed customer."""

    deleted: str


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of customers."""

    @api.get("/customers")
    def get_customers(
        search: Search = "", after: After = None, limit: Limit = DEFAULT_LIMIT
    ) -> Page[CustomerView]:
        """Return customers by account number."""
        with station.view() as view:
            return views.customers(view, search, after, limit)

    @api.get("/customers/{account_no}")
    def get_customer(account_no: str) -> CustomerView:
        """Return one customer."""
        with station.view() as view:
            return views.find_customer(view, account_no)

    @api.post("/customers", status_code=201)
    def post_customer(body: CustomerBody) -> CustomerView:
        """Register a customer."""
        with station.work(actor()) as work:
            account_no = customers.add_customer(work, **body.model_dump())
            return views.find_customer(work, account_no)

    @api.patch("/customers/{account_no}")
    def patch_customer(account_no: str, body: CustomerPatch) -> CustomerView:
        """Change the given fields of a customer."""
        with station.work(actor()) as work:
            changes = body.model_dump(exclude_unset=True)
            customers.update_customer(work, account_no, **changes)
            return views.find_customer(work, account_no)

    @api.delete("/customers/{account_no}")
    def delete_customer(account_no: str) -> Deleted:
        """Remove a customer who never had a meter or a debt, and never paid."""
        with station.work(actor()) as work:
            customers.delete_customer(work, account_no)
        return Deleted(deleted=account_no)
