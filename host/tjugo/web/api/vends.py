"""Sales over /api/v1/vends."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from starlette.responses import Response

from tjugo import money
from tjugo.station.setup.sandbox import is_sandbox
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.tariffs.carried import credit_of
from tjugo.station.vending import sale_views
from tjugo.station.vending.advice import Advice, State, advise
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.queue import SaleQueue
from tjugo.station.vending.sale_views import RefusalView, SaleView
from tjugo.station.vending.shown import show
from tjugo.station.vending.trial import Trial, trial
from tjugo.station.vending.views import Refusal, Sale
from tjugo.web.api.fast_route import FastRoute
from tjugo.web.api.fields import (
    CLIENT,
    DEFAULT_LIMIT,
    After,
    Drn,
    Kwh,
    Limit,
    Money,
    RequestBody,
    Search,
)
from tjugo.web.current import actor, check_own, namespace, only_own
from tjugo.web.sandbox import Trouble
from tjugo.web.seller import check_free, needs_shift, seller, terms


class TenderBody(RequestBody):
    """A part of the payment. ref: the card slip, transfer or voucher."""

    means: Literal["cash", "card", "mobile_money", "bank", "voucher", "account"]
    amount: Money
    ref: Annotated[str, Field(max_length=60)] = ""


class PriceBody(RequestBody):
    """What is to be bought: kwh in steps of 0.1, or money, of which everything is deducted; for a
    meter that counts money it is money."""

    drn: Drn
    kwh: Kwh | None = None
    money: Money | None = None
    kind: Literal["credit", "free"] = "credit"


class VendBody(PriceBody):
    """A sale. tenders: how it is paid; none: the exact amount in cash."""

    tenders: list[TenderBody] = Field(default_factory=list, max_length=8)
    terminal: Annotated[str | None, Field(max_length=40)] = None


@dataclass(frozen=True)
class LineView:
    """A line of a price; amounts and rates in major units, as text."""

    kind: str
    code: str
    name: str
    amount: str
    kwh: str | None
    rate: str | None
    tax_rate: str | None
    balance: str | None


@dataclass(frozen=True)
class TrialView:
    """What a purchase would be: nothing is recorded, and there is no token. kwh, free_kwh: null
    for a meter that counts money, whose token would carry credit, null for the others."""

    drn: str
    account_no: str | None
    customer: str | None
    address: str | None
    currency: str
    tariff: str
    tariff_version: int
    kwh: str | None
    free_kwh: str | None
    tendered: str
    lines: list[LineView]
    credit: str | None = None


@dataclass(frozen=True)
class AdviceView:
    """What became of a request. state: `sold`, `refused` or `unknown`; sale: the first
    answer; error, code: of one that was refused; advice: what the program does now."""

    client_id: str | None
    state: State
    advice: str
    sale: SaleView | None = None
    error: str | None = None
    code: str | None = None


_AdviceId = Annotated[
    str | None, Query(max_length=64, description="Of the request; the newest one without it.")
]


def add_routes(api: APIRouter, station: Station, queue: SaleQueue) -> None:
    """Add the routes of sales."""
    with station.view() as view:
        trouble = Trouble() if is_sandbox(view) else None

    def _in_shift() -> dict[str, Any]:
        with station.view() as view:
            return seller(view)

    @api.post("/vends:trial")
    def post_trial(body: PriceBody) -> TrialView:
        """Return what a purchase would cost and give, line by line, without selling."""
        with station.view() as view:
            purchase = _purchase(body, "", station.currency)
            return _trial_view(trial(view, purchase, station.clock()), station.currency)

    # The answer is made as the model describes it: validating it again takes longer than pricing
    # the sale.
    @api.put("/vends/{client_id}", response_model=SaleView)
    async def put_vend(client_id: str, body: VendBody) -> Response:
        """Sell once for each client_id, however often the request is repeated.

        After a time-out or a status 5xx the outcome is unknown: repeat the request, with the same
        client_id, until it is answered.
        """
        if body.kind == "free":
            check_free()
        who = await run_in_threadpool(_in_shift) if needs_shift() else terms()
        purchase = _purchase(body, client_id, station.currency, **who)
        if trouble is not None:
            await trouble.before(purchase)
        outcome = await queue.sold(purchase)
        if trouble is not None:
            await trouble.after(purchase)
        if isinstance(outcome, Refusal):
            raise outcome.error()
        return Response(sale_views.as_json(outcome), media_type="application/json")

    fast = FastRoute(
        f"{api.prefix}/vends/{{client_id}}", "PUT", VendBody, put_vend, api.routes[-1]
    )
    api.routes.insert(0, fast)

    @api.get("/vends/{client_id}")
    def get_vend(client_id: str, client: str | None = None) -> SaleView:
        """Return a sale and the state of its delivery. Its token counts as shown from then on."""
        whose = client or namespace(CLIENT)
        check_own(whose)
        return sale_views.sale_view(show(station, actor(), whose, client_id))

    @api.get("/vends:advice")
    def get_advice(client_id: _AdviceId = None) -> AdviceView:
        """Return what became of this client's request, of its newest one without an id. `unknown`:
        it is not recorded here; send it again, with the same id, until it is answered."""
        return _advice_view(advise(station, actor(), namespace(CLIENT), client_id))

    @api.get("/vends")
    def get_vends(
        search: Search = "", after: After = None, limit: Limit = DEFAULT_LIMIT
    ) -> Page[SaleView | RefusalView]:
        """Return requests, newest first, refused ones included; of an API client without the scope
        `read` its own."""
        with station.view() as view:
            return sale_views.sales(view, search, after, limit, only_own())


def _purchase(body: PriceBody, client_id: str, currency: str, **who: Any) -> Purchase:
    amount = None if body.money is None else money.given(body.money, currency)
    more = {"actor": CLIENT, **who}
    if isinstance(body, VendBody):
        more |= {"tenders": tenders_of(body.tenders, currency), "terminal": body.terminal}
    of = (namespace(CLIENT), client_id or "trial", body.drn, body.kwh, amount)
    return Purchase(*of, kind=body.kind, **more)


def tenders_of(bodies: Sequence[TenderBody], currency: str) -> tuple[Tender, ...]:
    """Return the payments of a request."""
    return tuple(Tender(one.means, money.given(one.amount, currency), one.ref) for one in bodies)


def _trial_view(found: Trial, currency: str) -> TrialView:
    quote, buyer, credit = found.quote, found.buyer, credit_of(found.quote, currency)

    def text(amount: int | None) -> str | None:
        return None if amount is None else money.plain(amount, currency)

    return TrialView(
        drn=found.drn,
        account_no=buyer.account_no if buyer else None,
        customer=buyer.name if buyer else None,
        address=buyer.address if buyer else None,
        currency=currency,
        tariff=found.tariff,
        tariff_version=found.tariff_version,
        kwh=None if quote.credit else _kwh(quote.tenths),
        free_kwh=None if quote.credit else _kwh(quote.free_tenths),
        credit=None if credit is None else f"{credit:f}",
        tendered=money.plain(quote.tendered, currency),
        lines=[
            LineView(
                kind=line.kind,
                code=line.code,
                name=line.name,
                amount=money.plain(line.amount, currency),
                kwh=None if line.tenths is None else _kwh(line.tenths),
                rate=None if line.rate is None else f"{line.rate:f}",
                tax_rate=None if line.tax_rate is None else f"{line.tax_rate:f}",
                balance=text(line.balance),
            )
            for line in quote.lines
        ],
    )


def _advice_view(found: Advice) -> AdviceView:
    outcome = found.outcome
    return AdviceView(
        client_id=found.client_id,
        state=found.state,
        advice=found.sentence,
        sale=sale_views.sale_view(outcome) if isinstance(outcome, Sale) else None,
        error=outcome.message if isinstance(outcome, Refusal) else None,
        code=outcome.code if isinstance(outcome, Refusal) else None,
    )


def _kwh(tenths: int) -> str:
    return f"{Decimal(tenths) / 10:f}"
