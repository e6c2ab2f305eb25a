"""The JSON interface, /api/v1. Errors are {"error": sentence} with a fitting status."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from tjugo.station.readings import views as reading_views
from tjugo.station.registry import customers, meters
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import vend

CLIENT = "api"


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
    def put_vend(client_id: str, body: VendBody) -> dict[str, Any]:
        """Sells once for each client_id, however often it is asked."""
        return sale_views.sale_json(vend(station, CLIENT, client_id, body.drn, body.kwh))

    @api.get("/vends/{client_id}")
    def get_vend(client_id: str, client: str = CLIENT) -> dict[str, Any]:
        """A sale and how far its token got."""
        return sale_views.sale_json(sale_views.find_sale(station, client, client_id))

    @api.get("/vends")
    def get_vends(limit: Annotated[int, Query(ge=1, le=500)] = 30) -> list[dict[str, Any]]:
        """The newest requests first, refused ones too."""
        return sale_views.recent_requests(station, limit)


def _add_meters(api: APIRouter, station: Station) -> None:
    @api.get("/meters")
    def get_meters() -> list[dict[str, Any]]:
        return registry_views.meters(station)

    @api.get("/meters/{drn}")
    def get_meter(drn: str) -> dict[str, Any]:
        return registry_views.find_meter(station, drn)

    @api.post("/meters", status_code=201)
    def post_meter(body: MeterBody) -> dict[str, Any]:
        drn = meters.add_meter(station, meters.NewMeter(**body.model_dump()))
        return registry_views.find_meter(station, drn)

    @api.patch("/meters/{drn}")
    def patch_meter(drn: str, body: MeterPatch) -> dict[str, Any]:
        if body.status is not None:
            meters.set_status(station, drn, body.status)
        if "collector_id" in body.model_fields_set:
            meters.set_collector(station, drn, body.collector_id)
        if body.account_no is not None:
            customers.link_meter(station, drn, body.account_no)
        return registry_views.find_meter(station, drn)

    @api.get("/collectors")
    def get_collectors() -> list[dict[str, Any]]:
        return reading_views.collectors(station)


def _add_customers(api: APIRouter, station: Station) -> None:
    @api.get("/customers")
    def get_customers() -> list[dict[str, Any]]:
        return registry_views.customers(station)

    @api.post("/customers", status_code=201)
    def post_customer(body: CustomerBody) -> dict[str, Any]:
        account_no = customers.add_customer(station, **body.model_dump())
        return registry_views.find_customer(station, account_no)

    @api.patch("/customers/{account_no}")
    def patch_customer(account_no: str, body: dict[str, str | None]) -> dict[str, Any]:
        customers.update_customer(station, account_no, **body)
        return registry_views.find_customer(station, account_no)

    @api.delete("/customers/{account_no}")
    def delete_customer(account_no: str) -> dict[str, Any]:
        customers.delete_customer(station, account_no)
        return {"deleted": account_no}
