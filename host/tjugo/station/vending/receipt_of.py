"""The one builder of receipts: of sales, payments, credit notes, and tokens that are not sold.

It reads nothing from the database: what it needs is given, so that a batch of sales costs no query
for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tjugo.counted import ENERGY
from tjugo.key_register import MeterConfig, written
from tjugo.station import days
from tjugo.station.receipts import model
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage.tables import Sale
from tjugo.station.work import TenantData, Work


class At(Protocol):
    """Who acts, and where: a Seller or a Purchase."""

    @property
    def actor(self) -> str: ...
    @property
    def outlet(self) -> str: ...
    @property
    def terminal(self) -> str | None: ...


class Buyer(Protocol):
    """A customer: its row, or what a batch has read of it."""

    @property
    def account_no(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str | None: ...


@dataclass(frozen=True)
class Request:
    """What is on every receipt of one request. outlet_name: of the seller's outlet."""

    client: str
    client_id: str
    seller: At
    outlet_name: str | None


class Builder:
    """Makes the receipts of one utility at one moment. sellers: names of operators by actor."""

    def __init__(self, tenant: TenantData, at: datetime, sellers: Mapping[str, str]) -> None:
        self._common: dict[str, Any] = {
            "at": at,
            "time_zone": tenant.time_zone,
            "currency": tenant.currency,
            "language": tenant.language,
            "utility": model.Utility(tenant.name, tenant.address, tenant.tax_no, tenant.phone),
        }
        self.text = tenant.receipt_text
        self._sellers = sellers

    def receipt(self, kind: str, number: int, request: Request, **fields: Any) -> Receipt:
        """Return a receipt. number: the outlet's next one; fields: the others of a Receipt."""
        seller = request.seller
        return Receipt(
            kind=kind,
            number=number,
            outlet=seller.outlet,
            outlet_name=request.outlet_name,
            operator=seller.actor[:80],
            operator_name=self._sellers.get(seller.actor),
            terminal=seller.terminal,
            client=request.client,
            client_id=request.client_id,
            **self._common,
            **fields,
        )


def customer(buyer: Buyer) -> model.Customer:
    """Return a customer as receipts name it."""
    return model.Customer(buyer.account_no, buyer.name, buyer.address)


def meter(config: MeterConfig, counts: str, tariff: str | None = None) -> model.Meter:
    """Return a meter with its key register as receipts name it. counts: energy or money; tariff:
    its name."""
    sgc, ti = written("sgc", config.sgc), written("ti", config.ti)
    other = None if counts == ENERGY else counts
    return model.Meter(config.drn, sgc, config.krn, ti, config.ea, config.tct, tariff, other)


def add_row(work: Work, made: Receipt, shift_no: int | None, tendered: int, **fields: Any) -> None:
    """Record a receipt that sells no energy. tendered: minor units, negative for money that is
    returned; fields: the others of a Sale."""
    given = {"paid_tenths": 0, "free_tenths": 0, **fields}
    work.session.add(
        Sale(
            tenant_id=work.tenant_id,
            client=made.client,
            client_id=made.client_id,
            kind=made.kind,
            outlet=made.outlet,
            receipt_no=made.number,
            terminal=made.terminal,
            operator=made.operator,
            shift_no=shift_no,
            account_no=made.customer.account_no if made.customer else None,
            sold_at=work.now(),
            day=days.day(work, work.now()),
            currency=made.currency,
            tendered=tendered,
            change=made.change,
            receipt=made.to_json(),
            shown_at=work.now(),
            **given,
        )
    )
    work.session.flush()
