"""Which tariff, and which of its versions, is in effect for a meter at a moment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import select

from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import MeterTariff, Tariff, TariffVersion
from tjugo.station.tariffs import stored
from tjugo.station.tariffs.model import TariffRules
from tjugo.station.work import View

APPROVED = "approved"


@dataclass(frozen=True)
class Effective:
    """A version of a tariff that is in effect."""

    tariff: str
    version: int
    name: str
    rules: TariffRules


@lru_cache(maxsize=256)
def rules_of(content: str) -> TariffRules:
    """Return the rules of a recorded version; the same object for the same content."""
    return stored.from_json(content)


def in_effect(view: View, tariff: str, at: datetime) -> Effective | None:
    """Return the approved version that began last before a moment, None when there is none."""
    row = TariffVersion
    query = (
        select(row.version, row.content, Tariff.name)
        .join(Tariff, (Tariff.tenant_id == row.tenant_id) & (Tariff.tariff == row.tariff))
        .where(row.tenant_id == view.tenant_id, row.tariff == tariff, row.state == APPROVED)
        .where(row.valid_from <= at)
        .order_by(row.valid_from.desc(), row.version.desc())
        .limit(1)
    )
    found = view.session.execute(query).first()
    if found is None:
        return None
    return Effective(tariff, found.version, found.name, rules_of(found.content))


def tariffs_of(view: View, drns: Collection[str], at: datetime) -> dict[str, str]:
    """Return the tariff's code by meter: the one assigned, or the station's default. A meter
    without either is left out."""
    default = view.tenant.default_tariff
    found = dict.fromkeys(drns, default) if default is not None else {}
    table = MeterTariff
    for part in chunks(sorted(set(drns))):
        query = select(table.drn, table.tariff).where(
            table.tenant_id == view.tenant_id,
            table.drn.in_(part),
            table.since <= at,
            table.until.is_(None) | (table.until > at),
        )
        found |= {row.drn: row.tariff for row in view.session.execute(query)}
    return found


def tariff_of(view: View, drn: str, at: datetime) -> str | None:
    """Return the code of a meter's tariff, None when it has none."""
    return tariffs_of(view, [drn], at).get(drn)


def effective(view: View, drns: Collection[str], at: datetime) -> dict[str, Effective]:
    """Return the version in effect by meter; a meter without one is left out."""
    tariffs = tariffs_of(view, drns, at)
    versions = {tariff: in_effect(view, tariff, at) for tariff in sorted(set(tariffs.values()))}
    return {
        drn: version
        for drn, tariff in tariffs.items()
        if (version := versions[tariff]) is not None
    }
