"""Receipts for tests, and a printer that can be out of paper or unplugged."""

import re
import socket
import struct
import threading
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from tjugo.station.receipts.model import (
    Customer,
    Line,
    Meter,
    Receipt,
    Tender,
    Token,
    Utility,
)
from tjugo.station.storage.tables import Sale, VendRequest

TOKENS = ("12345678901234567890", "09876543210987654321", "55556666777788889999")


def receipt(**changed) -> Receipt:
    """Return a receipt with every kind of line. Fields given replace those of the sample."""
    sample = Receipt(
        kind="credit",
        number=1042,
        outlet="KIOSK-1",
        outlet_name="Marché Treichville",
        terminal="T2",
        operator="op:ama",
        at=datetime(2026, 11, 26, 22, 30, 5, tzinfo=UTC),
        time_zone="Africa/Kampala",
        currency="EUR",
        language="en",
        utility=Utility(
            "Société d'Énergie de Grand-Bassam",
            "12 Rue du Phare\nGrand-Bassam",
            "CI-4410-338",
            "+225 27 21 30 00 00",
        ),
        client="web",
        client_id="5e4c1a52-8d33-4d1b-8a0e-0c8a52a1f6d1",
        customer=Customer("000123", "Søren Núñez-Ọbáfẹ́mi", "7 Allée des Cocotiers"),
        meter=Meter("01000000016", "600727", 1, "07", 7, 2, "Domestic blocks"),
        lines=(
            Line("charge", "fixed", "Fixed charge", 150, True, tax_code="vat"),
            Line("debt", "1", "Connection loan", 500, balance=11950),
            Line("energy", "block1", "Up to 50 kWh", 1250, True, 500, Decimal("0.25")),
            Line("energy", "block2", "Above 50 kWh", 700, True, 200, Decimal("0.35")),
            Line("free", "basic", "Free basic units", 0, tenths=150),
            Line("levy", "rural", "Rural electrification", 98),
            Line("tax", "vat", "VAT", 378, tax_code="vat", tax_rate=Decimal("18")),
            Line("rounding", "rounding", "Rounding", -1),
            Line("change", "change", "Change", 925),
        ),
        tokens=(
            Token("key_change_1", TOKENS[0]),
            Token("key_change_2", TOKENS[1]),
            Token("credit", TOKENS[2], 850),
        ),
        tendered=(Tender("cash", 3000), Tender("mobile_money", 1000, "MP-77120")),
        change=925,
        text="Thank you. Save electricity: switch off what you do not use.",
    )
    return replace(sample, **changed)


def add_sale(station, shown: Receipt | None = None, voided: bool = False) -> Receipt:
    """Record a sale with a receipt, as selling records it. Return the receipt."""
    shown = shown or receipt()
    at = station.clock()
    with station.work("test") as work:
        keys = {
            "tenant_id": work.tenant_id,
            "client": shown.client,
            "client_id": shown.client_id,
        }
        drn = shown.meter.drn if shown.meter else "-"
        work.session.add(
            VendRequest(**keys, drn=drn, state="token_issued", created_at=at, finished_at=at)
        )
        work.session.flush()
        work.session.add(
            Sale(
                **keys,
                kind="credit",
                outlet=shown.outlet,
                receipt_no=shown.number,
                operator=shown.operator,
                sold_at=at,
                day=at.date(),
                currency=shown.currency,
                tendered=shown.paid(),
                change=shown.change,
                paid_tenths=shown.tenths(),
                free_tenths=0,
                receipt=shown.to_json(),
                voided_at=at if voided else None,
            )
        )
    return shown


class FakePrinter:
    """A printer on the network that keeps what is printed.

    status: its answer to DLE EOT n, none for a printer that does not answer; after: the status
    once something was printed; reset_at: it is unplugged when it has this many bytes.
    """

    def __init__(self, status=None, after=None, reset_at=None) -> None:
        self._status = status or {}
        self._after = after or self._status
        self._reset_at = reset_at
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.prints: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Switch it off; twice is as good as once."""
        if self._server.fileno() < 0:
            return
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self._print(connection)

    def _print(self, connection) -> None:
        paper = b""
        while data := connection.recv(4096):
            asked = re.findall(rb"\x10\x04(.)", data, re.DOTALL)
            paper += re.sub(rb"\x10\x04.", b"", data, flags=re.DOTALL)
            status = self._after if paper else self._status
            for number in asked:
                if number[0] in status:
                    connection.send(bytes([0x12 | status[number[0]]]))
            if self._reset_at is not None and len(paper) >= self._reset_at:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return
        if paper:
            self.prints.append(paper)
