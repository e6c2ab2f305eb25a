"""Tariffs over /api/v1/tariffs, and debts over /api/v1/debts."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, Field

from tjugo import money
from tjugo.errors import reason
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.tariffs import debts, stored, typed, versions, views
from tjugo.station.tariffs.debts import DebtView
from tjugo.station.tariffs.views import PriceView, TariffView, VersionView
from tjugo.station.work import View
from tjugo.web.api.fields import (
    DEFAULT_LIMIT,
    After,
    Drn,
    Kwh,
    Limit,
    Money,
    RequestBody,
    Whole,
)
from tjugo.web.current import actor

_MOST = 10**9
_Number = Annotated[int, Path(ge=1, le=_MOST)]
_Code = Annotated[str, Field(max_length=20)]
_Account = Annotated[str, Field(max_length=20)]
_Note = Annotated[str | None, Field(max_length=400)]
_Name = Annotated[str, Field(max_length=100)]


class ProposalBody(RequestBody):
    """A version of a tariff. name: of a new tariff; valid_from: null for when it is approved;
    rules: see docs/tariffs.md."""

    name: _Name | None = None
    valid_from: Annotated[AwareDatetime | None, Field(strict=False)] = None
    note: _Note = None
    rules: dict[str, Any]


class DecisionBody(RequestBody):
    """A note on a decision."""

    note: _Note = None


class AssignmentBody(RequestBody):
    """The tariff of a meter."""

    tariff: _Code


class PreviewBody(RequestBody):
    """An amount of money or of kWh; for a meter, or a new one; by a tariff's version in effect, or
    by any version."""

    money: Money | None = None
    kwh: Kwh | None = None
    drn: Drn | None = None
    tariff: _Code | None = None
    version: Annotated[Whole | None, Field(ge=1, le=_MOST)] = None


class DebtBody(RequestBody):
    """A debt. amounts in major units; rate: percent of what is tendered, or an amount a sale or a
    month, as the rule is."""

    account_no: _Account
    name: _Name
    amount: Money
    kind: str = "arrears"
    rule: str = "percent"
    rate: Money
    least: Money | None = None
    most: Money | None = None
    priority: Whole = 100


class DebtPatch(RequestBody):
    """What is changed of a debt; a rule comes with its rate."""

    name: _Name | None = None
    rule: str | None = None
    rate: Money | None = None
    least: Money | None = None
    most: Money | None = None
    priority: Whole | None = None


class WriteOffBody(RequestBody):
    """Why a debt is written off."""

    reason: Annotated[str, Field(max_length=200)]


@dataclass(frozen=True)
class MeterTariffView:
    """The tariff of a meter from now on."""

    drn: str
    tariff: str


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of tariffs and debts."""
    _add_tariffs(api, station)
    _add_decisions(api, station)
    _add_debts(api, station)


def _add_tariffs(api: APIRouter, station: Station) -> None:
    @api.get("/tariffs")
    def get_tariffs() -> Page[TariffView]:
        """Return all tariffs with their versions."""
        with station.view() as view:
            return Page(views.tariffs(view, station.clock()), None)

    @api.post("/tariffs:preview")
    def post_preview(body: PreviewBody) -> PriceView:
        """Return what an amount would buy, line by line, without selling."""
        if (body.money is None) == (body.kwh is None):
            raise reason("amount_invalid", "Give an amount of money or of kWh.")
        with station.view() as view:
            tenths = None if body.kwh is None else typed.units(f"{body.kwh:f}")
            found = views.preview(
                view,
                station.clock(),
                _minor(view, body.money),
                tenths,
                body.drn,
                body.tariff,
                body.version,
            )
            return views.price_view(found)

    @api.get("/tariffs/{tariff}")
    def get_tariff(tariff: str) -> TariffView:
        """Return a tariff with its versions, newest first."""
        with station.view() as view:
            return views.find_tariff(view, tariff, station.clock())

    @api.get("/tariffs/{tariff}/versions/{version}")
    def get_version(tariff: str, version: _Number) -> VersionView:
        """Return a version of a tariff."""
        with station.view() as view:
            return views.find_version(view, tariff, version)

    @api.post("/tariffs/{tariff}/versions", status_code=201)
    def post_version(tariff: str, body: ProposalBody) -> VersionView:
        """Propose a version, to be approved by another person."""
        rules = stored.from_document(body.rules)
        with station.work(actor()) as work:
            version = versions.propose(work, tariff, rules, body.valid_from, body.name, body.note)
            return views.find_version(work, tariff, version)


def _add_decisions(api: APIRouter, station: Station) -> None:
    @api.post("/tariffs/{tariff}/versions/{version}:approve")
    def post_approve(tariff: str, version: _Number, body: DecisionBody) -> VersionView:
        """Approve a version that another person proposed."""
        with station.work(actor()) as work:
            versions.approve(work, tariff, version, body.note)
            return views.find_version(work, tariff, version)

    @api.post("/tariffs/{tariff}/versions/{version}:reject")
    def post_reject(tariff: str, version: _Number, body: DecisionBody) -> VersionView:
        """Reject a version that another person proposed."""
        with station.work(actor()) as work:
            versions.reject(work, tariff, version, body.note)
            return views.find_version(work, tariff, version)

    @api.post("/tariffs/{tariff}/versions/{version}:withdraw")
    def post_withdraw(tariff: str, version: _Number) -> VersionView:
        """Withdraw one's own proposal."""
        with station.work(actor()) as work:
            versions.withdraw(work, tariff, version)
            return views.find_version(work, tariff, version)

    @api.put("/meters/{drn}/tariff")
    def put_meter_tariff(drn: str, body: AssignmentBody) -> MeterTariffView:
        """Give a meter a tariff from now on."""
        with station.work(actor()) as work:
            return MeterTariffView(versions.assign(work, drn, body.tariff), body.tariff)


def _add_debts(api: APIRouter, station: Station) -> None:
    @api.get("/debts")
    def get_debts(
        account_no: Annotated[str | None, Query(max_length=20)] = None,
        after: After = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[DebtView]:
        """Return debts by account; amounts in minor units of the currency."""
        with station.view() as view:
            return debts.debts(view, account_no, after, limit)

    @api.get("/debts/{account_no}/{debt_no}")
    def get_debt(account_no: str, debt_no: _Number) -> DebtView:
        """Return a debt and its balance."""
        with station.view() as view:
            return debts.find_debt(view, account_no, debt_no)

    @api.post("/debts", status_code=201)
    def post_debt(body: DebtBody) -> DebtView:
        """Open a debt of a customer."""
        with station.work(actor()) as work:
            number = debts.open_debt(
                work,
                body.account_no,
                body.name,
                _minor(work, body.amount) or 0,
                body.kind,
                body.rule,
                _rate(work, body.rule, body.rate),
                _minor(work, body.least) or 0,
                _minor(work, body.most),
                body.priority,
            )
            work.finish()  # the balance is posted when the work ends
            return debts.find_debt(work, body.account_no, number)

    @api.patch("/debts/{account_no}/{debt_no}")
    def patch_debt(account_no: str, debt_no: _Number, body: DebtPatch) -> DebtView:
        """Change how an open debt is recovered."""
        given = body.model_dump(exclude_unset=True)
        with station.work(actor()) as work:
            for field in ("least", "most"):
                if field in given:
                    given[field] = _minor(work, given[field])
            if "rate" in given or "rule" in given:
                known = debts.find_debt(work, account_no, debt_no)
                if given.get("rate") is None:
                    raise reason("debt_invalid", "A rule comes with its rate.")
                given["rate"] = _rate(work, given.get("rule") or known.rule, given["rate"])
            debts.edit_debt(work, account_no, debt_no, **given)
            return debts.find_debt(work, account_no, debt_no)

    @api.post("/debts/{account_no}/{debt_no}:write-off")
    def post_write_off(account_no: str, debt_no: _Number, body: WriteOffBody) -> DebtView:
        """Write off what is left of a debt."""
        with station.work(actor()) as work:
            debts.write_off(work, account_no, debt_no, body.reason)
            work.finish()
            return debts.find_debt(work, account_no, debt_no)


def _minor(view: View, amount: Any) -> int | None:
    return None if amount is None else money.given(amount, view.tenant.currency)


def _rate(view: View, rule: str, rate: Any) -> int:
    return typed.debt_rate(rule, f"{rate:f}", view.tenant.currency)
