"""The published receipts: each is one tariff's data, and its lines and units come out to the
cent and the tenth of a kWh.

Where a receipt gives amounts only, the rate is one that they imply.
"""

from datetime import UTC, datetime
from decimal import Decimal

from tjugo.station.tariffs.model import (
    Blocks,
    Fee,
    Flat,
    Levy,
    MonthlyCharge,
    Quote,
    Situation,
    Step,
    TariffRules,
    Tax,
)
from tjugo.station.tariffs.price import after, price_money, price_units

MARCH = Situation(datetime(2016, 3, 9, 10, 30, tzinfo=UTC))
VAT15 = (Tax("vat", "VAT", Decimal(15)),)


def D(text: str) -> Decimal:
    return Decimal(text)


def any_units(tenths: int) -> int:
    return tenths


def shown(quote: Quote) -> dict[str, int]:
    assert sum(line.amount for line in quote.lines) == quote.tendered
    return {line.code: line.amount for line in quote.lines}


CENTLEC = TariffRules("ZAR", Flat(D("1.2090")), energy_tax="vat", taxes=VAT15)
CENTLEC_WITH_FEE = TariffRules(
    "ZAR",
    Flat(D("2.2250")),
    energy_tax="vat",
    taxes=VAT15,
    service_fee=Fee("service", "Service fee", 4000),
)
# 5 thebe for each kWh, VAT of 12 % included, for the standard charge and for the levy.
BPC = TariffRules(
    "BWP",
    Flat(D("0.85")),
    energy_tax="vat",
    levies=(
        Levy("standard", "Standard charge", "per_kwh", D("0.0446"), tax="vat"),
        Levy("levy", "National electrification levy", "per_kwh", D("0.0446"), tax="vat"),
    ),
    taxes=(Tax("vat", "VAT", D("10.5")),),
)
KPLC = TariffRules(
    "KES",
    Blocks((Step(D("2.50"), 500), Step(D("13.68"), 15000), Step(D("21.57")))),
    energy_tax="vat",
    charges=(MonthlyCharge("fixed", "Fixed charge", 15000, "2016-01", "vat"),),
    levies=(
        Levy("fuel", "Fuel energy charge", "per_kwh", D("5.71"), tax="vat"),
        Levy("forex", "Forex adjustment", "per_kwh", D("0.17"), tax="vat"),
        Levy("warma", "WARMA levy", "per_kwh", D("0.05")),
        Levy("inflation", "Inflation adjustment", "per_kwh", D("0.18")),
        Levy("erc", "ERC levy", "per_kwh", D("0.03")),
        Levy("rep", "REP levy", "percent", D("5")),
    ),
    taxes=(Tax("vat", "VAT", D("16")),),
    units_rounding="nearest",
)


def test_centlec():
    quote = price_money(CENTLEC, MARCH, 9000, any_units)
    assert shown(quote) == {"energy": 7826, "vat": 1174}
    assert quote.tenths == 647
    assert quote.lines[0].rate == D("1.2090") and quote.lines[0].tenths == 647
    assert quote.lines[1].tax_rate == 15


def test_centlec_with_a_service_fee():
    quote = price_money(CENTLEC_WITH_FEE, MARCH, 9000, any_units)
    assert shown(quote) == {"service": 4000, "energy": 4348, "vat": 652}
    assert quote.tenths == 195


def test_bpc():
    quote = price_money(BPC, MARCH, 1000, any_units)
    assert shown(quote) == {"energy": 819, "standard": 43, "levy": 43, "vat": 95}
    assert quote.tenths == 96


def test_kplc_first_and_second_sale_of_the_month():
    first = price_money(KPLC, MARCH, 50000, any_units)
    assert shown(first) == {
        "fixed": 15000,
        "block_1": 8065,
        "fuel": 18420,
        "forex": 548,
        "warma": 161,
        "inflation": 581,
        "erc": 97,
        "rep": 403,
        "vat": 6725,
    }
    assert first.tenths == 323
    assert first.charges_paid == {"fixed": "2016-03"}
    second = price_money(KPLC, after(MARCH, first), 50000, any_units)
    assert second.tenths == 313
    assert [line.tenths for line in second.lines if line.kind == "energy"] == [177, 136]
    assert "fixed" not in shown(second)
    assert second.charges_paid == {}


def test_the_units_of_a_receipt_cost_what_was_tendered_or_less():
    for rules, tenths, most in ((CENTLEC, 647, 9000), (BPC, 96, 1000), (KPLC, 323, 50000)):
        quote = price_units(rules, MARCH, tenths, any_units)
        assert quote.tenths == tenths and quote.tendered <= most
        assert quote == price_money(rules, MARCH, quote.tendered, any_units)
