"""Number formats of spreadsheets: an import reads what a person sees."""

import io
import re
from decimal import Decimal

import openpyxl
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from station_kit import see

from tjugo.station.registry.imports import formats
from tjugo.station.registry.imports.service import Options, run
from tjugo.station.registry.imports.sheet import NUMBER, WRONG, Cell, read
from tjugo.station.storage.tables import Debt

SHOWN = [
    # percentages
    (0.2, "0%", "20%"),
    (0.125, "0.0%", "12.5%"),
    (0.125, "0%", "12.5%"),
    (0.07, "0.00\\ %", "7%"),
    (1, "0%", "100%"),
    (20, '0"%"', "20%"),
    (20, "0\\%", "20%"),
    (0.2, "[Red]0%;[Blue]-0%;0%", "20%"),
    # currencies
    (12.5, '#,##0.00\\ "€"', "12.5 €"),
    (12.5, "[$€-2] #,##0.00", "12.5 €"),
    (1500, "[$KES-409]\\ #,##0", "1500 KES"),
    (1500, '"$"#,##0_);("$"#,##0)', "1500 $"),
    (-3, '"$"#,##0_);("$"#,##0)', "-3 $"),
    (12.5, '_-* #,##0.00\\ _€_-;-* #,##0.00\\ _€_-;_-* "-"??\\ _€_-;_-@_-', "12.5"),
    (25, '0" KWH"', "25"),
    # digits
    (1000000015, "00000000000", "01000000015"),
    (1000000015, "00000000000_)", "01000000015"),
    (1000000015, "0000\\ 0000\\ 000", "01000000015"),
    (712345678, "\\0#########", "0712345678"),
    (712345678, '"+255 "000\\ 000\\ 000', "+255712345678"),
    (712345678, "+255000000000", "+255712345678"),
    (712, "000-00", "00712"),
    (12345678, "00-00", "12345678"),
    (5551234, "[<=9999999]###-####;(###) ###-####", "5551234"),
    (2125551234, "[<=9999999]###-####;(###) ###-####", "2125551234"),
    (77, "[>=100]00000;[<100]000", "077"),
    # formats that change nothing
    (1500.5, "General", "1500.5"),
    (1500.5, "#,##0", "1500.5"),
    (1500, "#\\ ##0", "1500"),
    (1500, "#,##0.00", "1500"),
    (0.5, "# ?/?", "0.5"),
    (0.5, "# ?/16", "0.5"),
    (1000000015, "0.00E+00", "1000000015"),
    (0, '0;-0;"-"', "0"),
    (7, ";;;", "7"),
]


@pytest.mark.parametrize(("value", "form", "text"), SHOWN)
def test_a_number_is_read_as_it_is_shown(value, form, text):
    assert read(book(("a", "b"), (1, value), form={"B2": form})).rows[1][1][1] == Cell(
        text, NUMBER
    )


@pytest.mark.parametrize("form", ["#,##0,", '0.0,,"M"', '#,##0,"k"', "0,.0"])
def test_a_number_that_is_shown_in_thousands_is_refused(form):
    found = read(book(("a", "b"), (1, 1500000), form={"B2": form})).rows[1][1][1]
    assert found.kind == WRONG and "in thousands" in found.text


@settings(max_examples=examples(200), deadline=None)
@given(st.text(max_size=12), st.text(alphabet='0#?,.%;"\\[]$<>=-EUR_*€ 19', max_size=16))
def test_any_format_is_read(one, two):
    for form in (one, two):
        for value in (Decimal("0.2"), Decimal(0), Decimal(-7), Decimal(10) ** 14):
            found = formats.shown(value, form)
            literal = re.search("[1-9]", form)  # may stand between the digits of the number
            if found and "%" not in found and value == int(value) and not literal:
                assert str(abs(int(value))) in found


def book(*rows, form):
    page = (workbook := openpyxl.Workbook()).active
    for row in rows:
        page.append(row)
    for cell, shown in form.items():
        page[cell].number_format = shown
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


HEAD = ("account", "name", "debt", "recovery")


def imported(station, row, **form):
    content = book(HEAD, row, form=form)
    report = run(station, "test", "f.xlsx", content, Options())
    return [text for problem in report.problems for text in problem.sentences]


@pytest.mark.parametrize(
    ("value", "form", "stored"),
    [
        (0.2, "0%", ("percent", 2000)),
        (0.125, "0.0%", ("percent", 1250)),
        (1, "0%", ("percent", 10000)),
        (0.00125, "0.000%", None),
        (20, '0"%"', ("percent", 2000)),
        (0.2, "General", ("amount", 20)),
        (0.2, '0.00\\ "€"', ("amount", 20)),
        (0.2, "[$EUR]\\ 0.00", ("amount", 20)),
    ],
)
def test_the_recovery_of_a_debt_is_what_the_cell_shows(station, value, form, stored):
    wrong = imported(station, ("A1", "Ada", 50, value), D2=form)
    if stored is None:
        assert wrong and "must be above 0 % and up to 100 %" in wrong[0]
        return
    assert wrong == []
    debt = see(station, lambda view: view.session.get_one(Debt, (1, "A1", 1)))
    assert (debt.rule, debt.rate) == stored


def test_an_amount_of_another_currency_or_a_share_is_no_amount(station):
    for form, words in (
        ("[$USD]\\ 0.00", "'50 USD' is not in EUR"),
        ('"$"#,##0.00', "'50 $' is not in EUR"),
        ("0%", "'5000%' is not a number"),
        ("#,##0,", "is shown in thousands"),
    ):
        (wrong,) = imported(station, ("A1", "Ada", 50, "20%"), C2=form)
        assert words in wrong, form
    assert imported(station, ("A1", "Ada", "50 €", "20%")) == []
