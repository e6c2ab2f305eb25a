"""The warning that the key of a meter expires soon, given with a sale."""

from dataclasses import replace

from sts_portable import vendor
from tjugo.station.registry.meters import known_meter, meter_config
from tjugo.station.vending.views import Sale
from tjugo.station.work import Work


def with_warning(work: Work, sale: Sale) -> Sale:
    """Return the sale with a warning if the meter's key expires within 180 days of its token.

    The KEN is the lower one of the meter's and the vending key's. There is no warning for a token
    of a base date that the meter had before a key change.
    """
    config = meter_config(work, known_meter(work, sale.drn))
    if config.bdt != sale.bdt:
        return sale
    register = work.backend.vending_register(config.sgc, config.kt, config.krn)
    ken = min(config.ken, register.ken) if register else config.ken
    text = vendor.expiry_warning(sale.tid, ken, sale.bdt)
    return replace(sale, warning=f"Meter {sale.drn}: {text}.") if text else sale
