"""The buttons of a sale that undo it: void and credit note; and payments of a customer, with
their credit notes."""

from collections.abc import Callable
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from tjugo import money
from tjugo.errors import reason
from tjugo.station.station import Station
from tjugo.station.vending.credit_note import credit_note
from tjugo.station.vending.note import CASH, CREDIT, CreditNote
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.purchase import Tender
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.void import void
from tjugo.station.work import Work
from tjugo.web.current import actor
from tjugo.web.pages.forms import CLIENT, Form, form_of
from tjugo.web.seller import seller

_Act = Callable[[Work, str, str, Form], str]


def add_routes(routes: APIRouter, station: Station) -> None:
    """Add the forms of /sales/{client}/{client_id} and of a customer's payments. They show the
    receipt when they are done."""

    def void_sale(work: Work, client: str, client_id: str, form: Form) -> str:
        void(work, client, client_id, form.get("reason", ""))
        return "/sales"

    def write_note(work: Work, client: str, client_id: str, form: Form) -> str:
        typed = form.get("amount", "")
        asked = CreditNote(
            CLIENT,
            form.get("client_id", ""),
            client,
            client_id,
            Seller(**seller(work)),
            form.get("reason", ""),
            money.parse(typed, station.currency) if typed else None,
            {CASH: CASH, CREDIT: CREDIT}.get(form.get("to", "")),
        )
        return _receipt(credit_note(work, asked).client_id)

    def take(work: Work, account_no: str, _: str, form: Form) -> str:
        amount = money.parse(form.get("amount", ""), station.currency)
        debt = form.get("debt_no", "")
        if debt and not (debt.isascii() and debt.isdigit() and len(debt) < 10):
            raise reason("debt_unknown", f"There is no debt {debt[:20]}.")
        asked = Payment(
            CLIENT,
            form.get("client_id", ""),
            account_no,
            amount,
            Seller(**seller(work)),
            int(debt) if debt else None,
            (Tender(form.get("means", "cash"), amount, form.get("ref", "")),),
        )
        return _receipt(pay(work, asked).client_id)

    def add(path: str, first: str, act: _Act) -> None:
        async def post(request: Request) -> Response:
            form = await form_of(request)
            given = request.path_params
            keys = given[first], given.get("client_id", "")

            def run() -> Response:
                with station.work(actor()) as work:
                    target = act(work, *keys, form)
                return RedirectResponse(target, 303)

            return await run_in_threadpool(run)

        routes.add_api_route(path, post, methods=["POST"])

    add("/sales/{client}/{client_id}/void", "client", void_sale)
    add("/sales/{client}/{client_id}/credit-note", "client", write_note)
    add("/customers/{account_no}/payments", "account_no", take)


def _receipt(client_id: str) -> str:
    return f"/receipts/{CLIENT}/{quote(client_id, '')}"
