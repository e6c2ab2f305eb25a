"""A receipt as bytes of an ESC/POS printer, read back."""

import itertools

import pytest
from escpos_kit import read, squeezed
from hypothesis import given
from hypothesis import strategies as st
from receipt_kit import TOKENS, receipt

from tjugo.station.receipts import escpos, layout
from tjugo.station.receipts.model import Utility
from tjugo.station.receipts.profiles import PROFILES
from tjugo.station.receipts.render import cells, wrap
from tjugo.station.receipts.texts import languages


def printed(profile_name, shown=None, **options):
    """Return what a printer of a profile puts on paper."""
    profile = PROFILES[profile_name]
    data = escpos.encode(shown or receipt(), profile, **options)
    return read(data, {number: codec for codec, number in profile.pages})


ALL = [*itertools.product(PROFILES, languages())]


@pytest.mark.parametrize(("name", "language"), ALL)
def test_each_printer_prints_every_character_in_every_language(name, language):
    paper = printed(name, language=language, reprint=2)
    fit = escpos.fitted
    for element in layout.build(receipt(), language, 2):
        for name_of, value in vars(element).items():
            if isinstance(value, str) and name_of not in ("look", "data"):
                wanted = squeezed(fit(value, PROFILES[name]))
                assert wanted in squeezed(paper.text), value
    assert "?" not in paper.text
    columns = PROFILES[name].columns
    for line, _, _, size in paper.lines:
        assert len(line) * (2 if size else 1) <= columns


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("epson-80", "é ø ñ € ą ł Ж λ", "é ø ñ € ą ł Ж λ"),
        ("epson-80", "₦500 ƙɗɓ ŵ", "N500 kdb w"),
        ("generic-58", "é ø ñ € ą Ж ß", "é ø ñ € ą Ж ß"),
        ("generic-58", "ọ e\u0301 “x” – …", "o é “x” – …"),
        ("simple-58", "é ø ñ € ₵ Ж", "é o ñ EUR C Zh"),
        ("simple-58", "中", "Zhong"),
    ],
)
def test_characters_are_printed_or_transliterated(name, text, wanted):
    paper = printed(name, receipt(utility=Utility(text)))
    assert paper.lines[0][0] == wanted


def test_what_has_no_transliteration_is_an_underline():
    assert escpos.fitted("A\ue000", PROFILES["epson-80"]) == "A_"


def test_a_question_mark_that_was_typed_is_printed():
    assert printed("simple-58", receipt(utility=Utility("Quoi?"))).lines[0][0] == "Quoi?"


def test_the_page_is_changed_only_where_it_must_be():
    # ø is not in 437; é, which is in 437 and 850, needs no change back.
    assert printed("generic-58", receipt(utility=Utility("éøéé"))).pages[:2] == [0, 2]


def test_the_token_is_large_bold_and_centred():
    for name, per_line in (("epson-80", 24), ("generic-58", 14)):
        large = [line for line in printed(name).lines if line[3] == 0x11]
        assert all(line[1] == "centre" and line[2] for line in large)
        assert "".join(squeezed(line[0]) for line in large) == "".join(TOKENS)
        assert max(len(line[0]) for line in large) == per_line


def test_the_mark_of_a_reprint_is_large():
    assert ("REPRINT 2", "centre", True, 0x11) in printed("epson-80", reprint=2).lines


def test_the_code_has_the_tokens_in_order():
    assert printed("epson-80").codes == ["\n".join(TOKENS)]
    assert printed("epson-80").pictures == []


@pytest.mark.parametrize("name", [name for name in PROFILES if not PROFILES[name].qr])
def test_a_printer_without_codes_gets_a_picture_that_fits(name):
    one = receipt(tokens=receipt().tokens[2:])
    paper = printed(name, one)
    (picture,) = paper.pictures
    assert paper.codes == []
    assert 100 < len(picture) <= PROFILES[name].dots / 2
    # The finder pattern: 7 modules, after the quiet zone of 2.
    first = next(row for row in picture if "1" in row)
    quiet, dark = len(first) - len(first.lstrip("0")), len(first.lstrip("0").split("0")[0])
    assert dark * 2 == quiet * 7


def test_the_end_of_the_paper():
    assert printed("epson-80").cut
    assert not printed("generic-58").cut
    assert not printed("generic-58").kanji


def test_a_name_cannot_command_the_printer():
    paper = printed("epson-80", receipt(utility=Utility("A\x1b@\x1dV\x00\x10\x14B")))
    assert paper.lines[0][0] == "A @ V B"


@given(st.text(max_size=200), st.integers(2, 60))
def test_no_character_is_lost_at_a_break(text, width):
    text = layout.clean(text)
    lines = wrap(text, width)
    assert squeezed("".join(lines)) == squeezed(text)
    assert all(cells(line) <= width for line in lines)


@given(st.text(max_size=60), st.sampled_from(sorted(PROFILES)))
def test_any_name_is_printed_without_a_question_mark_that_was_not_typed(name, profile):
    paper = printed(profile, receipt(utility=Utility(name.replace("?", ""))))
    assert "?" not in paper.text
