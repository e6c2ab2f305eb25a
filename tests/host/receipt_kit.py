"""Receipts for tests."""

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
