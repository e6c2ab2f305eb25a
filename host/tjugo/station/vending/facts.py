"""What a sale must be told about meters, read for a whole batch in one query."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, bindparam, exists, select, text

from tjugo.counted import ENERGY
from tjugo.key_register import FIELDS, MeterConfig
from tjugo.station.storage import driver
from tjugo.station.storage.statement import Query, Statement, any_of
from tjugo.station.storage.tables import (
    Customer,
    Meter,
    MeterKeyState,
    MisdatedToken,
    ServiceLink,
    Token,
)
from tjugo.station.work import View, Work


@dataclass(frozen=True)
class Buyer:
    """The customer of a meter."""

    account_no: str
    name: str
    address: str | None
    phone: str | None


@dataclass(frozen=True)
class MeterFacts:
    """A meter with its key, customer and latest TID. misdated: it has tokens with a TID from a
    wrong clock, and its next TID is to be found by `tids.next_free`. counts: energy or money."""

    config: MeterConfig
    status: str
    collector_id: str | None
    buyer: Buyer | None
    last_tid: int | None
    misdated: bool
    counts: str = ENERGY

    def with_tid(self, tid: int) -> "MeterFacts":
        """Return the facts after a token with this TID."""
        return replace(self, last_tid=tid)


_NAMED = (
    Meter.tenant_id == bindparam("tenant"),
    any_of(Meter.drn, "drns"),
)
_REGISTER = [name for name in FIELDS if name != "ea"]
_OF_METER = (Token.tenant_id == Meter.tenant_id, Token.drn == Meter.drn)
_LAST_TID = (
    select(Token.tid)
    .where(*_OF_METER, Token.bdt == MeterKeyState.bdt)
    .order_by(Token.tid.desc())
    .limit(1)
    .correlate(Meter, MeterKeyState)
    .scalar_subquery()
)
_MISDATED = (
    exists()
    .where(MisdatedToken.tenant_id == Meter.tenant_id, MisdatedToken.drn == Meter.drn)
    .correlate(Meter)
)
_READ = Statement(
    select(
        Meter.drn,
        Meter.tct,
        Meter.ea,
        Meter.status,
        Meter.collector_id,
        Meter.counts,
        *(getattr(MeterKeyState, name) for name in _REGISTER),
        Customer.account_no,
        Customer.name,
        Customer.address,
        Customer.phone,
        _LAST_TID.label("last_tid"),
        _MISDATED.label("misdated"),
    )
    .join(
        MeterKeyState,
        and_(
            MeterKeyState.tenant_id == Meter.tenant_id,
            MeterKeyState.drn == Meter.drn,
            MeterKeyState.phase == "current",
        ),
    )
    .outerjoin(
        ServiceLink,
        and_(
            ServiceLink.tenant_id == Meter.tenant_id,
            ServiceLink.drn == Meter.drn,
            ServiceLink.until.is_(None),
        ),
    )
    .outerjoin(
        Customer,
        and_(
            Customer.tenant_id == ServiceLink.tenant_id,
            Customer.account_no == ServiceLink.account_no,
        ),
    )
    .where(*_NAMED)
)
# A plan is kept that was made while a table was small: without an index it becomes slower with
# every sale. And one plan for all values: making another for each batch takes longer than its use.
_PLANS = Statement(
    text(
        "SELECT set_config('enable_seqscan', 'off', true), "
        "set_config('plan_cache_mode', 'force_generic_plan', true)"
    )
)
_LOCK = Statement(
    select(Meter.drn).where(*_NAMED).order_by(Meter.drn).with_for_update(key_share=True)
)
_LOCK_CUSTOMERS = Statement(
    select(Customer.account_no)
    .where(
        Customer.tenant_id == bindparam("tenant"),
        Customer.account_no.in_(
            select(ServiceLink.account_no).where(
                ServiceLink.tenant_id == bindparam("tenant"),
                any_of(ServiceLink.drn, "drns"),
                ServiceLink.until.is_(None),
            )
        ),
    )
    .order_by(Customer.account_no)
    .with_for_update(key_share=True)
)


def lock_and_read(work: Work, drns: Collection[str]) -> dict[str, MeterFacts]:
    """Lock the meters and their customers, whose debts and credit a sale changes, until the
    transaction ends; return what is known of each meter that is registered. The locks come first:
    what they waited for is read as it is afterwards."""
    if drns and not _whole_database_locked(work):
        for query in _locks(work, drns):
            query.all(work.session)
    return read(work, drns)


def queries(work: Work, drns: Collection[str]) -> list[Query]:
    """Return what `lock_and_read` executes."""
    if not drns:
        return []
    locks = [] if _whole_database_locked(work) else _locks(work, drns)
    return [*locks, _facts_of(work, drns)]


def _whole_database_locked(work: Work) -> bool:
    return not driver.on_server(work.session.connection())


def _locks(work: Work, drns: Collection[str]) -> list[Query]:
    given = {"tenant": work.tenant_id, "drns": sorted(drns)}
    return [_PLANS.of(), _LOCK.of(**given), _LOCK_CUSTOMERS.of(**given)]


def _facts_of(view: View, drns: Collection[str]) -> Query:
    return _READ.of(tenant=view.tenant_id, drns=sorted(drns))


def read(view: View, drns: Collection[str]) -> dict[str, MeterFacts]:
    """Return what is known of each meter that is registered."""
    if not drns:
        return {}
    found = _facts_of(view, drns).all(view.session)
    return {row.drn: _facts(row) for row in found}


def _facts(row: Any) -> MeterFacts:
    buyer = None
    if row.account_no is not None:
        buyer = Buyer(row.account_no, row.name, row.address, row.phone)
    register = {name: getattr(row, name) for name in _REGISTER}
    return MeterFacts(
        config=MeterConfig(row.drn, row.tct, ea=row.ea, **register),
        status=row.status,
        collector_id=row.collector_id,
        buyer=buyer,
        last_tid=row.last_tid,
        misdated=bool(row.misdated),
        counts=row.counts,
    )
