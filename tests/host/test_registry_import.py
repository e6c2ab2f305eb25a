"""Import of customers, meters, links and balances: what spreadsheets do to a file, mapping, and
the report of each row."""

import io
from datetime import datetime

import openpyxl
import pytest
from station_kit import Clock, do, drn, new_station, see

from sts_portable import pan
from tjugo.errors import TjugoError
from tjugo.station.audit import chain
from tjugo.station.ledger import balances
from tjugo.station.registry import customers, find, history, search, sites, views
from tjugo.station.registry.imports.service import Options, run
from tjugo.station.storage.tables import Debt

AUTO = drn(11)


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as station:
        yield station


@pytest.fixture
def both(tmp_path, database):
    """Return a station on either database."""
    with new_station(tmp_path / "state", Clock(), database()) as station:
        yield station


def lines(*rows, separator=",", end="\r\n"):
    return end.join(separator.join(row) if isinstance(row, tuple) else row for row in rows)


def imported(station, content, **options):
    content = content.encode() if isinstance(content, str) else content
    return run(station, "test", "f.csv", content, Options(**options))


def problems(report):
    return {row.row: row.sentences for row in report.problems}


def book(*rows, forms=()):
    page = (workbook := openpyxl.Workbook()).active
    for row in rows:
        page.append(row)
    for cell, form in forms:
        page[cell].number_format = form
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def test_a_row_makes_customer_meter_link_and_balance(both):
    head = ("Account", "Name", "Téléphone", "N° compteur", "Adresse", "Arriérés", "Recovery")
    row = ("00077", "José", "0772 1", AUTO, "Rue 1", "12.50", "20%")
    report = imported(both, lines(head, row))
    assert (report.rows, report.imported, problems(report)) == (1, 1, {})
    meter = see(both, views.find_meter, AUTO)
    assert (meter.customer.account_no, meter.customer.name) == ("00077", "José")
    assert see(both, balances.balance, "debt", "00077/1") == 1250
    with both.view() as view:
        debt = view.session.get_one(Debt, (1, "00077", 1))
        assert (debt.rule, debt.rate, debt.kind) == ("percent", 2000, "arrears")
    assert see(both, search.verify) == []
    assert [f.drn for f in see(both, find.find, "jose rue")] == [AUTO]
    assert see(both, chain.verify)[1] == []


FORMS = {
    "comma": lambda rows: lines(*rows).encode(),
    "semicolon": lambda rows: lines(*rows, separator=";").encode("utf-8-sig"),
    "tab": lambda rows: lines(*rows, separator="\t", end="\n").encode("utf-16"),
    "utf-16 without mark": lambda rows: lines(*rows, separator="\t").encode("utf-16-le"),
    "windows": lambda rows: lines(*rows, separator=";").encode("windows-1252"),
    "sep": lambda rows: lines("sep=;", *rows, separator=";").encode(),
    "blank": lambda rows: lines("", *((*row, "", " ") for row in rows), ",,,,", "", " ").encode(),
    "title": lambda rows: lines("Our customers", "", *rows).encode(),
    "xlsx": lambda rows: book(*rows, (), (None, "")),
}


@pytest.mark.parametrize("form", FORMS)
def test_files_as_programs_write_them(station, form):
    rows = (("Compte", "Nom", "Compteur"), ("A-1", "Zoë Müller", AUTO))
    report = imported(station, FORMS[form](rows))
    assert (report.imported, problems(report)) == (1, {})
    assert see(station, views.find_customer, "A-1").name == "Zoë Müller"
    assert see(station, views.find_meter, AUTO).customer.account_no == "A-1"


@pytest.mark.parametrize(
    "text",
    [
        *(AUTO, AUTO.lstrip("0"), f"{AUTO.lstrip('0')}.0", f"'{AUTO}", f"{AUTO[:4]} {AUTO[4:]}"),
        *(f"{AUTO[:4]}\u00a0{AUTO[4:]}", pan.pan_from_drn(AUTO)),
        f"{AUTO[1]}.{AUTO[2:]}E+09",
    ],
)
def test_a_meter_number_survives(station, text):
    report = imported(station, lines(("meter", "name"), (text, "Ada")))
    assert problems(report) == {}
    assert see(station, views.find_meter, AUTO).customer.name == "Ada"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "1.00000011E+09",
            "Meter '1.00000011E+09' has lost digits as a number: format the column",
        ),
        ("01000000015", "Meter: Meter number 01000000015 has a wrong check digit"),
        ("12345678901234567890", "digits"),
        ("#N/A", "Meter"),
        ("0", "is not the number of a meter"),
    ],
)
def test_a_meter_number_that_does_not_survive_is_refused(station, text, sentence):
    report = imported(station, lines(("meter", "name"), (text, "Ada")))
    ((_, (found, *_)),) = problems(report).items()
    assert sentence in found
    assert not report.written


def test_cells_of_a_workbook(station):
    """Numbers as quantities, a format of zeros, a number of 16 digits, dates, an apostrophe."""
    head = ("account", "name", "phone", "meter", "since", "debt", "recovery", "id number")
    first = (12, "Ada", 772123456, int(AUTO), datetime(2025, 3, 4), 12.1 * 3, "5%", "'0012")
    other = (13.0, "Ben", "'+256 7", float(drn(12)), "31/12/2024", 5, 2.5, 600727010000000169)
    report = imported(station, book(head, first, other, forms=[("A2", "00000")]))
    assert problems(report) == {
        3: [
            "Id number lost its last digits as a number: format the column as text, "
            "write it again."
        ]
    }
    report = imported(station, book(head, first, (*other[:-1], 1), forms=[("A2", "00000")]))
    assert problems(report) == {}
    ada, ben = (see(station, views.find_customer, number) for number in ("00012", "13"))
    assert (ada.meters, ada.phone, ada.id_no) == ([AUTO], "772123456", "0012")
    assert (ben.meters, ben.phone, ben.id_no) == ([drn(12)], "+256 7", "1")
    assert see(station, balances.balance, "debt", "00012/1") == 3630
    since = [
        see(station, history.meter_history, number).links[0].since for number in (AUTO, drn(12))
    ]
    assert since == ["2025-03-04T00:00:00Z", "2024-12-31T00:00:00Z"]


def test_a_formula_without_a_saved_value_and_one_with_an_error(station):
    content = book(("name", "meter"), ("=A1", AUTO), ("#N/A", drn(12)))
    assert problems(imported(station, content)) == {
        2: ["Name is a formula without a saved value: open the file and save it once."],
        3: ["Name is the error #N/A of a formula."],
    }


@pytest.mark.parametrize("content", [b"", b"\0\1\2\3\4", b"PK\3\4 no zip", b"\xd0\xcf\x11\xe0"])
def test_what_is_no_file_of_rows(station, content):
    with pytest.raises(TjugoError) as caught:
        imported(station, content)
    assert caught.value.code in ("file_invalid", "mapping_invalid")


DATES = [
    (("22/11/2025",), "2025-11-22"),
    (("22.11.25",), "2025-11-22"),
    (("2025-11-22",), "2025-11-22"),
    (("2025/11/22",), "2025-11-22"),
    (("22 Nov 2025",), "2025-11-22"),
    (("22 novembre 2025",), "2025-11-22"),
    (("22-dez-25",), "2025-12-22"),
    (("45983",), "2025-11-22"),
    (("3/3/2025",), "2025-03-03"),
    (("03/04/2025", "22/11/2024"), "2025-04-03"),
    (("03/04/2025", "11/22/2024"), "2025-03-04"),
]


@pytest.mark.parametrize(("dates", "day"), DATES)
def test_dates_in_several_forms(station, dates, day):
    rows = [(drn(20 + n), f"N{n}", date) for n, date in enumerate(dates)]
    report = imported(station, lines(("meter", "name", "since"), *rows))
    assert problems(report) == {}
    assert see(station, history.meter_history, drn(20)).links[0].since[:10] == day


def test_a_date_with_two_readings_is_refused_unless_the_order_is_given(station):
    content = lines(("meter", "name", "since"), (AUTO, "Ada", "03/04/2025"))
    assert problems(imported(station, content)) == {
        2: ["Since '03/04/2025' can be 3 April or 4 March: give the order of days and months."]
    }
    assert imported(station, content, dates="mdy").written
    assert see(station, history.meter_history, AUTO).links[0].since[:10] == "2025-03-04"


@pytest.mark.parametrize("text", ["31/02/2025", "yesterday", "2027-01-01", "99/99/9999"])
def test_dates_that_are_refused(station, text):
    report = imported(station, lines(("meter", "name", "since"), (AUTO, "Ada", text)))
    assert list(problems(report)) == [2]


@pytest.mark.parametrize(
    ("text", "separator", "cents"),
    [
        ("12,50", ";", 1250),
        ("12.50", ",", 1250),
        ('"12,50"', "\t", 1250),
        ("EUR 12", ",", 1200),
        ("1.500", ";", "could be 1.5 or 1500"),
        ('"1,500"', ",", "could be 1.5 or 1500"),
        ("5_0", ",", "has an underscore"),
        ("-5", ",", "has a sign"),
        ("1.005", ",", "more than the 2 decimals"),
    ],
)
def test_amounts(station, text, separator, cents):
    head = ("account", "name", "credit")
    report = imported(station, lines(head, ("A1", "Ada", text), separator=separator))
    if isinstance(cents, int):
        assert problems(report) == {}
        assert see(station, balances.balance, "customer_credit", "A1") == -cents
        assert see(station, balances.balance, "opening", "") == cents
    else:
        ((_, (found,)),) = problems(report).items()
        assert found.startswith("Credit ") and cents in found


def test_the_columns_can_be_mapped_and_set(station):
    content = lines(("Numéro", "Wer", "X", "Colour"), (AUTO, "Ada", "9", "red"))
    report = imported(station, content, columns=[("name", "wer"), ("category", "D")])
    assert report.columns == {"name": "Wer", "category": "Colour", "drn": "Numéro"}
    assert report.ignored == ["X"]
    report = imported(
        station,
        lines(("Numéro", "name"), (drn(12), "Ben")),
        columns=[("meter", "Numéro")],
        values={"sgc": "123456", "dkga": "02", "category": "home"},
    )
    meter = see(station, views.find_meter, drn(12))
    assert (meter.sgc, meter.dkga) == ("123456", "02")
    assert see(station, views.find_customer, meter.customer.account_no).category == "home"


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("a,b\r\n1,2", {}, "No column is recognised: a, b"),
        ("name,client\r\n1,2", {}, "'name' and 'client' are both the name"),
        ("name\r\n1", {"columns": [("colour", "name")]}, "There is no field 'colour'"),
        ("name\r\n1", {"columns": [("meter", "Zahl")]}, "has no column 'Zahl'"),
        ("name\r\n1", {"dates": "ymd"}, "dmy or mdy"),
    ],
)
def test_mappings_that_cannot_be(station, content, options, sentence):
    with pytest.raises(TjugoError, match=sentence) as caught:
        imported(station, content, **options)
    assert caught.value.code == "mapping_invalid"


def thousand():
    """Return a file of 1,000 rows, of which 501, 700 and 1001 (by the file's count) are broken."""
    rows = [(f"A{n}", f"Customer {n}", drn(1000 + n), "home") for n in range(1000)]
    rows[499] = ("A499", "", drn(1499), "home" * 20)
    rows[698] = ("A698", "Customer 698", "12345", "home")
    rows[999] = ("A999", "Customer 999", drn(1000), "home")
    return lines(("account", "name", "meter", "category"), *rows)


BROKEN = {
    501: ["The category is longer than 40 characters.", "There is no account A499, and the row"],
    700: ["Meter: Meter number 12345 has a wrong check digit: compare all its digits."],
    1001: ["Meter 01000010004 serves another account at that time in row 2."],
}


def test_three_broken_rows_of_a_thousand(both):
    for options, count in (
        ({"dry_run": True}, 0),
        ({}, 0),
        ({"dry_run": True, "by_row": True}, 0),
        ({"by_row": True}, 997),
    ):
        report = imported(both, thousand(), **options)
        found = problems(report)
        assert list(found) == [501, 700, 1001]
        assert report.imported == (997 if "by_row" in options else 0)
        assert len(see(both, find.find, "customer", limit=100)) == (100 if count else 0)
        with both.view() as view:
            assert customers.last_account(view) == 0
    assert see(both, search.verify) == []
    assert see(both, views.find_meter, drn(1000)).customer.account_no == "A0"


def test_all_problems_of_a_row_are_reported(station):
    head = ("account", "name", "phone", "meter", "email", "debt", "sgc")
    row = ("A 1", "Ada", "1" * 41, "12", "nobody", "x", "9999999")
    report = imported(station, lines(head, row))
    ((number, sentences),) = problems(report).items()
    assert number == 2
    assert len(sentences) == 6


QUOTE_AT_FAULT = [
    'A2,"Bad quote,0772',
    'A2,"Bad quote,"Rue 1"',
    'A2,"Bad" quote,0772',
    '"A2","Bad quote, ""x,0772',
]


@pytest.mark.parametrize("row", QUOTE_AT_FAULT)
def test_a_quote_that_is_not_closed_swallows_no_rows(station, row):
    others = [(f"A{n}", f"Ada {n}", "0772") for n in range(3, 9)]
    content = lines(("account", "name", "phone"), ("A1", '"Ada, Obi"', "0"), row, *others)
    report = imported(station, content, by_row=True)
    assert (report.rows, report.imported) == (8, 7)
    ((number, (sentence,)),) = problems(report).items()
    assert number == 3 and "is not closed" in sentence
    assert see(station, views.find_customer, "A8").name == "Ada 8"
    assert see(station, views.find_customer, "A1").name == "Ada, Obi"


def test_a_quote_that_a_later_row_closes_swallows_no_rows(station):
    content = lines("account,name,phone", "A1,Ada,0", 'A2,"Ben,1', 'A3,Cyd,2"', "A4,Dan,3")
    report = imported(station, content)
    assert (report.rows, report.imported) == (4, 0)
    assert list(problems(report)) == [3]


def test_a_value_may_have_lines(station):
    content = lines("account,name,address,phone", 'A1,Ada,"1 Rue, Haut\nGulu",0', "A2,Ben,,1")
    report = imported(station, content)
    assert (report.imported, problems(report)) == (2, {})
    assert see(station, views.find_customer, "A1").address == "1 Rue, Haut, Gulu"


def test_a_row_that_needs_a_broken_row_is_left_out_with_it(station):
    content = lines(
        ("account", "name", "email", "meter"),
        ("A1", "Ada", "no mail", ""),
        ("A1", "", "", drn(1)),
        ("A2", "Ben", "", drn(2)),
    )
    report = imported(station, content, by_row=True)
    assert problems(report) == {
        2: ["'no mail' is not an e-mail address."],
        3: ["There is no account A1, and the row has no name for it."],
    }
    assert see(station, views.find_meter, drn(2)).customer.account_no == "A2"
    assert see(station, views.find_meter, drn(1)).customer is None


def test_a_file_that_is_imported_again_changes_nothing(station):
    content = lines(
        ("account", "name", "meter", "debt", "recovery", "credit"),
        ("A1", "Ada", drn(1), "", "", ""),
        ("A2", "Ben", drn(2), "5", "1", "2"),
    )
    assert imported(station, content).counts["links"] == 2
    report = imported(station, content, by_row=True)
    assert (report.imported, report.counts["unchanged"]) == (1, 1)
    assert problems(report) == {
        3: [
            "Account A2 has the debt 'Opening balance' already.",
            "Account A2 has an opening credit already.",
        ]
    }
    assert see(station, balances.balance, "debt", "A2/1") == 500


def test_what_differs_is_refused_or_changed(both):
    imported(both, lines(("account", "name", "meter"), ("A1", "Ada", drn(1)), ("A2", "Ben", "")))
    changed = lines(("account", "name", "meter", "status"), ("A2", "Benjamin", drn(1), "blocked"))
    assert problems(imported(both, changed)) == {
        2: [
            "Account A2 is registered already with another name.",
            f"Meter {drn(1)} is registered already with another status.",
        ]
    }
    assert problems(imported(both, lines(("account", "meter"), ("A2", drn(1))))) == {
        2: [f"Meter {drn(1)} serves account A1 already."]
    }
    assert imported(both, changed, update=True).written
    meter = see(both, views.find_meter, drn(1))
    assert (meter.customer.name, meter.status) == ("Benjamin", "blocked")
    past = see(both, history.meter_history, drn(1))
    assert [link.account_no for link in past.links] == ["A1", "A2"]
    assert past.links[0].until == past.links[1].since
    assert see(both, search.verify) == []
    other_key = lines(("meter", "krn", "sgc"), (drn(1), "1", "123456"))
    assert problems(imported(both, other_key, update=True)) == {
        2: [f"Meter {drn(1)} is registered already with another SGC."]
    }


@pytest.mark.parametrize(("number", "update"), [(9, False), (1, True)])
def test_a_name_that_no_collector_can_have_is_a_problem_of_its_row(both, number, update):
    content = lines(("meter", "collector"), (drn(2), "north-1"), (drn(number), "north.1"))
    report = imported(both, content, update=update)
    (sentence,) = problems(report)[3]
    assert sentence.startswith("A collector's name is 1 to 32 letters") and "north.1" in sentence


def test_an_account_that_lost_its_zeros_is_found(station):
    do(station, customers.add_customer, "Ada", account_no="00012")
    report = imported(station, lines(("account", "meter"), ("12", drn(1))))
    assert [row.sentences for row in report.read_as] == [["Account 12 is read as 00012."]]
    assert see(station, views.find_meter, drn(1)).customer.account_no == "00012"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("", "", drn(9), "", ""), f"Meter {drn(9)} is not registered here."),
        (("A1", "", "", "", ""), "There is no account A1, and the row has no name for it."),
        (("", "Ada", drn(9), "4", ""), "There is no vending key for SGC 123457, KT 2, KRN 4."),
        (("", "Ada", drn(9), "", "nowhere"), "There is no site nowhere."),
        (("", "Ada", "", "", "T1"), "A service point or site needs a meter and an account"),
    ],
)
def test_what_the_station_does_not_have(station, row, sentence):
    head = ("account", "name", "meter", "krn", "site")
    given = row if row[0] or row[1] else ("C00001", *row[1:])
    if given[0] == "C00001":
        do(station, customers.add_customer, "Eve")
    ((found, *_),) = problems(imported(station, lines(head, given))).values()
    assert found.startswith(sentence)


def test_history_of_links_and_sites_in_any_order(both):
    content = lines(
        ("site", "site_kind", "site_name", "site_parent"),
        ("T1", "transformer", "By the school", "F1"),
        ("F1", "feeder", "", "R1"),
        ("R1", "region", "North", ""),
        ("X", "region", "", "F1"),
    )
    assert problems(imported(both, content, by_row=True)) == {
        5: ["Site X is a region, which cannot be below a feeder."]
    }
    (found,) = see(both, sites.sites, "T1").items
    assert found.path == ["R1", "F1"]
    for number in (1, 2):
        do(both, customers.add_customer, f"N{number}")
    content = lines(
        ("drn", "account_no", "since", "until", "site"),
        (drn(1), "C00002", "2025-05-01", "", "T1"),
        (drn(1), "C00001", "2025-01-01", "2025-05-01", ""),
        (drn(2), "C00001", "2025-01-01", "2025-05-01", ""),
        (drn(2), "C00002", "2025-04-01", "", ""),
    )
    assert problems(imported(both, content, by_row=True)) == {
        5: [f"Meter {drn(2)} serves another account at that time in row 4."]
    }
    links = see(both, history.meter_history, drn(1)).links
    assert [(link.account_no, link.site) for link in links] == [("C00001", None), ("C00002", "T1")]


def test_ten_thousand_rows_need_few_statements(station):
    """The statements grow with portions of the file, not with its rows."""
    from sqlalchemy import event

    counted = []
    listen = lambda *given: counted.append(given[2])  # noqa: E731
    event.listen(station._engine, "before_cursor_execute", listen)
    rows = [(f"A{n}", f"N{n}", drn(2000 + n)) for n in range(1500)]
    assert imported(station, lines(("account", "name", "meter"), *rows)).imported == 1500
    event.remove(station._engine, "before_cursor_execute", listen)
    assert len(counted) < 100


def test_a_new_table_of_headers_has_no_header_twice():
    from tjugo.station.registry.imports.fields import FIELDS, _form

    seen = {}
    for name, field in FIELDS.items():
        for header in filter(None, (name, field.title, *field.headers.split("|"))):
            assert seen.setdefault(_form(header), name) == name, header
            assert header == _form(header) or header in (name, field.title), header


def test_neutral_texts_come_back():
    from hypothesis import given
    from hypothesis import strategies as st

    from tjugo.station.registry.imports.neutral import neutral, plain

    @given(st.text(st.sampled_from("'=+-@09a\t")))
    def check(text):
        assert plain(neutral(text)) == text
        assert not neutral(text).startswith(("=", "+", "-", "@", "\t"))

    check()


@pytest.mark.parametrize("share", ["150%", "abc", "-5%"])
def test_a_recovery_that_cannot_be_read_is_not_missing(station, share):
    head = ("account", "name", "debt", "debt recovery")
    ((found,),) = problems(imported(station, lines(head, ("A1", "Ada", "12.50", share)))).values()
    assert found.startswith("Debt recovery ")


def test_what_cannot_be_read_is_named_once(station):
    head = ("account", "name", "meter", "service point", "site", "site kind")
    long, bad = "x" * 400, "12"
    rows = [("A1", "Ada", bad, "P1", "", ""), ("", long, drn(12), "", "", "")]
    found = problems(imported(station, lines(head, *rows)))
    assert {row: len(sentences) for row, sentences in found.items()} == {2: 1, 3: 1}
