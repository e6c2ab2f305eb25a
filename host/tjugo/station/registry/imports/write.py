"""Writing what an import planned, each table in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update

from tjugo.station.ledger.post import Entry, post
from tjugo.station.registry import customers, meters, record, search
from tjugo.station.registry.imports.known import OPENING
from tjugo.station.registry.imports.planned import Plan
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import (
    SITE_KINDS,
    Base,
    Collector,
    Customer,
    Debt,
    Meter,
    MeterKeyState,
    MeterTariff,
    ServiceLink,
    Site,
)
from tjugo.station.work import Work


def write(work: Work, plan: Plan) -> None:
    """Write the plan in the unit of work. It was made from what this unit of work reads."""
    _sites(work, plan)
    made = [{"account_no": a, "search": "", **values} for a, values in plan.customers.items()]
    names = dict.fromkeys(customers.FIELDS)
    _insert(work, Customer, [{**names, **values} for values in made])
    for account_no, changes in plan.changes.items():
        customers.update_customer(work, account_no, **changes)
    _meters(work, plan)
    _links(work, plan)
    for drn, changes in plan.meter_changes.items():
        if "collector" in changes:
            meters.set_collector(work, drn, changes["collector"])
        if "status" in changes:
            meters.set_status(work, drn, changes["status"], "import")
    search.write(work, [*plan.customers, *(link.account_no for link in plan.links)])
    _money(work, plan)
    work.session.expire_all()


def _insert(work: Work, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        work.session.execute(insert(table), [{"tenant_id": work.tenant_id, **r} for r in rows])


def _sites(work: Work, plan: Plan) -> None:
    order = sorted(plan.sites.items(), key=lambda pair: SITE_KINDS.index(pair[1][0]))
    made = [
        {"site": site, "kind": kind, "name": name, "parent": parent, "created_at": work.now()}
        for site, (kind, name, parent) in order
    ]
    _insert(work, Site, made)


def _meters(work: Work, plan: Plan) -> None:
    collectors = {
        new.config.collector_id for new in plan.meters.values() if new.config.collector_id
    }
    known = set(
        work.session.scalars(
            select(Collector.collector_id).where(Collector.tenant_id == work.tenant_id)
        )
    )
    _insert(work, Collector, [{"collector_id": name} for name in sorted(collectors - known)])
    rows, states = [], []
    for drn, new in plan.meters.items():
        config = new.config
        rows.append(
            {
                "drn": drn,
                "ea": config.ea,
                "tct": config.tct,
                "status": new.status,
                "collector_id": config.collector_id,
                "created_at": new.registered,
                "counts": config.counts,
            }
        )
        states.append({"drn": drn, "phase": "current", **meters.key_columns(config)})
    _insert(work, Meter, rows)
    _insert(work, MeterKeyState, states)
    tariffs = [
        {"drn": drn, "since": work.now(), "until": None, "tariff": tariff}
        for drn, tariff in plan.tariffs.items()
    ]
    _insert(work, MeterTariff, tariffs)


def _links(work: Work, plan: Plan) -> None:
    ended = {link.drn: link.since for link in plan.links if link.ends}
    before: set[str] = set()
    for part in chunks(sorted(ended)):
        present = select(ServiceLink.account_no).where(
            ServiceLink.tenant_id == work.tenant_id,
            ServiceLink.drn.in_(part),
            ServiceLink.until.is_(None),
        )
        before |= set(work.session.scalars(present))
    for drn, since in ended.items():
        query = update(ServiceLink).where(
            ServiceLink.tenant_id == work.tenant_id,
            ServiceLink.drn == drn,
            ServiceLink.until.is_(None),
        )
        never = {"synchronize_session": False}
        work.session.execute(query.values(until=since), execution_options=never)
    names = ("drn", "account_no", "since", "until", "service_point", "site")
    _insert(
        work,
        ServiceLink,
        [{name: getattr(link, name) for name in names} for link in plan.links],
    )
    search.write(work, sorted(before))


def _money(work: Work, plan: Plan) -> None:
    made = []
    for debt in plan.debts:
        values = {name: value for name, value in vars(debt).items() if name != "balance"}
        opened = {"opened_at": work.now(), "opened_by": work.actor[:80], "state": "open"}
        made.append({**values, **opened})
        party = f"{debt.account_no}/{debt.debt_no}"
        postings = (("debt", party, debt.balance), (OPENING, "", -debt.balance))
        post(work, Entry("debt_open", party, postings, text=debt.name))
    _insert(work, Debt, made)
    for account_no, credit in plan.credits.items():
        postings = (("customer_credit", account_no, -credit), (OPENING, "", credit))
        post(work, Entry(OPENING, account_no, postings, text="Opening balance"))


def summary(plan: Plan) -> dict[str, int]:
    """Return how many of each kind the plan makes or changes."""
    return {
        "customers": len(plan.customers),
        "meters": len(plan.meters),
        "links": len(plan.links),
        "sites": len(plan.sites),
        "tariffs": len(plan.tariffs),
        "debts": len(plan.debts),
        "credits": len(plan.credits),
        "changed": len(plan.changes) + len(plan.meter_changes),
        "unchanged": plan.unchanged,
    }


def recorded(work: Work, name: str, digest: str, plan: Plan) -> None:
    """Record the import: the file's name and digest, and how much of what."""
    counts = ", ".join(f"{count} {kind}" for kind, count in summary(plan).items() if count)
    record.changed(work, record.IMPORT, f"file {name}", f"{counts}; SHA-256 {digest}")
