"""Use of registered meters' keys in the token lab: recorded before it happens."""

from tjugo.key_register import MeterConfig
from tjugo.station.audit.chain import record
from tjugo.station.registry.meters import config_of
from tjugo.station.work import Work

ACTION = "lab.meter_key"


def use_key(work: Work, drn: str) -> MeterConfig:
    """Record that the key of a registered meter is used; return its configuration. Raise
    TjugoError."""
    config = config_of(work, drn)
    record(work, ACTION, f"meter {config.drn}")
    return config
