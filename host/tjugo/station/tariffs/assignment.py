"""Which tariff a meter has: its own, or that of all meters without one, which a new station has
too."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from tjugo.counted import ENERGY
from tjugo.errors import reason
from tjugo.station.audit.chain import record
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.storage.tables import MeterTariff, TariffVersion
from tjugo.station.tariffs import stored, versions
from tjugo.station.tariffs.checks import check
from tjugo.station.tariffs.effect import APPROVED, Effective, check_counts, in_effect, rules_of
from tjugo.station.tariffs.model import Flat, TariffRules
from tjugo.station.work import View, Work

ASSIGN = "tariffs.assign"
INIT = "init"
DEFAULT, DEFAULT_RATE = "flat", Decimal("0.20")
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""From when the first tariff is in effect: before every sale, also where the clock was wrong."""
_MOMENT = timedelta(microseconds=1)


def assign(work: Work, drn: str, tariff: str) -> str:
    """Give a meter a tariff from now on; return its DRN. Raise TjugoError; Conflict when no
    version of it is in effect, or when it does not price what the meter counts."""
    meter = known_meter(work, checked_drn(drn), lock=True)
    check_counts(_usable(work, tariff), meter.drn, meter.counts)
    query = select(MeterTariff).where(
        MeterTariff.tenant_id == work.tenant_id, MeterTariff.drn == meter.drn
    )
    rows = list(work.session.scalars(query.order_by(MeterTariff.since)))
    if rows and rows[-1].until is None and rows[-1].tariff == tariff:
        return meter.drn
    since = max([work.now(), *(row.since + _MOMENT for row in rows)])
    if rows and rows[-1].until is None:
        rows[-1].until = since
    work.session.add(
        MeterTariff(tenant_id=work.tenant_id, drn=meter.drn, since=since, tariff=tariff)
    )
    work.session.flush()
    record(work, ASSIGN, f"meter {meter.drn}", f"tariff {tariff}")
    return meter.drn


def _usable(work: Work, tariff: str) -> Effective:
    """Return the version in effect. Raise TjugoError when there is none."""
    versions.known_tariff(work, tariff)
    found = in_effect(work, tariff, work.now())
    if found is None:
        raise reason("tariff_not_in_effect", f"No version of tariff {tariff} is in effect.")
    return found


def set_default(work: Work, tariff: str) -> None:
    """Make a tariff that of all meters without one, which count kWh. Raise TjugoError as assign()
    does."""
    if _usable(work, tariff).rules.counts != ENERGY:
        raise reason(
            "tariff_counts_money",
            f"Tariff {tariff} is for meters that count money: each of them gets it as its own. "
            "The default is that of meters that count kWh.",
        )
    work.change_tenant(default_tariff=tariff)
    work.session.flush()
    record(work, ASSIGN, "meters without a tariff", f"tariff {tariff}")


def checked_default(currency: str, rate: Decimal) -> TariffRules:
    """Return the first tariff of a station: flat, without tax. rate: major units per kWh. Raise
    TjugoError."""
    rules = TariffRules(currency, Flat(rate))
    check(rules)
    return rules


def ensure_default(work: Work, rate: Decimal = DEFAULT_RATE) -> None:
    """Give a new station its first tariff, unless it has one, approved by `init`. Raise
    TjugoError."""
    tenant = work.tenant
    if tenant.default_tariff is not None:
        return
    add_first(work, DEFAULT, "Flat", checked_default(tenant.currency, rate))
    work.change_tenant(default_tariff=DEFAULT)
    work.session.flush()


def first_rate(view: View) -> Decimal | None:
    """Return the price of the first tariff, major units per kWh; None unless it is the only
    version of any tariff, as `init` made it."""
    row = _first(view)
    energy = None if row is None else rules_of(row.content).energy
    return energy.rate if isinstance(energy, Flat) else None


def reprice_first(work: Work, rate: Decimal | None) -> None:
    """Make the first tariff again, in the utility's currency, before anything is sold by it. rate:
    None: as it is. Raise TjugoError; Conflict unless it is as `init` made it."""
    row, before = _first(work), first_rate(work)
    if row is None or before is None:
        raise reason("tariff_decided", "The first tariff is not as it was made.")
    currency, new = work.tenant.currency, before if rate is None else rate
    row.content = stored.to_json(checked_default(currency, new))
    work.session.flush()
    subject = versions.subject(row.tariff, row.version)
    record(work, versions.APPROVE, subject, f"set up: {new} {currency} per kWh, approved by init")


def _first(view: View) -> TariffVersion | None:
    query = select(TariffVersion).where(TariffVersion.tenant_id == view.tenant_id).limit(2)
    rows = list(view.session.scalars(query))
    made = len(rows) == 1 and (rows[0].tariff, rows[0].made_by) == (DEFAULT, INIT)
    return rows[0] if made else None


def add_first(work: Work, tariff: str, name: str, rules: TariffRules) -> None:
    """Add a tariff of a new station, approved by `init`, unless it is in effect. Raise
    TjugoError."""
    versions.ensure_tariff(work, tariff, name, rules.counts)
    if in_effect(work, tariff, work.now()) is None:
        version = versions.propose(work, tariff, rules)
        row = versions.known_version(work, tariff, version)
        row.made_by = INIT
        row.valid_from = ALWAYS
        _decide_first(work, row)


def _decide_first(work: Work, row: TariffVersion) -> None:
    row.state, row.decided_by, row.decided_at = APPROVED, INIT, work.now()
    work.session.flush()
    record(work, versions.APPROVE, versions.subject(row.tariff, row.version), "approved by init")
