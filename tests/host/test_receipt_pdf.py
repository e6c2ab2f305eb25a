"""A receipt as PDF, read back."""

import io

import pytest
from escpos_kit import squeezed
from pypdf import PdfReader
from receipt_kit import TOKENS, receipt
from test_receipt_texts import LINES

from tjugo.station.receipts import fonts, pdf
from tjugo.station.receipts.model import Utility
from tjugo.station.receipts.texts import languages


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
