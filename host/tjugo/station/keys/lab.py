"""Registered meters' keys in the token lab: each use is recorded before it happens."""

from sqlalchemy import func, select

from tjugo.key_register import MeterConfig
from tjugo.station.registry.meters import checked_drn, known_meter, meter_config
from tjugo.station.storage.tables import LabUse
from tjugo.station.work import View, Work

_ID_BITS = 128


def use_key(work: Work, drn: str) -> MeterConfig:
    """Record that the key of a registered meter is used; return its configuration. Raise
    TjugoError."""
    meter = known_meter(work, checked_drn(drn))
    work.session.add(
        LabUse(
            tenant_id=work.tenant_id,
            use_id=f"{work.randbelow(1 << _ID_BITS):032x}",
            drn=meter.drn,
            actor=work.actor,
            at=work.now(),
        )
    )
    work.session.flush()
    return meter_config(work, meter)


def uses(view: View, drn: str) -> int:
    """Return how often the key of a meter was used."""
    count = select(func.count()).where(LabUse.tenant_id == view.tenant_id, LabUse.drn == drn)
    return view.session.scalar(count) or 0
