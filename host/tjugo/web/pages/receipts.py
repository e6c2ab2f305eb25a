"""The page of a receipt: on the screen, and printed by the browser, as PDF or by a printer. That
of a sale or a payment has the form of its credit note."""

import uuid
from typing import Any
from urllib.parse import quote

import segno
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from tjugo import money
from tjugo.errors import TjugoError
from tjugo.station.receipts import layout, pdf, printers, service
from tjugo.station.receipts.model import Receipt
from tjugo.station.receipts.texts import labels
from tjugo.station.station import Station
from tjugo.station.vending import credit_note, payment_note
from tjugo.web.current import actor
from tjugo.web.errors import http_status, sentence_for
from tjugo.web.pages.forms import Form, form_of

# What the button of a form sends: paper of the browser, paper of a PDF, or `printer:<name>`.
_BROWSER = {"browser-80": "80 mm", "browser-58": "58 mm", "browser-a6": "A6"}
_PDF = {"pdf-a4": "a4", "pdf-a6": "a6"}
_PRINTER = "printer:"


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /receipts/{client}/{client_id}; a POST to it prints, and is counted."""

    def page(
        request: Request,
        client: str,
        client_id: str,
        error: TjugoError | None = None,
        printed: int | None = None,
        paper: str | None = None,
    ) -> Response:
        """Return the page. printed: the number of the print that the browser is to make on the
        paper; None: what is printed of the page is marked as a copy."""
        stored = service.show(station, actor(), client, client_id)
        receipt = stored.readable()
        known, damaged = _printers(station)
        with station.view() as view:
            left = payment_note.left(view, client, client_id)
            sale_left = credit_note.left(view, client, client_id)
        wrong = error or damaged
        context: dict[str, Any] = {
            "parts": layout.sections(receipt, None, printed or 0, stored.voided),
            "kind": lambda element: type(element).__name__,
            "code": _code,
            "receipt": receipt,
            "stored": stored,
            "left": money.text(left, receipt.currency) if left else "",
            "sale_left": money.text(sale_left, receipt.currency) if sale_left else "",
            "note_id": str(uuid.uuid4()),
            "copy": labels(receipt.language)["copy"],
            "printed": printed,
            "paper": paper,
            "printers": known,
            "browser": _BROWSER,
            "sent": request.query_params.get("sent") if error is None else None,
            "error": sentence_for(wrong) if wrong else None,
        }
        status = http_status(error) if error else 200
        return templates.TemplateResponse(request, "receipt.html", context, status_code=status)

    def act(request: Request, client: str, client_id: str, form: Form) -> Response:
        chosen = form.get("to", "")
        try:
            if chosen.startswith(_PRINTER):
                printer = printers.find(station.state_dir, chosen.removeprefix(_PRINTER))
                service.print_on(station, actor(), printer, client, client_id)
                address = f"/receipts/{quote(client, '')}/{quote(client_id, '')}"
                return RedirectResponse(f"{address}?sent={quote(printer.name)}", 303)
            medium = chosen if chosen in (_BROWSER | _PDF) else "browser-80"
            with station.work(actor()) as work:
                receipt, number = service.count_print(work, client, client_id, medium)
        except TjugoError as error:
            return page(request, client, client_id, error)
        if medium in _PDF:
            return _document(receipt, _PDF[medium], number)
        return page(request, client, client_id, printed=number, paper=medium)

    @routes.get("/receipts/{client}/{client_id}")
    def show(request: Request, client: str, client_id: str) -> Response:
        return page(request, client, client_id)

    @routes.post("/receipts/{client}/{client_id}")
    async def post(request: Request, client: str, client_id: str) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(act, request, client, client_id, form)


def _printers(station: Station) -> tuple[list[str], TjugoError | None]:
    """Return the names of the printers; the receipt is shown even where their file is damaged."""
    try:
        return sorted(printers.printers(station.state_dir)), None
    except TjugoError as error:
        return [], error


def _code(data: str) -> Markup:
    return Markup(segno.make_qr(data, error="m").svg_inline(border=2, omitsize=True))


def _document(receipt: Receipt, paper: str, number: int) -> Response:
    headers = {"content-disposition": f'attachment; filename="{pdf.file_name(receipt)}"'}
    content = pdf.make(receipt, paper, reprint=number)
    return Response(content, media_type="application/pdf", headers=headers)
