"""The counter: find a meter, confirm the customer, see the price, sell, hand over the receipt."""

import uuid
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates

from tjugo import money
from tjugo.errors import TjugoError
from tjugo.station.registry import views as registry_views
from tjugo.station.registry.find import Found, find
from tjugo.station.station import Station
from tjugo.station.tariffs.carried import credit_of
from tjugo.station.tariffs.debts import debts
from tjugo.station.vending import sale_views, views
from tjugo.station.vending.credit_note import left
from tjugo.station.vending.purchase import MEANS, Purchase, Tender, check_id, parse_kwh
from tjugo.station.vending.queue import SaleQueue
from tjugo.station.vending.shown import show
from tjugo.station.vending.trial import Trial, trial
from tjugo.station.vending.views import Refusal
from tjugo.station.work import View
from tjugo.web.current import actor, may
from tjugo.web.errors import sentence_for
from tjugo.web.pages.forms import CLIENT, Context, Form, add_page, listed, searched
from tjugo.web.seller import check_free, may_sell_now, seller

_ROWS = 20
_FOUND = 10
_PAYMENTS = 2  # fields for parts of a payment on the page


@dataclass(frozen=True)
class Means:
    """A means of payment and its name on the page."""

    code: str
    name: str


NAMES = {
    "cash": "Cash",
    "card": "Card",
    "mobile_money": "Mobile money",
    "bank": "Bank transfer",
    "voucher": "Voucher",
    "account": "Customer's credit",
}


def add_routes(
    routes: APIRouter, station: Station, queue: SaleQueue, templates: Jinja2Templates
) -> None:
    """Add /sales: ?find= looks up meters, ?drn= asks for the amount, ?id= shows a sale. A page
    that sells has its client id in its address: it sells once, also after Back and a reload."""

    def query(request: Request, form: Form | None) -> tuple[Context, TjugoError | None]:
        asked = dict(request.query_params)
        client_id, done = _page_id(station, {} if form else asked)
        if done:  # Back, or a reload: what the page has sold
            asked["id"] = done
        wrong: TjugoError | None = None
        sale = None
        if form is None and asked.get("id"):
            try:
                sale = show(station, actor(), asked.get("client", CLIENT), asked["id"])
            except TjugoError as error:
                wrong = error
        with station.view() as view:
            search, after = searched(request)
            context: dict[str, Any] = {
                **listed(request, sale_views.sales(view, search, after, limit=_ROWS)),
                "sale": None,
                "found": None,
                "offer": None,
                "currency": station.currency,
                "means": [Means(code, NAMES[code]) for code in MEANS],
                "payments": range(1, _PAYMENTS + 1),
                "client_id": client_id,
                "new_id": _new_id,
                "done": done,
                "till_closed": may("sales.sell") and not may_sell_now(view),
                "any_meter": bool(registry_views.meters(view, limit=1).items),
                "asked": asked | (form or {}),
                "money_text": lambda amount: money.text(amount, station.currency),
            }
            try:
                if sale is not None:
                    shown = sale_views.sale_view(sale)
                    context["sale_left"] = left(view, sale.client, sale.client_id)
                    context |= {"sale": sale, "sale_delivery": shown.delivery}
                    if sale.credit is not None:
                        context["sale_credit"] = money.text_of(sale.credit, station.currency)
                    context["sale_at"] = shown.issued_at
                elif asked.get("find"):
                    found = [one for one in find(view, asked["find"], _FOUND) if one.drn]
                    context["found"] = found
                    if len(found) == 1:
                        context["offer"] = _offer(view, station, {"drn": found[0].drn or ""})
                elif form or asked.get("drn"):
                    context["offer"] = _offer(view, station, form or asked)
            except TjugoError as error:
                wrong = error
        return context, wrong

    def action(form: Form) -> str:
        # By POST, so that no address has the token of the session, which the form has.
        if form.get("show"):
            if _has_amount(form):
                del form["show"]
            return f"/sales?{urlencode({name: text for name, text in form.items() if text})}"
        # Without the id of its page a form that is sent twice would sell twice.
        with station.view() as view:
            who = seller(view)
        if form.get("kind") == "free":
            check_free()
        purchase = replace(purchase_of(form, station.currency), disclosed=False, **who)
        outcome = queue.submit(purchase).result()
        if isinstance(outcome, Refusal):
            raise outcome.error()
        return f"/sales?id={quote(outcome.client_id)}"

    add_page(routes, templates, "/sales", query, action)


def _new_id() -> str:
    return str(uuid.uuid4())


def _page_id(station: Station, asked: dict[str, str]) -> tuple[str, str]:
    """Return the client id for the sale of a page with this address, and that of the sale which
    the page has made already, or "". A request that was refused is not repeated."""
    given = asked.get("client_id", "")
    try:
        check_id(CLIENT, given)
    except TjugoError:
        return _new_id(), ""
    with station.view() as view:
        state = views.state_of(view, CLIENT, given)
    if state is None:
        return given, ""
    return _new_id(), given if state == views.TOKEN_ISSUED else ""


@dataclass(frozen=True)
class Offer:
    """The meter chosen with its customer, what it counts, what the customer owes, and, once an
    amount is given, the price; credit: what the token of a meter that counts money would carry;
    wrong: why there is no price."""

    meter: Found
    counts: str
    owed: int
    price: Trial | None = None
    credit: str | None = None
    wrong: str | None = None


def _offer(view: View, station: Station, given: dict[str, str]) -> Offer:
    known = registry_views.find_meter(view, given.get("drn", ""))
    meter = next(one for one in find(view, known.drn) if one.drn == known.drn)
    owed = 0
    if meter.account_no is not None:
        owed = sum(one.balance for one in debts(view, meter.account_no).items)
    if not _has_amount(given) and not given.get("show"):
        return Offer(meter, known.counts, owed)
    try:
        purchase = replace(purchase_of(given, station.currency), client_id="trial", tenders=())
        price = trial(view, purchase, station.clock())
        credit = credit_of(price.quote, station.currency)
        text = None if credit is None else money.text_of(credit, station.currency)
        return Offer(meter, known.counts, owed, price, text)
    except TjugoError as error:
        return Offer(meter, known.counts, owed, wrong=sentence_for(error))


def _has_amount(form: Form) -> bool:
    return bool(form.get("money") or form.get("kwh"))


def purchase_of(form: Form, currency: str) -> Purchase:
    """Return the purchase of a form: drn, money or kwh, tender_1, means_1, ref_1 and so on. Raise
    TjugoError."""
    if form.get("kind") == "free":
        return Purchase(CLIENT, form.get("client_id", ""), form.get("drn", ""), kind="free")
    spent, kwh = form.get("money", ""), form.get("kwh", "")
    tenders = []
    for number in range(1, _PAYMENTS + 1):
        amount = form.get(f"tender_{number}", "")
        if amount:
            means = form.get(f"means_{number}", "cash")
            paid = money.parse(amount, currency, "The payment")
            tenders.append(Tender(means, paid, form.get(f"ref_{number}", "")))
    return Purchase(
        CLIENT,
        form.get("client_id", ""),
        form.get("drn", ""),
        kwh=parse_kwh(kwh) if kwh or not spent else None,
        money=money.parse(spent, currency) if spent else None,
        tenders=tuple(tenders),
    )
