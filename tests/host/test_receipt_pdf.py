"""A receipt as PDF, read back."""

import io
import re
from decimal import Decimal

import pytest
from escpos_kit import squeezed
from pypdf import PdfReader
from receipt_kit import TOKENS, receipt
from test_receipt_texts import LINES

from tjugo.station.receipts import fonts, pdf
from tjugo.station.receipts.amounts import Amounts
from tjugo.station.receipts.model import Line, Tender, Token, Utility
from tjugo.station.receipts.texts import labels, languages


def pages(data):
    """Return the text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]


@pytest.mark.parametrize("paper", sorted(pdf.PAPERS))
def test_every_line_is_on_one_page_of_the_size(paper):
    data = pdf.make(receipt(), paper, reprint=2)
    (printed,) = pages(data)
    for line in [*LINES, "REPRINT 2", *TOKENS]:
        # A label and its amount are read as two pieces, in this order.
        for word in line.split():
            assert word in squeezed(printed), line
    (page,) = PdfReader(io.BytesIO(data)).pages
    size = [round(float(side) / 72 * 25.4) for side in page.mediabox.upper_right]
    assert size == {"a4": [210, 297], "a6": [105, 148]}[paper]


@pytest.mark.parametrize("language", languages())
def test_every_language_is_in_the_font(language, caplog):
    shown = receipt(
        language=language,
        utility=Utility("Sociétéøñ ₦500 ₵ ƙɗɓ Ọ Ж λ", "中 tower"),
    )
    (printed,) = pages(pdf.make(shown, "a6"))
    for name in ("Sociétéøñ", "₦500", "₵", "ƙɗɓ", "Ọ", "Ж", "λ", "Zhong", "tower"):
        assert name in printed
    assert not caplog.records  # the library logs each character without a glyph


def test_a_long_receipt_goes_on_a_second_page():
    first, *others = pages(pdf.make(receipt(tokens=receipt().tokens * 5), "a6"))
    assert "1 / 2" in first or "1 / 3" in first
    assert "Change" in others[-1]


def test_a_void_receipt_has_no_token():
    (printed,) = pages(pdf.make(receipt(), voided=True))
    assert "VOID" in printed
    assert not any(token[:4] in printed for token in TOKENS)


def test_what_the_font_does_not_have_is_transliterated():
    assert fonts.fitted("é₦中") == "é₦Zhong"


AMOUNTS = (150050, 123456789, 99)


def large(language):
    """Return a receipt with amounts that are grouped, and energy that is."""
    lines = [Line("fee", str(number), "Fee", one) for number, one in enumerate(AMOUNTS)]
    lines.append(Line("energy", "a", "Energy", 250075, True, 123455, Decimal("1234.5678")))
    return receipt(
        language=language,
        currency="NGN",
        outlet="main",
        outlet_name=None,
        lines=tuple(lines),
        tokens=(Token("credit", TOKENS[0], 123455),),
        tendered=(Tender("cash", 150050),),
        change=0,
    )


# U+202F between groups in French, U+00A0 in en-ZA, U+2019 in de-CH, nothing below 10 000 in
# Spanish and pt-PT.
@pytest.mark.parametrize("paper", sorted(pdf.PAPERS))
@pytest.mark.parametrize("language", [*languages(), "fr-CH", "de-CH", "de-AT", "en-ZA", "pt-PT"])
def test_every_amount_is_as_on_the_screen(language, paper, caplog):
    shown = large(language)
    (printed,) = pages(pdf.make(shown, paper))
    amounts = Amounts(language, "NGN", "UTC")
    wanted = [amounts.bare(one) for one in (*AMOUNTS, 250075)]
    wanted += [
        amounts.kwh(123455),
        amounts.money(sum(AMOUNTS) + 250075),
        amounts.rate(Decimal("1234.5678")),
    ]
    for amount in wanted:
        assert re.sub(r"\s", " ", amount) in re.sub(r"[^\S\n]", " ", printed)
    assert not caplog.records  # the library logs each character without a glyph
    # Each label is apart from its value.
    words = labels(language)
    for key, value in (("outlet", "main"), ("operator", "ama"), ("account", "000123")):
        assert re.search(rf"{re.escape(words[key])}\s+{value}", printed), key


def test_every_space_of_a_language_is_one_that_readers_know():
    assert fonts.fitted("1\u202f500\u00a0x\u2009y z") == "1\u00a0500\u00a0x\u00a0y z"
