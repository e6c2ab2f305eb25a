"""Waiting for a meter's answer, and the reason when none arrived."""

import time
from collections.abc import Callable

from tjugo.station.link import views as link_views
from tjugo.station.registry.views import find_meter
from tjugo.station.station import Station
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.views import Sale

_ASK_S = 0.5


def wait_for_meter(
    station: Station,
    sale: Sale,
    wait_s: float,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Sale, str | None]:
    """Wait until the meter has answered for a sale's token.

    Return the sale in its new state, and a sentence when the token was not accepted in this time,
    with the fault of the broker or the collector if there is one.
    """
    until = monotonic() + wait_s
    while sale.delivery.ref is not None and sale.delivery.done_at is None:
        if monotonic() >= until:
            return sale, _no_answer(station, sale, wait_s)
        sleep(_ASK_S)
        with station.view() as view:
            sale = sale_views.find_sale(view, sale.client, sale.client_id)
    if sale.delivery.state == "refused":
        return sale, f"The meter refused the token: {sale.delivery.reason}."
    return sale, None


def _no_answer(station: Station, sale: Sale, wait_s: float) -> str:
    link = link_views.status(station)
    why = [] if link.state == link_views.CONNECTED else [link.sentence]
    if sale.delivery.reason:
        why.append(f"The delivery is {sale.delivery.state}: {sale.delivery.reason}.")
    for collector in link.collectors:
        if collector.collector == _collector_of(station, sale) and collector.reachable is False:
            why.append(f"Collector {collector.collector}: {collector.sentence}")
    return " ".join([f"The meter has not answered within {wait_s:g} s.", *why])


def _collector_of(station: Station, sale: Sale) -> str | None:
    with station.view() as view:
        return find_meter(view, sale.drn).collector
