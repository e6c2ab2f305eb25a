"""The warning that the key of a meter expires soon, given with a sale and when the meter is
registered."""

from dataclasses import replace

from sts_portable import vendor
from sts_portable.errors import StsError
from tjugo.errors import TjugoError, plain
from tjugo.key_register import MeterConfig
from tjugo.station.keys.backend import TokenBackend
from tjugo.station.keys.ring import check_type
from tjugo.station.registry.meters import known_meter, meter_config
from tjugo.station.vending.targets import minute_of
from tjugo.station.vending.views import Sale
from tjugo.station.work import Work


def warning(backend: TokenBackend, config: MeterConfig, tid: int) -> str | None:
    """Return a sentence if the meter's key expires within 180 days of a token, else None. The KEN
    is the lower one of the meter's and the vending key's."""
    register = backend.vending_register(config.sgc, config.kt, config.krn)
    ken = min(config.ken, register.ken) if register else config.ken
    text = vendor.expiry_warning(tid, ken, config.bdt)
    return f"Meter {config.drn}: {text}." if text else None


def of_meter(work: Work, drn: str) -> str | None:
    """Return a sentence if a registered meter needs a key change before it can be sold to, or
    within 180 days; else None."""
    config = meter_config(work, known_meter(work, drn))
    try:
        check_type(config)
        return warning(work.backend, config, minute_of(work, config))
    except TjugoError as error:
        return error.message
    except StsError as error:  # a base date that has not come, or is over
        return f"Meter {drn}: {plain(error)}"


def with_warning(work: Work, sale: Sale) -> Sale:
    """Return a recorded sale with its warning. There is none for a token of a base date that the
    meter had before a key change."""
    config = meter_config(work, known_meter(work, sale.drn))
    if config.bdt != sale.bdt:
        return sale
    return replace(sale, warning=warning(work.backend, config, sale.tid))
