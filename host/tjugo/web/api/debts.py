"""Debts over /api/v1/debts."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from tjugo import money
from tjugo.errors import reason
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.tariffs import debts, typed
from tjugo.station.tariffs.debts import DebtView
from tjugo.station.work import View
from tjugo.web.api.amounts import minor
from tjugo.web.api.fields import DEFAULT_LIMIT, After, Limit, Money, RequestBody, Whole
from tjugo.web.current import actor

_Number = Annotated[int, Path(ge=1, le=10**9)]
_Account = Annotated[str, Field(max_length=20)]
_Name = Annotated[str, Field(max_length=100)]


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


class DebtItem(BaseModel):
    """A debt and its balance; amounts and rate as texts, as in a DebtBody. state: open, paid,
    written_off."""

    account_no: str
    debt_no: int
    kind: str
    name: str
    state: str
    rule: str
    rate: str
    least: str
    most: str | None
    priority: int
    balance: str
    opened_at: str | None
    opened_by: str
    closed_at: str | None


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


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of debts."""

    @api.get("/debts")
    def get_debts(
        account_no: Annotated[str | None, Query(max_length=20)] = None,
        after: After = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[DebtItem]:
        """Return debts by account; amounts in major units, as text."""
        with station.view() as view:
            page = debts.debts(view, account_no, after, limit)
            return Page([_item(view, row) for row in page.items], page.next)

    @api.get("/debts/{account_no}/{debt_no}")
    def get_debt(account_no: str, debt_no: _Number) -> DebtItem:
        """Return a debt and its balance."""
        with station.view() as view:
            return _found(view, account_no, debt_no)

    @api.post("/debts", status_code=201)
    def post_debt(body: DebtBody) -> DebtItem:
        """Open a debt of a customer."""
        with station.work(actor()) as work:
            number = debts.open_debt(
                work,
                body.account_no,
                body.name,
                minor(work, body.amount) or 0,
                body.kind,
                body.rule,
                _rate(work, body.rule, body.rate),
                minor(work, body.least) or 0,
                minor(work, body.most),
                body.priority,
            )
            work.finish()  # the balance is posted when the work ends
            return _found(work, body.account_no, number)

    @api.patch("/debts/{account_no}/{debt_no}")
    def patch_debt(account_no: str, debt_no: _Number, body: DebtPatch) -> DebtItem:
        """Change how an open debt is recovered."""
        given = body.model_dump(exclude_unset=True)
        with station.work(actor()) as work:
            for field in ("least", "most"):
                if field in given:
                    given[field] = minor(work, given[field])
            if "rate" in given or "rule" in given:
                known = debts.find_debt(work, account_no, debt_no)
                if given.get("rate") is None:
                    raise reason("debt_invalid", "A rule comes with its rate.")
                given["rate"] = _rate(work, given.get("rule") or known.rule, given["rate"])
            debts.edit_debt(work, account_no, debt_no, **given)
            return _found(work, account_no, debt_no)

    @api.post("/debts/{account_no}/{debt_no}:write-off")
    def post_write_off(account_no: str, debt_no: _Number, body: WriteOffBody) -> DebtItem:
        """Write off what is left of a debt."""
        with station.work(actor()) as work:
            debts.write_off(work, account_no, debt_no, body.reason)
            work.finish()
            return _found(work, account_no, debt_no)


def _item(view: View, found: DebtView) -> DebtItem:
    currency = view.tenant.currency

    def text(amount: int) -> str:
        return money.digits(amount, currency)

    return DebtItem(
        **{
            **asdict(found),
            "rate": typed.rate_text(found.rule, found.rate, currency),
            "least": text(found.least),
            "most": None if found.most is None else text(found.most),
            "balance": text(found.balance),
        }
    )


def _found(view: View, account_no: str, debt_no: int) -> DebtItem:
    return _item(view, debts.find_debt(view, account_no, debt_no))


def _rate(view: View, rule: str, rate: Any) -> int:
    return typed.debt_rate_of(rule, rate, view.tenant.currency)
