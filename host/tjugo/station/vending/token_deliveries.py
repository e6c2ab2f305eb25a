"""Deliveries by a collector for the tokens of a sale."""

from collections.abc import Sequence

from tjugo.station.delivery.refs import free_refs
from tjugo.station.storage import bulk
from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.vending import key_delivery
from tjugo.station.vending.item import Item
from tjugo.station.work import Work


def add(work: Work, sold: Sequence[Item]) -> dict[tuple[str, str], int]:
    """Record a delivery for each token of the sales whose meter a collector serves. They follow
    the tokens of a key change that is not confirmed. Return the reference of each sale's last
    token, by client and client id."""
    served = [
        (item, item.meter, token)
        for item in sold
        if item.meter is not None and item.meter.collector_id is not None
        for token in item.tokens
    ]
    changed = [meter.config.drn for item, meter, _ in served if item.change is not None]
    after = key_delivery.last_refs(work, changed)
    last, rows = {}, []
    for (item, meter, token), ref in zip(served, free_refs(work, len(served)), strict=True):
        last[item.key] = ref
        row = {
            "tenant_id": work.tenant_id,
            "ref": ref,
            "drn": meter.config.drn,
            "bdt": meter.config.bdt,
            "tid": token.tid,
            "collector_id": meter.collector_id,
            "state": "issued",
            "attempts": 0,
            "created_at": work.now(),
            "after_ref": after.get(meter.config.drn),
        }
        rows.append(row)
    bulk.insert(work.session, TokenDelivery, rows)
    return last
