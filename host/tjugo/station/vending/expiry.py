"""The warning that the key of a meter expires soon, given with a sale."""

from dataclasses import replace

from sts_portable import vendor
from tjugo.key_register import MeterConfig
from tjugo.station.keys.backend import TokenBackend
from tjugo.station.registry.meters import known_meter, meter_config
from tjugo.station.vending.views import Sale
from tjugo.station.work import Work


def warning(backend: TokenBackend, config: MeterConfig, tid: int) -> str | None:
    """Return a sentence if the meter's key expires within 180 days of a token, else None. The KEN
    is the lower one of the meter's and the vending key's."""
    register = backend.vending_register(config.sgc, config.kt, config.krn)
    ken = min(config.ken, register.ken) if register else config.ken
    text = vendor.expiry_warning(tid, ken, config.bdt)
    return f"Meter {config.drn}: {text}." if text else None


def with_warning(work: Work, sale: Sale) -> Sale:
    """Return a recorded sale with its warning. There is none for a token of a base date that the
    meter had before a key change."""
    config = meter_config(work, known_meter(work, sale.drn))
    if config.bdt != sale.bdt:
        return sale
    return replace(sale, warning=warning(work.backend, config, sale.tid))
