"""Receipts of sales: find, show, and count what is printed.

The first print is the original, number 0; every further one is a reprint with the next number. A
printer that fails changes nothing about a sale.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from tjugo.errors import TjugoError, reason
from tjugo.station import names
from tjugo.station.audit import chain
from tjugo.station.receipts import escpos, printers
from tjugo.station.receipts.elements import NAME, Code, Digits, Element, Rule, Text
from tjugo.station.receipts.line import connected
from tjugo.station.receipts.model import Receipt
from tjugo.station.receipts.printers import Printer
from tjugo.station.receipts.profiles import PROFILES
from tjugo.station.station import Station
from tjugo.station.storage.tables import Reprint, Sale
from tjugo.station.work import View, Work

ORIGINAL = 0
_ACTION = "sales.reprint"
_CHARACTERS = "àâçéèêëîïôùû áãõ ñ¿¡ äöüß åøæ € ₦ ₵ ŋ ƙ Ж"


@dataclass(frozen=True)
class Stored:
    """A receipt and its state. printed: number of the last print, None before the original;
    voided_at: the sale is void, and its tokens are never shown; seller: the name of the operator,
    None for others, such as a command."""

    receipt: Receipt
    printed: int | None
    voided_at: datetime | None
    seller: str | None

    @property
    def voided(self) -> bool:
        """True if the sale is void."""
        return self.voided_at is not None

    def shown(self) -> Receipt:
        """Return the receipt as it may be shown: without tokens if the sale is void."""
        return replace(self.receipt, tokens=()) if self.voided else self.receipt

    def readable(self) -> Receipt:
        """Return the receipt as shown(), with the name of the operator, for people."""
        return replace(self.shown(), operator_name=self.seller)


def find(view: View, client: str, client_id: str) -> Stored:
    """Return the receipt of a sale, without showing it to anyone. Raise NotFound; Unavailable when
    the record is damaged."""
    return _stored(view, _sale(view, client, client_id))


def show(station: Station, actor: str, client: str, client_id: str) -> Stored:
    """Return the receipt of a sale to be shown. From then on its tokens count as shown: the sale
    can no longer be voided. Raise as `find`."""
    with station.view() as view:
        sale = _sale(view, client, client_id)
        stored = _stored(view, sale)
    if sale.shown_at is not None or stored.voided or not stored.receipt.tokens:
        return stored
    with station.work(actor) as work:
        sale = _sale(work, client, client_id, lock=True)
        if sale.voided_at is None and sale.shown_at is None:
            sale.shown_at = work.now()
        return _stored(work, sale)


def count_print(work: Work, client: str, client_id: str, medium: str) -> tuple[Receipt, int]:
    """Record that the receipt is printed. Return it and the number of the print: 0 the original.

    medium: where, such as the printer's name. Raise NotFound; `receipt_void` for a sale that is
    void.
    """
    sale = _sale(work, client, client_id, lock=True)
    stored = _stored(work, sale)
    if stored.voided:
        raise reason("receipt_void", f"Sale {client_id} is void: its receipt is not printed.")
    number = ORIGINAL if stored.printed is None else stored.printed + 1
    work.session.add(
        Reprint(
            tenant_id=work.tenant_id,
            client=client,
            client_id=client_id,
            number=number,
            at=work.now(),
            operator=work.actor[:80],
        )
    )
    if sale.shown_at is None:
        sale.shown_at = work.now()
    what = "original" if number == ORIGINAL else f"reprint {number}"
    receipt = f"receipt {stored.receipt.outlet} {stored.receipt.number}"
    chain.record(work, _ACTION, receipt, f"{what}, {medium}")
    return stored.readable(), number


def print_on(station: Station, actor: str, printer: Printer, client: str, client_id: str) -> int:
    """Print the receipt of a sale and return the number of the print.

    A printer that cannot be reached, or is out of paper, raises `printer_unavailable` before
    anything is counted. One that fails in the middle raises it as well, and the print counts: the
    paper may show the token.
    """
    profile = PROFILES[printer.profile]
    with station.view() as view:
        find(view, client, client_id)
    number: int | None = None
    try:
        with connected(printer) as line:
            with station.work(actor) as work:
                receipt, number = count_print(work, client, client_id, f"printer {printer.name}")
            line.print(escpos.encode(receipt, profile, reprint=number))
    except TjugoError as error:
        if number is None or error.code != "printer_unavailable":
            raise
        sentence = f"{error.message} The sale is complete: print the receipt again."
        raise reason("printer_unavailable", sentence) from error
    return number


def add_printer(station: Station, actor: str, printer: Printer) -> None:
    """Add a printer and record it. Raise as `printers.add`."""
    printers.add(station.state_dir, printer)
    _record_printer(station, actor, f"printer {printer.name}", f"{printer.kind} {printer.address}")


def remove_printer(station: Station, actor: str, name: str) -> None:
    """Remove a printer and record it. Raise `printer_unknown`."""
    printers.remove(station.state_dir, name)
    _record_printer(station, actor, f"printer {name}", "removed")


def print_test(printer: Printer) -> None:
    """Print a page that shows the width, the characters and the code of a printer. Raise
    `printer_unavailable`."""
    profile = PROFILES[printer.profile]
    page: list[Element] = [
        Text("TJUGO", NAME),
        Text(f"{printer.name}: {profile.title}"),
        Rule(),
        Text(_CHARACTERS),
        Digits("Token", ("1234", "5678", "9012", "3456", "7890"), "", None),
        Code("https://example.org", "example.org"),
    ]
    with connected(printer) as line:
        line.print(escpos.encode_elements(page, profile))


def _record_printer(station: Station, actor: str, subject: str, detail: str) -> None:
    with station.work(actor) as work:
        chain.record(work, "outlets.edit", subject, detail)


def _sale(view: View, client: str, client_id: str, lock: bool = False) -> Sale:
    query = select(Sale).where(
        Sale.tenant_id == view.tenant_id, Sale.client == client, Sale.client_id == client_id
    )
    found = view.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise reason("receipt_unknown", f"There is no receipt of a sale {client_id}.")
    return found


def _stored(view: View, sale: Sale) -> Stored:
    query = select(func.max(Reprint.number)).where(
        Reprint.tenant_id == view.tenant_id,
        Reprint.client == sale.client,
        Reprint.client_id == sale.client_id,
    )
    receipt = Receipt.from_json(sale.receipt)
    seller = receipt.operator_name
    if seller is None and receipt.operator.startswith("op:"):
        seller = names.of_actor(view, receipt.operator)
    return Stored(receipt, view.session.scalar(query), sale.voided_at, seller)


def only_client(view: View, client_id: str) -> str:
    """Return the client of the sale with this id. Raise NotFound; `receipt_unknown` with the
    names when several clients have used the id."""
    query = select(Sale.client).where(
        Sale.tenant_id == view.tenant_id, Sale.client_id == client_id
    )
    clients = sorted(view.session.scalars(query))
    if len(clients) == 1:
        return clients[0]
    if clients:
        used = ", ".join(clients)
        raise reason("receipt_unknown", f"Several clients used the id {client_id}: {used}.")
    raise reason("receipt_unknown", f"There is no receipt of a sale {client_id}.")
