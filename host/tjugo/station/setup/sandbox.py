"""A sandbox: a station for testing programs, with a meter for each outcome of a sale.

That a station is one is written when it is made, and the database refuses to change it. Its
utility's name, which stands above every receipt, begins with MARK.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from tjugo.counted import MONEY
from tjugo.station.registry import status
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.registry.meters import (
    NewMeter,
    add_meter,
    drn_with_check_digit,
    known_meter,
    set_counts,
)
from tjugo.station.setup.utility import MARK
from tjugo.station.storage.tables import Outlet
from tjugo.station.tariffs import assignment, debts
from tjugo.station.tariffs.effect import in_effect
from tjugo.station.tariffs.model import Period, TariffRules, TimeOfUse
from tjugo.station.tills import vendors
from tjugo.station.vending import change_steps
from tjugo.station.work import View, Work

__all__ = ["MARK", "METERS", "NO_CREDIT", "SandboxMeter", "fill", "is_sandbox"]

NO_CREDIT = "no-credit"
"""An outlet whose vendor has reached its credit limit."""
FREE = "free-units"
TIME_OF_USE = "time-of-use"
_FREE_TENTHS = 500
_PERIODS = (
    Period("peak", "Peak", Decimal("0.40"), start="18:00", end="22:00"),
    Period("other", "Other hours", Decimal("0.15")),
)


@dataclass(frozen=True)
class SandboxMeter:
    """A meter for tests. number: of its DRN; outcome: `sold`, or the code of the refusal; title:
    what it is for; make: prepares the registered meter, None for one that is not registered."""

    number: int
    outcome: str
    title: str
    make: Callable[[Work, str], None] | None = None
    ken: int = 255

    @property
    def drn(self) -> str:
        """Its number."""
        return drn_with_check_digit(f"99{self.number:08d}")


def _plain(work: Work, drn: str) -> None:
    """Leave a meter as it is."""


def _in_stock(work: Work, drn: str) -> None:
    status.change(work, known_meter(work, drn), "stock", "not installed yet")


def _retired(work: Work, drn: str) -> None:
    status.retire(work, known_meter(work, drn), "broken")


def _owed(work: Work, drn: str, rate: int) -> None:
    account = add_customer(work, f"Sandbox customer of {drn}")
    link_meter(work, drn, account)
    debts.open_debt(work, account, "Old bill", 10**8, rate=rate)


def _half(work: Work, drn: str) -> None:
    _owed(work, drn, 5000)


def _all(work: Work, drn: str) -> None:
    _owed(work, drn, 10000)


def _change(work: Work, drn: str) -> None:
    change_steps.plan(work, [drn], {"ti": 7})


def _free(work: Work, drn: str) -> None:
    assignment.assign(work, drn, FREE)


def _money(work: Work, drn: str) -> None:
    set_counts(work, drn, MONEY)
    assignment.assign(work, drn, TIME_OF_USE)


METERS = (
    SandboxMeter(1, "sold", "every sale is accepted", _plain),
    SandboxMeter(2, "meter_unknown", "a meter that is not registered"),
    SandboxMeter(3, "meter_not_installed", "a meter in stock", _in_stock),
    SandboxMeter(4, "meter_not_installed", "a meter that is retired", _retired),
    SandboxMeter(5, "key_expired", "its key has expired", _plain, 1),
    SandboxMeter(6, "sold", "half of the money recovers a debt", _half),
    SandboxMeter(7, "amount_too_low", "a debt takes all the money", _all),
    SandboxMeter(8, "sold", "key change tokens are entered before the credit token", _change),
    SandboxMeter(9, "sold", "has free units, once a month with kind `free`", _free),
    SandboxMeter(10, "sold", "sold, but the first answer is 503: a repeat gets the token", _plain),
    SandboxMeter(11, "sold", "not sold, the first answer is 503: a repeat sells", _plain),
    SandboxMeter(12, "sold", "sold, but the first answer takes 60 seconds", _plain),
    SandboxMeter(13, "sold", "counts money: the token carries an amount of it", _money),
)
"""The meters, in the order of the documentation."""

SOLD_BUT_503, NOT_SOLD_503, SLOW = (METERS[place].drn for place in (9, 10, 11))


def is_sandbox(view: View) -> bool:
    """Return whether the station is a sandbox."""
    return view.tenant.sandbox


def fill(work: Work) -> None:
    """Give a new sandbox its meters, its outlet without credit, and its tariffs of free units and
    time of use."""
    default = in_effect(work, assignment.DEFAULT, work.now())
    assert default is not None
    rules = replace(default.rules, free_tenths_per_month=_FREE_TENTHS, free_with_sale=False)
    assignment.add_first(work, FREE, "Free units", rules)
    priced = TariffRules(default.rules.currency, TimeOfUse(_PERIODS))
    assignment.add_first(work, TIME_OF_USE, "Time of use", priced)
    vendors.add_vendor(work, NO_CREDIT, "Sandbox vendor without credit", credit_limit=0)
    name = "Sandbox outlet without credit"
    work.session.add(
        Outlet(
            tenant_id=work.tenant_id, outlet=NO_CREDIT, vendor=NO_CREDIT, name=name, active=True
        )
    )
    for meter in METERS:
        if meter.make is not None:
            add_meter(work, NewMeter(meter.drn, ken=meter.ken))
            meter.make(work, meter.drn)
