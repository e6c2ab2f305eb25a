"""The JSON interface, /api/v1. Errors are {"error": sentence} with a fitting status."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from tjugo.station.readings import views as reading_views
from tjugo.station.registry import customers, meters
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.storage.paging import MOST
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import sell

CLIENT = "api"
Limit = Annotated[int, Query(ge=1, le=MOST)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VendBody(_Body):
    """A sale: kwh in steps of 0.1, as a number or a string."""

    drn: str = Field(max_length=40)
    kwh: Decimal


class MeterBody(_Body):
    """A meter and its key state; what is left out is as for the sample keys."""

    drn: str = Field(max_length=40)
    ea: int = 7
    dkga: str = "04"
    bdt: str = "14"
    sgc: str = "123457"
    krn: int = 1
    kt: int = 2
    ti: str = "01"
    ken: int = 255
    tct: int = 2
    collector_id: str | None = None


class MeterPatch(_Body):
    """What may change of a meter."""

    status: str | None = None
    collector_id: str | None = None
    account_no: str | None = None


class CustomerBody(_Body):
    """A customer; the account number is the next free one if left out."""

    name: str
    phone: str | None = None
    address: str | None = None
    account_no: str | None = None


def router(station: Station) -> APIRouter:
    """The routes of one station."""
    api = APIRouter(prefix="/api/v1")
    _add_vends(api, station)
    _add_meters(api, station)
    _add_customers(api, station)
    return api


def _add_vends(api: APIRouter, station: Station) -> None:
    @api.put("/vends/{client_id}")
    def put_vend(client_id: str, body: VendBody) -> sale_views.SaleView:
        """Sells once for each client_id, however often it is asked."""
        return sale_views.sale_view(sell(station, CLIENT, client_id, body.drn, body.kwh))

    @api.get("/vends/{client_id}")
    def get_vend(client_id: str, client: str = CLIENT) -> sale_views.SaleView:
        """A sale and how far its token got."""
        with station.view() as view:
            return sale_views.sale_view(sale_views.find_sale(view, client, client_id))

    @api.get("/vends")
    def get_vends(
        search: str = "", after: str | None = None, limit: Limit = 30
    ) -> list[sale_views.SaleView | sale_views.RefusalView]:
        """The newest requests first, refused ones too."""
        with station.view() as view:
            return sale_views.sales(view, search, after, limit).items


def _add_meters(api: APIRouter, station: Station) -> None:
    @api.get("/meters")
    def get_meters(
        search: str = "", after: str | None = None, limit: Limit = MOST
    ) -> list[registry_views.MeterView]:
        """Meters by DRN; after: the last DRN of the answer before."""
        with station.view() as view:
            return registry_views.meters(view, search, after, limit).items

    @api.get("/meters/{drn}")
    def get_meter(drn: str) -> registry_views.MeterView:
        with station.view() as view:
            return registry_views.find_meter(view, drn)

    @api.post("/meters", status_code=201)
    def post_meter(body: MeterBody) -> registry_views.MeterView:
        with station.work(CLIENT) as work:
            drn = meters.add_meter(work, meters.NewMeter(**body.model_dump()))
            return registry_views.find_meter(work, drn)

    @api.patch("/meters/{drn}")
    def patch_meter(drn: str, body: MeterPatch) -> registry_views.MeterView:
        with station.work(CLIENT) as work:
            if body.status is not None:
                meters.set_status(work, drn, body.status)
            if "collector_id" in body.model_fields_set:
                meters.set_collector(work, drn, body.collector_id)
            if body.account_no is not None:
                customers.link_meter(work, drn, body.account_no)
            return registry_views.find_meter(work, drn)

    @api.get("/collectors")
    def get_collectors() -> list[reading_views.CollectorView]:
        with station.view() as view:
            return reading_views.collectors(view)


def _add_customers(api: APIRouter, station: Station) -> None:
    @api.get("/customers")
    def get_customers(
        search: str = "", after: str | None = None, limit: Limit = MOST
    ) -> list[registry_views.CustomerView]:
        """Customers by account number; after: the last one of the answer before."""
        with station.view() as view:
            return registry_views.customers(view, search, after, limit).items

    @api.post("/customers", status_code=201)
    def post_customer(body: CustomerBody) -> registry_views.CustomerView:
        with station.work(CLIENT) as work:
            account_no = customers.add_customer(work, **body.model_dump())
            return registry_views.find_customer(work, account_no)

    @api.patch("/customers/{account_no}")
    def patch_customer(
        account_no: str, body: dict[str, str | None]
    ) -> registry_views.CustomerView:
        with station.work(CLIENT) as work:
            customers.update_customer(work, account_no, **body)
            return registry_views.find_customer(work, account_no)

    @api.delete("/customers/{account_no}")
    def delete_customer(account_no: str) -> dict[str, Any]:
        with station.work(CLIENT) as work:
            customers.delete_customer(work, account_no)
        return {"deleted": account_no}
