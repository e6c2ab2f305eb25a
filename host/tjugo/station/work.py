"""What services are called with: a unit of work, or a view of the database.

    with station.work("till-1") as work:
        meters.add_meter(work, new)
        customers.link_meter(work, new.drn, account_no)

Everything in the block is one transaction: on the disk when the block ends, gone when it raises.
Services take the work as their first argument and never commit. Functions that only read take a
View, and a Work is one too, so that they see what the transaction has written so far.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from tjugo.station.keys.backend import TokenBackend
from tjugo.station.storage import driver
from tjugo.station.storage.statement import Query, Statement
from tjugo.station.storage.tables import Tenant
from tjugo.station.webhooks.known import Hooks

_TENANT = "tenant"


class TenantData(NamedTuple):
    """A row of the table `tenant`, whose columns these are."""

    name: str
    tid_floor: datetime | None
    address: str | None
    tax_no: str | None
    phone: str | None
    currency: str
    time_zone: str
    language: str
    default_tariff: str | None
    receipt_text: str | None
    sandbox: bool


_READ = Statement(
    select(*(getattr(Tenant, name) for name in TenantData._fields)).where(
        Tenant.tenant_id == bindparam("tenant")
    )
)


class View:
    """A view of the database at one moment, for one tenant."""

    def __init__(self, session: Session, tenant_id: int) -> None:
        self.session = session
        self.tenant_id = tenant_id
        self.memo: dict[str, Any] = {}  # what a service has read, for the next time it is needed

    @property
    def tenant(self) -> TenantData:
        """The utility, read once: every sale needs its currency, zone and default tariff."""
        found: TenantData | None = self.memo.get(_TENANT)
        if found is None:
            found = TenantData(*self.tenant_query().first(self.session))
            self.memo[_TENANT] = found
        return found

    def tenant_query(self) -> Query:
        """Return what `tenant` reads."""
        return _READ.of(tenant=self.tenant_id)


class Seen:
    """The latest time at which this process found its clock plausible; `base` is the value the
    database had then. A clock that advances while the process runs is accepted without
    confirmation."""

    _STEP = timedelta(days=1)

    def __init__(self) -> None:
        self.base: datetime | None = None
        self.at: datetime | None = None

    def believed(self, base: datetime | None) -> datetime | None:
        """Return the latest time. base: the database's value, which takes precedence where another
        process changed it."""
        if base != self.base:
            self.base = self.at = base
        return self.at

    def watch(self, now: datetime) -> None:
        """Record the time if it advanced only a little."""
        if self.at is not None and self.at < now <= self.at + self._STEP:
            self.at = now


class Work(View):
    """One action of a person or a program, as one transaction.

    actor: who acts, as recorded with what is done. randbelow: like `secrets.randbelow`.
    """

    def __init__(
        self,
        session: Session,
        tenant_id: int,
        actor: str,
        clock: Callable[[], datetime],
        backend: TokenBackend,
        randbelow: Callable[[int], int],
        seen: Seen | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        super().__init__(session, tenant_id)
        self.actor = actor
        self.backend = backend
        self.randbelow = randbelow
        self.seen = seen or Seen()
        self.hooks = hooks or Hooks()
        self._clock = clock
        self._now: datetime | None = None
        self._at_end: dict[str, tuple[Callable[[Work, list[Any]], None], list[Any]]] = {}

    def change_tenant(self, **columns: Any) -> None:
        """Change columns of the utility."""
        row = self.session.get_one(Tenant, self.tenant_id)
        for name, value in columns.items():
            setattr(row, name, value)
        self.memo.pop(_TENANT, None)

    def now(self) -> datetime:
        """Return the time of this unit of work, read from the clock once."""
        if self._now is None:
            self._now = self._clock()
            self.seen.watch(self._now)
        return self._now

    def pending(self, name: str, write: Callable[["Work", list[Any]], None]) -> list[Any]:
        """Return the list of what `write` is called with at the end of the unit of work.

        What needs a number of a series without gaps, or changes a row that others change too, is
        written then: such a row is locked for a moment only. The lists are written in the order of
        their names, so that no two transactions wait for each other. write: executes by the
        driver (`storage.driver`), without waiting for answers that it does not need.
        """
        return self._at_end.setdefault(name, (write, []))[1]

    def finish(self) -> None:
        """Write what is pending. The station calls it before it commits."""
        self.session.flush()
        if any(items for _, items in self._at_end.values()):
            with driver.pipelined(self.session.connection()):
                for name in sorted(self._at_end):
                    write, items = self._at_end[name]
                    if items:
                        write(self, items)
        self._at_end.clear()
