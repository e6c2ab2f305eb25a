"""Shifts, banking batches, deposits, vendors and the ledger over /api/v1.

Amounts are texts in major units of the utility's currency, such as "120.50"; debit is positive.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from tjugo import money
from tjugo.errors import reason
from tjugo.station.ledger import balances
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.tills import banking_views, batches, vendor_views, views
from tjugo.web.api.fields import DEFAULT_LIMIT, After, Limit, Money, RequestBody
from tjugo.web.api.till_items import (
    BatchItem,
    BatchReportItem,
    DepositItem,
    ShiftItem,
    ShiftReportItem,
    StatementItem,
    VendorItem,
    in_major,
)
from tjugo.web.current import actor

_Code = Annotated[str | None, Query(max_length=80)]
_Number = Annotated[int, Path(ge=1, le=10**9)]
_Day = Annotated[date, Query(description="YYYY-MM-DD, a day of the utility's.")]
_Means = Literal["cash", "card", "mobile_money", "bank", "voucher"]


class BatchBody(RequestBody):
    """The outlet whose closed shifts, and money without a shift, are put into a banking batch."""

    outlet: Annotated[str, Field(max_length=20)]


class DepositBody(RequestBody):
    """Money that was banked: of a batch, or of a vendor. bank_ref: as on the bank's slip; one that
    is recorded already is refused, so that a repeated request records nothing twice."""

    amount: Money
    bank_ref: Annotated[str, Field(max_length=60)]
    means: _Means = "cash"
    batch_no: int | None = None
    vendor: Annotated[str | None, Field(max_length=20)] = None


class ReversalBody(RequestBody):
    """Why a deposit is reversed."""

    reason: Annotated[str, Field(max_length=200)]


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of shifts, batches, deposits, vendors and the ledger."""

    def shown(found: Any) -> Any:
        return in_major(asdict(found), station.currency)

    def paged(found: Page[Any], item: Callable[..., Any]) -> Page[Any]:
        return Page([item(**shown(row)) for row in found.items], found.next)

    _add_shifts(api, station, shown, paged)
    _add_deposits(api, station, shown, paged)
    _add_statements(api, station, shown)


def _add_shifts(
    api: APIRouter, station: Station, shown: Callable[..., Any], paged: Callable[..., Any]
) -> None:
    @api.get("/shifts")
    def get_shifts(
        operator: _Code = None,
        outlet: _Code = None,
        after: After = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[ShiftItem]:
        """Return the shifts, newest first."""
        with station.view() as view:
            whose = None if operator is None else [operator]
            return paged(views.shifts(view, whose, outlet, after, limit), ShiftItem)

    @api.get("/shifts/{number}")
    def get_shift(number: _Number) -> ShiftReportItem:
        """Return the report of a shift: takings by means, kind and resource, and the count. Of
        one's own open shift there are neither: what is expected is shown after the count."""
        with station.view() as view:
            report = views.shift_report(view, number, actor())
        given = shown(report)
        for item, count in zip(given["counts"], report.counts, strict=True):
            gap = count.difference
            item["difference"] = None if gap is None else money.digits(gap, station.currency)
        return ShiftReportItem(**given)

    @api.get("/batches")
    def get_batches(
        outlet: _Code = None, after: After = None, limit: Limit = DEFAULT_LIMIT
    ) -> Page[BatchItem]:
        """Return the banking batches, newest first."""
        with station.view() as view:
            return paged(banking_views.batch_list(view, outlet, after, limit), BatchItem)

    @api.post("/batches", status_code=201)
    def post_batch(body: BatchBody) -> BatchReportItem:
        """Put all closed shifts of an outlet that are in no batch into a new one, with the money
        that it received without a shift."""
        with station.work(actor()) as work:
            number = batches.close_batch(work, body.outlet)
        return get_batch(number)

    @api.get("/batches/{number}")
    def get_batch(number: _Number) -> BatchReportItem:
        """Return the report of a banking batch."""
        with station.view() as view:
            return BatchReportItem(**shown(banking_views.batch_report(view, number)))


def _add_deposits(
    api: APIRouter, station: Station, shown: Callable[..., Any], paged: Callable[..., Any]
) -> None:
    @api.get("/deposits")
    def get_deposits(
        vendor: _Code = None, after: After = None, limit: Limit = DEFAULT_LIMIT
    ) -> Page[DepositItem]:
        """Return the deposits, newest first."""
        with station.view() as view:
            return paged(banking_views.deposits(view, vendor, after, limit), DepositItem)

    @api.get("/deposits/{number}")
    def get_deposit(number: _Number) -> DepositItem:
        """Return a deposit slip."""
        with station.view() as view:
            return DepositItem(
                **shown(banking_views.deposit_view(batches.known_deposit(view, number)))
            )

    @api.post("/deposits", status_code=201)
    def post_deposit(body: DepositBody) -> DepositItem:
        """Record money that was banked."""
        if (body.batch_no is None) == (body.vendor is None):
            raise reason("deposit_invalid", "A deposit is of a batch_no or of a vendor.")
        amount = money.from_json(body.amount, station.currency)
        new = batches.NewDeposit(amount, body.bank_ref, body.means)
        with station.work(actor()) as work:
            if body.batch_no is not None:
                number = batches.deposit_batch(work, body.batch_no, new)
            else:
                number = batches.deposit_vendor(work, body.vendor or "", new)
        return get_deposit(number)

    @api.post("/deposits/{number}/reversal", status_code=201)
    def post_reversal(number: _Number, body: ReversalBody) -> DepositItem:
        """Undo a deposit that was recorded in error, by a new entry."""
        with station.work(actor()) as work:
            batches.reverse_deposit(work, number, body.reason)
        return get_deposit(number)


def _add_statements(api: APIRouter, station: Station, shown: Callable[..., Any]) -> None:
    @api.get("/vendors")
    def get_vendors() -> list[VendorItem]:
        """Return all vendors, with what they owe."""
        with station.view() as view:
            return [VendorItem(**shown(row)) for row in vendor_views.vendor_list(view)]

    @api.get("/vendors/{vendor}/statement")
    def get_vendor_statement(vendor: str, first: _Day, last: _Day) -> StatementItem:
        """Return what a vendor owes: opening balance, every change, closing balance."""
        with station.view() as view:
            return StatementItem(**shown(vendor_views.vendor_statement(view, vendor, first, last)))

    @api.get("/outlets")
    def get_outlets() -> list[vendor_views.OutletView]:
        """Return all outlets."""
        with station.view() as view:
            return vendor_views.outlet_list(view)

    @api.get("/ledger/{account}")
    def get_statement(
        account: str,
        first: _Day,
        last: _Day,
        party: Annotated[str | None, Query(max_length=60)] = None,
    ) -> StatementItem:
        """Return the statement of an account of the ledger, or of one of its parties."""
        with station.view() as view:
            return StatementItem(**shown(balances.statement(view, account, party, first, last)))
