"""Numbers and meter numbers as written: accepted values, and refusals with the reason."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sts_portable import pan
from tjugo import drn, money, numbers
from tjugo.errors import TjugoError
from tjugo.station.vending.purchase import parse_kwh


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("20", "20"),
        (" 7.5 ", "7.5"),
        ("7,5", "7.5"),
        ("12,50", "12.50"),
        ("0,500", "0.5"),
        ("1.5000", "1.5"),
        ("1234.500", "1234.5"),
        ("1234,500", "1234.5"),
        ("007", "7"),
    ],
)
def test_what_is_a_number(text, number):
    assert numbers.decimal(text) == Decimal(number)


REFUSED = [
    ("", "is missing"),
    ("1,500", "1,500 could be 1.5 or 1500: write 1500 or 1.5"),
    ("1.500", "1.500 could be 1.5 or 1500: write 1500 or 1.5"),
    ("20,125", "20,125 could be 20.1250 or 20125: write 20125 or 20.1250"),
    ("20.125", "20.125 could be 20.1250 or 20125: write 20125 or 20.1250"),
    ("5_0", "'5_0' has an underscore"),
    ("\u0665\u0660", "has digits other than 0 to 9"),
    ("\uff15", "has digits other than 0 to 9"),
    ("1e3", "'1e3' has an exponent"),
    ("1E+999999999", "has an exponent"),
    ("NaN", "'NaN' is not a finite number"),
    ("Infinity", "is not a finite number"),
    ("-5", "'-5' has a sign"),
    ("+5", "'+5' has a sign"),
    ("1 500", "has its digits in groups"),
    ("1'500", "has its digits in groups"),
    ("1,500.5", "has more than one separator"),
    ("1.000.000", "has more than one separator"),
    ("0x10", "is in hexadecimal"),
    (".5", "is not a number"),
    ("5.", "is not a number"),
    ("twenty", "is not a number"),
    ("9" * 13, "has too many digits"),
]


def test_three_decimals_are_an_amount_where_the_currency_has_them():
    assert money.parse("1.500", "KWD") == 1500
    with pytest.raises(TjugoError, match=r"The amount 1\.500 could be 1\.5 or 1500"):
        money.parse("1.500", "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("1,500", "UGX", "The amount 1,500 has its digits in groups: write 1500."),
        ("1.500", "UGX", "The amount 1.500 has its digits in groups: write 1500."),
        ("1,000", "UGX", "The amount 1,000 could be 1 or 1000: write 1000 or 1."),
        ("20,125", "EUR", "The amount 20,125 has its digits in groups: write 20125."),
        (
            "1.5",
            "UGX",
            "The amount 1.5 has more than the 0 decimals of UGX: write a whole number such as 20.",
        ),
        ("x", "UGX", "The amount 'x' is not a number: write a whole number such as 20."),
    ],
)
def test_only_what_is_accepted_is_advised(text, currency, sentence):
    with pytest.raises(TjugoError) as refused:
        money.parse(text, currency)
    assert refused.value.message == sentence


def test_tenths_of_a_kwh_are_advised():
    with pytest.raises(TjugoError, match=r"20,125 has its digits in groups: write 20125\."):
        parse_kwh("20,125")
    with pytest.raises(TjugoError, match=r"write 1500 or 1\.5\."):
        parse_kwh("1,500")


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_refused_is_named(text, words):
    with pytest.raises(numbers.NotANumber) as refused:
        numbers.decimal(text)
    assert words in str(refused.value)
    with pytest.raises(numbers.NotANumber):
        numbers.whole(text)


def test_a_sentence_has_a_name_and_what_to_write():
    for text, sentence in (
        ("x", "The amount 'x' is not a number: write a number such as 20 or 7.5."),
        ("1,500", "The amount 1,500 could be 1.5 or 1500: write 1500 or 1.5."),
    ):
        with pytest.raises(numbers.NotANumber) as refused:
            numbers.decimal(text)
        assert refused.value.sentence("The amount") == sentence


def test_styles_of_files():
    with pytest.raises(numbers.NotANumber, match=r"has a comma: write 7\.5"):
        numbers.decimal("7,5", numbers.COMMA_FILE)
    for style in (numbers.COMMA_FILE, numbers.SEMICOLON_FILE, numbers.PEOPLE):
        with pytest.raises(numbers.NotANumber) as refused:
            numbers.decimal("1,500", style)
        assert str(refused.value) == "1,500 could be 1.5 or 1500: write 1500 or 1.5"
    assert numbers.decimal("1.500", numbers.COMMA_FILE) == Decimal("1.5")
    assert numbers.decimal("12,5", numbers.SEMICOLON_FILE) == Decimal("12.5")
    assert numbers.decimal("12.5", numbers.SEMICOLON_FILE) == Decimal("12.5")
    with pytest.raises(numbers.NotANumber, match=r"could be 1\.5 or 1500"):
        numbers.decimal("1.500", numbers.SEMICOLON_FILE)


@given(st.integers(0, 10**9), st.integers(0, 9))
def test_any_amount_in_tenths_is_read_exactly(whole, tenth):
    for mark in ".,":
        assert numbers.decimal(f"{whole}{mark}{tenth}") == Decimal(10 * whole + tenth) / 10


@given(st.text(max_size=12))
def test_any_text_is_a_plain_number_or_is_refused(text):
    try:
        number = numbers.decimal(text)
    except numbers.NotANumber as error:
        assert str(error)
        return
    assert text.strip().isascii() and set(text.strip()) <= set("0123456789.,")
    assert number == Decimal(text.strip().replace(",", "."))


@pytest.mark.parametrize("value", [True, None, [], {}, float("nan"), float("inf"), 1e30, "1,500"])
def test_what_json_may_not_have(value):
    with pytest.raises(numbers.NotANumber):
        numbers.json_decimal(value)
    with pytest.raises(numbers.NotANumber):
        numbers.json_whole(value)


def test_what_json_may_have():
    assert numbers.json_decimal(20.5) == numbers.json_decimal("20,5") == Decimal("20.5")
    assert numbers.json_decimal(1.125) == numbers.json_decimal("1.125") == Decimal("1.125")
    assert numbers.json_whole("07") == numbers.json_whole(7) == 7
    assert numbers.any_base("0x1F") == 31 and numbers.any_base("31") == 31
    with pytest.raises(numbers.NotANumber):
        numbers.any_base("1_0")


LONG = "0012345678903"


def test_which_drns_a_number_can_be():
    assert drn.readings(LONG) == (LONG,)
    assert drn.readings("12345678903") == ("12345678903", LONG)
    one_lost = pan.with_check("010000000001")
    assert drn.readings(one_lost[1:]) == (one_lost,)
    assert drn.readings("0100-0000 016") == ("01000000016", "0001000000016")
    assert drn.readings("1000000016") == ("01000000016", "0001000000016")
    for wrong in ("", "12345678904", "1" * 14, "\u0661" * 11):
        with pytest.raises(pan.PanError):
            drn.readings(wrong)


def test_a_wrong_check_digit_is_not_corrected():
    """The last digit that would fit is the number of another meter."""
    with pytest.raises(pan.PanError) as refused:
        drn.readings("12345678904")
    assert str(refused.value) == (
        "meter number 12345678904 has a wrong check digit: compare all its digits"
    )
