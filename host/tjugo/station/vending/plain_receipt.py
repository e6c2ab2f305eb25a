"""Receipts of tokens that are not sold: engineering tokens, key changes and replacements."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tjugo.errors import NotFound
from tjugo.key_register import MeterConfig, written
from tjugo.station import counters, days
from tjugo.station.receipts import model
from tjugo.station.receipts.model import Receipt
from tjugo.station.registry.links import current_link
from tjugo.station.registry.meters import known_meter, meter_config
from tjugo.station.storage.tables import Meter, MeterKeyState, Sale, VendRequest
from tjugo.station.vending.purchase import MAIN, RECEIPTS
from tjugo.station.work import Work

_REGISTER = ("sgc", "krn", "kt", "ti", "ken", "bdt", "dkga")
_OF_SALE = ("key_change", "replacement")
_NAMES = {"power_limit": "max_power", "set_flag": "extended", "set_register": "extended"}


def write(work: Work, row: VendRequest, kind: str, tokens: Sequence[Any]) -> None:
    """Record the receipt of a request without payment, with the outlet's next number. tokens: in
    the order of entry, each with kind, digits, tenths."""
    meter, config = _meter(work, row.drn)
    number = counters.take(work, {f"{RECEIPTS}{MAIN}": 1})[f"{RECEIPTS}{MAIN}"]
    tenant = work.tenant
    link = None if meter is None else current_link(meter)
    customer = None
    if link is not None:
        of = link.customer
        customer = model.Customer(of.account_no, of.name, of.address)
    of_sale = kind if kind in _OF_SALE else "engineering"
    receipt = Receipt(
        kind=of_sale,
        number=number,
        outlet=MAIN,
        operator=work.actor[:80],
        at=work.now(),
        time_zone=tenant.time_zone,
        currency=tenant.currency,
        language=tenant.language,
        utility=model.Utility(tenant.name, tenant.address, tenant.tax_no, tenant.phone),
        client=row.client,
        client_id=row.client_id,
        customer=customer,
        meter=None if config is None else _printed(config),
        tokens=tuple(model.Token(_name(one.kind), one.digits, one.tenths) for one in tokens),
        text=tenant.receipt_text,
    )
    work.session.add(_sale(work, row, receipt))
    work.session.flush()


def _sale(work: Work, row: VendRequest, receipt: Receipt) -> Sale:
    """Return the row. Its units are 0: a replacement was paid for, and counted, before."""
    return Sale(
        tenant_id=work.tenant_id,
        client=row.client,
        client_id=row.client_id,
        kind=receipt.kind,
        outlet=MAIN,
        receipt_no=receipt.number,
        operator=work.actor[:80],
        drn=receipt.meter.drn if receipt.meter else None,
        account_no=receipt.customer.account_no if receipt.customer else None,
        sold_at=work.now(),
        day=days.day(work, work.now()),
        currency=receipt.currency,
        tendered=0,
        change=0,
        paid_tenths=0,
        free_tenths=0,
        receipt=receipt.to_json(),
        shown_at=work.now(),
    )


def _meter(work: Work, drn: str) -> tuple[Meter | None, MeterConfig | None]:
    """Return the meter, and its register: the one that it has after the key change tokens."""
    try:
        meter = known_meter(work, drn) if drn else None
    except NotFound:
        meter = None
    if meter is None:
        return None, None
    config = meter_config(work, meter)
    pending = work.session.get(MeterKeyState, (work.tenant_id, meter.drn, "pending"))
    if pending is None:
        return meter, config
    return meter, replace(config, **{name: getattr(pending, name) for name in _REGISTER})


def _printed(config: MeterConfig) -> model.Meter:
    sgc, ti = written("sgc", config.sgc), written("ti", config.ti)
    return model.Meter(config.drn, sgc, config.krn, ti, config.ea, config.tct)


def _name(kind: str) -> str:
    """Return the kind of a token as receipts have it."""
    if kind.startswith(("test_", "display_", "read_")):
        return "test"
    return _NAMES.get(kind, kind)
