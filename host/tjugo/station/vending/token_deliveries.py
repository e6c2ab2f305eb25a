"""Deliveries by a collector for the tokens of a sale."""

from collections.abc import Sequence

from tjugo.station.delivery.refs import choose, free_refs
from tjugo.station.storage import bulk
from tjugo.station.storage.statement import Query
from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.vending import key_delivery
from tjugo.station.vending.item import Item
from tjugo.station.work import Work

Refs = dict[tuple[str, str], list[int]]
"""References by client and client id of a sale, one for each of its tokens, ascending."""


def free(work: Work, sold: Sequence[Item]) -> Refs:
    """Return references for the tokens of the sales whose meter a collector serves."""
    served = _served(sold)
    refs = iter(free_refs(work, sum(len(item.tokens) for item in served)))
    return {item.key: [next(refs) for _ in item.tokens] for item in served}


def queries(work: Work, items: Sequence[Item]) -> list[Query]:
    """Return what `free` reads for one token each of these items, nothing where none is served."""
    served = _served(items)
    return [choose(work, len(served))] if served else []


def _served(items: Sequence[Item]) -> list[Item]:
    """Return the items whose tokens a collector delivers."""
    return [item for item in items if item.meter is not None and item.meter.collector_id]


def add(work: Work, sold: Sequence[Item], refs: Refs) -> None:
    """Record the deliveries. They follow the tokens of a key change that is not confirmed."""
    served = [(item, item.meter) for item in sold if item.meter is not None and item.key in refs]
    changed = [meter.config.drn for item, meter in served if item.change is not None]
    after = key_delivery.last_refs(work, changed)
    rows = [
        {
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
        for item, meter in served
        for token, ref in zip(item.tokens, refs[item.key], strict=True)
    ]
    bulk.insert(work.session, TokenDelivery, rows)
