"""Which tariff, and which of its versions, is in effect for a meter at a moment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import bindparam, select

from tjugo.counted import ENERGY
from tjugo.errors import reason
from tjugo.station.storage.statement import Query, Statement, any_of
from tjugo.station.storage.tables import MeterTariff, Tariff, TariffVersion, UtcDateTime
from tjugo.station.tariffs import stored
from tjugo.station.tariffs.model import TariffRules
from tjugo.station.work import View

APPROVED = "approved"

_row, _AT = TariffVersion, bindparam("at", type_=UtcDateTime())
_LATEST = Statement(
    select(_row.version, _row.content, Tariff.name)
    .join(Tariff, (Tariff.tenant_id == _row.tenant_id) & (Tariff.tariff == _row.tariff))
    .where(_row.tenant_id == bindparam("tenant"), _row.tariff == bindparam("tariff"))
    .where(_row.state == APPROVED, _row.valid_from <= _AT)
    .order_by(_row.valid_from.desc(), _row.version.desc())
    .limit(1)
)
_ASSIGNED = Statement(
    select(MeterTariff.drn, MeterTariff.tariff).where(
        MeterTariff.tenant_id == bindparam("tenant"),
        any_of(MeterTariff.drn, "drns"),
        MeterTariff.since <= _AT,
        MeterTariff.until.is_(None) | (MeterTariff.until > _AT),
    )
)


@dataclass(frozen=True)
class Effective:
    """A version of a tariff that is in effect."""

    tariff: str
    version: int
    name: str
    rules: TariffRules


def check_counts(found: Effective, drn: str, counts: str) -> None:
    """Raise Conflict for a tariff that does not price what a meter counts."""
    if found.rules.counts == counts:
        return
    if counts == ENERGY:
        raise reason(
            "tariff_counts_money",
            f"Tariff {found.tariff} is for meters that count money, and meter {drn} counts kWh: "
            "an administrator gives it another tariff.",
        )
    raise reason(
        "tariff_counts_energy",
        f"Tariff {found.tariff} prices kWh, and meter {drn} counts money: an administrator gives "
        "it a time-of-use tariff of its own.",
    )


@lru_cache(maxsize=256)
def rules_of(content: str) -> TariffRules:
    """Return the rules of a recorded version; the same object for the same content."""
    return stored.from_json(content)


def in_effect(view: View, tariff: str, at: datetime) -> Effective | None:
    """Return the approved version that began last before a moment, None when there is none."""
    found = _latest(view, tariff, at).first(view.session)
    if found is None:
        return None
    return Effective(tariff, found.version, found.name, rules_of(found.content))


def _latest(view: View, tariff: str, at: datetime) -> Query:
    return _LATEST.of(tenant=view.tenant_id, tariff=tariff, at=at)


def tariffs_of(view: View, drns: Collection[str], at: datetime) -> dict[str, str]:
    """Return the tariff's code by meter: the one assigned, or the station's default. A meter
    without either is left out."""
    default = view.tenant.default_tariff
    found = dict.fromkeys(drns, default) if default is not None else {}
    rows = _assigned(view, drns, at).all(view.session)
    return found | {row.drn: row.tariff for row in rows}


def _assigned(view: View, drns: Collection[str], at: datetime) -> Query:
    return _ASSIGNED.of(tenant=view.tenant_id, drns=sorted(set(drns)), at=at)


def queries(view: View, drns: Collection[str], at: datetime) -> list[Query]:
    """Return what `effective` reads, of the versions that of the station's default tariff."""
    default = view.tenant.default_tariff
    versions = [] if default is None else [_latest(view, default, at)]
    return [_assigned(view, drns, at), *versions]


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
