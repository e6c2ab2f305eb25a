"""Receipts of tokens that are not sold: engineering tokens, key changes and replacements."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tjugo.errors import NotFound
from tjugo.key_register import MeterConfig
from tjugo.station import counters, names
from tjugo.station.receipts import model
from tjugo.station.registry.links import current_link
from tjugo.station.registry.meters import known_meter, meter_config
from tjugo.station.storage.tables import Meter, MeterKeyState, VendRequest
from tjugo.station.vending import receipt_of
from tjugo.station.vending.purchase import RECEIPTS
from tjugo.station.vending.receipt_of import Builder, Request
from tjugo.station.vending.seller import Seller, open_outlet, without_closed_shift
from tjugo.station.work import Work

_REGISTER = ("sgc", "krn", "kt", "ti", "ken", "bdt", "dkga")
_OF_SALE = ("key_change", "replacement")
_NAMES = {"power_limit": "max_power", "set_flag": "extended", "set_register": "extended"}


def write(work: Work, row: VendRequest, kind: str, tokens: Sequence[Any], seller: Seller) -> None:
    """Record the receipt of a request without payment, with the outlet's next number. tokens: in
    the order of entry, each with kind, digits, tenths, credit. Raise TjugoError when the outlet is
    not active."""
    outlet = open_outlet(work, seller.outlet)
    seller = without_closed_shift(work, seller)
    meter, config = _meter(work, row.drn)
    link = None if meter is None else current_link(meter)
    series = f"{RECEIPTS}{seller.outlet}"
    made = Builder(work.tenant, work.now(), names.of_operators(work, [seller.actor])).receipt(
        kind if kind in _OF_SALE else "engineering",
        counters.take(work, {series: 1})[series],
        Request(row.client, row.client_id, seller, outlet.name),
        customer=None if link is None else receipt_of.customer(link.customer),
        meter=_printed(meter, config),
        tokens=tuple(
            model.Token(_name(one.kind), one.digits, one.tenths, one.credit) for one in tokens
        ),
        text=work.tenant.receipt_text,
    )
    # Its units are 0: a replacement was paid for, and counted, before.
    receipt_of.add_row(work, made, seller.shift_no, 0, drn=config.drn if config else None)


def _printed(meter: Meter | None, config: MeterConfig | None) -> model.Meter | None:
    if meter is None or config is None:
        return None
    return receipt_of.meter(config, meter.counts)


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


def _name(kind: str) -> str:
    """Return the kind of a token as receipts have it."""
    if kind.startswith(("test_", "display_", "read_")):
        return "test"
    return _NAMES.get(kind, kind)
