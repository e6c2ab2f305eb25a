"""Receipts over /api/v1/receipts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from tjugo.errors import reason
from tjugo.station.receipts import model, pdf, printers, render, service
from tjugo.station.station import Station
from tjugo.web.api.fields import RequestBody
from tjugo.web.current import actor, check_own
from tjugo.web.errors import JSON_ERRORS


@dataclass(frozen=True)
class ReceiptView:
    """A receipt. printed: number of the last print, 0 the original, null for none yet; voided_at:
    the sale is void, and the tokens are left out. Money in minor units of the currency."""

    receipt: model.Receipt
    printed: int | None
    voided_at: datetime | None


@dataclass(frozen=True)
class PrintView:
    """A print that was counted: 0 the original, n the n-th reprint. text: the receipt with its
    mark, in lines of the width; printer: on which it was printed, null for none."""

    number: int
    text: str
    printer: str | None


class ReprintBody(RequestBody):
    """printer: the station's printer to print on; none: the program prints the text itself."""

    printer: Annotated[str | None, Field(max_length=20)] = None
    width: Literal[32, 48] = 48


class PdfResponse(Response):
    """A PDF document."""

    media_type = "application/pdf"


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of receipts."""

    @api.get("/receipts/{client}/{client_id}")
    def get_receipt(client: str, client_id: str) -> ReceiptView:
        """Return the receipt of a sale. Its tokens count as shown from then on."""
        check_own(client)
        stored = service.show(station, actor(), client, client_id)
        return ReceiptView(stored.shown(), stored.printed, stored.voided_at)

    @api.get(
        "/receipts/{client}/{client_id}/pdf", response_class=PdfResponse, responses=JSON_ERRORS
    )
    def get_pdf(
        client: str,
        client_id: str,
        paper: Literal["a4", "a6"] = "a4",
        number: Annotated[int | None, Query(ge=0, le=1_000_000)] = None,
    ) -> Response:
        """Return the receipt as PDF, marked as a copy, or as the print with a number that
        `reprint` has counted."""
        check_own(client)
        stored = service.show(station, actor(), client, client_id)
        if number is not None and (stored.printed is None or number > stored.printed):
            raise reason("receipt_unknown", f"There is no print {number} of this receipt.")
        content = pdf.make(stored.readable(), paper, reprint=number, voided=stored.voided)
        return PdfResponse(content)

    @api.post("/receipts/{client}/{client_id}/reprint")
    def post_reprint(client: str, client_id: str, body: ReprintBody) -> PrintView:
        """Count a print of the receipt, and print it where a printer is given. The first one is
        the original, every further one is marked as a reprint with its number."""
        check_own(client)
        if body.printer is not None:
            printer = printers.find(station.state_dir, body.printer)
            number = service.print_on(station, actor(), printer, client, client_id)
            with station.view() as view:
                receipt = service.find(view, client, client_id).readable()
        else:
            with station.work(actor()) as work:
                receipt, number = service.count_print(work, client, client_id, "API")
        text = render.text(receipt, body.width, reprint=number)
        return PrintView(number, text, body.printer)
