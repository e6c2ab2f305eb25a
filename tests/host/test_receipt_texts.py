"""The languages of a receipt, and the lines that must be on one."""

import re
import string

import pytest
from escpos_kit import squeezed
from receipt_kit import TOKENS, receipt

from tjugo.station import names
from tjugo.station.receipts import layout, model
from tjugo.station.receipts.elements import MARK, Text
from tjugo.station.receipts.render import text
from tjugo.station.receipts.texts import DEFAULT, labels, languages

WANTED = {"en", "fr", "pt", "es", "sw", "de"}


def test_the_languages_are_there():
    assert set(languages()) >= WANTED


@pytest.mark.parametrize("language", sorted(WANTED))
def test_every_language_has_every_label_and_the_same_fields(language):
    own, first = labels(language), labels(DEFAULT)
    assert own.keys() == first.keys()
    for key, label in own.items():
        assert label.strip(), key
        fields = [name for _, name, _, _ in string.Formatter().parse(label) if name]
        assert fields == [n for _, n, _, _ in string.Formatter().parse(first[key]) if n], key


@pytest.mark.parametrize("language", sorted(WANTED))
def test_every_kind_has_a_label(language):
    own = labels(language)
    assert all(f"title.{kind}" in own for kind in model.KINDS)
    assert all(f"means.{means}" in own for means in model.MEANS)
    kinds = {kind.rstrip("_1234") for kind in model.TOKEN_KINDS}
    assert all(f"token.{kind}" in own for kind in kinds)


@pytest.mark.parametrize(
    ("language", "title"),
    [("fr-CI", "FACTURE"), ("pt_BR", "FATURA"), ("xx", "INVOICE"), ("", "INVOICE"), ("?", "INV")],
)
def test_a_region_falls_back_to_its_language_and_the_unknown_to_english(language, title):
    assert title in text(receipt(language=language), 48)


# Everything that a receipt must show, of the sample of receipt_kit.
LINES = [
    *("Société d'Énergie de Grand-Bassam", "12 Rue du Phare", "Tax no. CI-4410-338"),
    *("CREDIT VEND - TAX INVOICE", "Receipt no. 1042", "Nov 27, 2026, 1:30:05 AM"),
    *("Outlet KIOSK-1 Marché Treichville", "Terminal T2", "Operator ama"),
    *("Customer Søren Núñez-Ọbáfẹ́mi", "Account 000123", "Address 7 Allée des Cocotiers"),
    *("Meter no. 01000000016", "SGC 600727", "KRN 1", "TI 07", "EA 07", "TT 02"),
    *("Tariff Domestic blocks", "Enter the tokens in this order"),
    *("1. Key change 1", "2. Key change 2", "3. Credit token 85.0 kWh"),
    *("Units 85.0 kWh", "Cost of units 19.50", "50.0 kWh @ 0.25 12.50"),
    *("20.0 kWh @ 0.35 7.00", "Free units 15.0 kWh", "Fixed charge 1.50"),
    *("Rural electrification 0.98", "VAT 18% 3.78", "Connection loan 5.00"),
    *("Balance left 119.50", "Rounding -0.01", "Total €30.75", "Cash 30.00"),
    *("Mobile money MP-77120 10.00", "Tendered 40.00", "Change 9.25"),
    *("Thank you. Save electricity: switch off what you do not use.",),
    "Help +225 27 21 30 00 00",
]


@pytest.mark.parametrize("width", [24, 32, 42, 48])
def test_every_line_is_on_the_receipt_at_every_width(width):
    printed = text(receipt(), width)
    assert all(len(line) <= width + 1 for line in printed.splitlines())  # one combining mark
    for line in LINES:
        assert squeezed(line) in squeezed(printed), line


def test_the_tokens_are_in_the_order_of_entry_in_five_groups():
    printed = text(receipt(), 48)
    places = [printed.index(" ".join(t[i : i + 4] for i in range(0, 20, 4))) for t in TOKENS]
    assert places == sorted(places)


def test_the_marks():
    printed = text(receipt(), 48)
    assert not any(mark in printed for mark in ("REPRINT", "COPY", "VOID", "TRIAL"))
    assert "REPRINT 3" in text(receipt(), 48, reprint=3)
    assert "COPY" in text(receipt(), 48, reprint=None)
    assert "TRIAL - NOT A RECEIPT" in text(receipt(number=None, tokens=()), 48)


def test_a_void_receipt_shows_no_token():
    elements = layout.build(receipt(), voided=True)
    assert Text("VOID", MARK) in elements
    shown = squeezed(str(elements))
    assert not any(token[:8] in shown for token in TOKENS)


def test_a_single_token_has_no_number_and_no_order():
    one = receipt(tokens=receipt().tokens[2:])
    assert "order" not in text(one, 48)
    assert "3. " not in text(one, 48)


def test_parts_that_are_unknown_are_left_out():
    bare = receipt(
        customer=None, meter=None, lines=(), tokens=(), tendered=(), text=None, terminal=None
    )
    printed = text(bare, 48)
    for label in ("Customer", "Meter", "Total", "Terminal", "None", "Scan"):
        assert label not in printed


def test_another_currency_language_and_zone():
    uganda = receipt(currency="UGX", language="sw", time_zone="Nowhere/Land", change=925)
    printed = text(uganda, 48)
    assert "UGX" in printed
    assert "925" in printed
    assert "22:30:05 UTC" in printed


def test_commands_in_a_name_are_left_out():
    assert layout.clean("A\x1b@B\x00\nC\u202eD\u00a0E\ud800") == "A @B CD E"


OTHERS = ("cli:root", "local", "bench", "station", "nobody", "op:ama", "api:shop", "who")


@pytest.mark.parametrize("language", sorted(WANTED))
def test_who_sold_is_in_the_language_of_the_receipt(language):
    own, first = labels(language), labels(DEFAULT)
    for actor in OTHERS:
        shown = text(receipt(language=language, operator=actor), 80)
        english = names.shown(actor, {})
        key = f"operator.{actor.partition(':')[0]}"
        wanted = own[key].format(name="root") if key in own else english
        assert re.search(rf"{own['operator']}:? +{re.escape(wanted)}\n", shown)
        if key in own:
            assert first[key].format(name="root") == english
            assert (wanted == english) == (language == DEFAULT)
    # The name of an operator is no word of a language.
    shown = text(receipt(language=language, operator="op:x", operator_name="local"), 80)
    assert re.search(r" local\n", shown)
