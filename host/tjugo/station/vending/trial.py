"""Trial vend: what a purchase would cost and give, without recording anything."""

from dataclasses import dataclass
from datetime import datetime

from tjugo.errors import reason
from tjugo.station import settings
from tjugo.station.keys.ring import check_type
from tjugo.station.registry.meters import checked_drn, repaired_drn
from tjugo.station.tariffs.effect import effective
from tjugo.station.tariffs.model import Quote
from tjugo.station.tariffs.situations import situations
from tjugo.station.vending import keychange
from tjugo.station.vending.batch import price
from tjugo.station.vending.facts import Buyer, read
from tjugo.station.vending.item import Item
from tjugo.station.vending.purchase import Purchase, check
from tjugo.station.vending.targets import with_register
from tjugo.station.work import View


@dataclass(frozen=True)
class Trial:
    """A price without a sale, and who would get it."""

    drn: str
    buyer: Buyer | None
    tariff: str
    tariff_version: int
    quote: Quote


def trial(view: View, purchase: Purchase, at: datetime) -> Trial:
    """Return what the purchase would be at this moment. Raise TjugoError as the sale would."""
    check(purchase)
    drn = repaired_drn(view, purchase.drn) or checked_drn(purchase.drn)
    facts = read(view, {drn, drn.rjust(13, "0")})
    meter = facts.get(drn) or facts.get(drn.rjust(13, "0"))
    if meter is None:
        raise reason("meter_unknown", f"Meter {drn} is not registered here.")
    number = meter.config.drn
    item = Item(purchase, number, meter)
    tariffs = effective(view, [number], at)
    item.tariff = tariffs.get(number)
    quote = price(
        item,
        situations(view, [number], at, tariffs)[number],
        settings.get(view, "sale_limit_kwh"),
    )
    assert item.tariff is not None
    planned = keychange.due(view, [number]).get(number)
    check_type(meter.config if planned is None else with_register(meter.config, planned.target))
    return Trial(number, meter.buyer, item.tariff.tariff, item.tariff.version, quote)
