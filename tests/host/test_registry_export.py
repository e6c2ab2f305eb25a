"""Export of everything, and the way back: an empty station that imports it is the same."""

import csv
import io
import json
from contextlib import contextmanager
from decimal import Decimal
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from cli_kit import Shell
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from station_kit import do, drn, new_station, see

from tjugo.station.audit import chain
from tjugo.station.registry import customers, datasets, exports, meters, search, sites
from tjugo.station.registry.imports.service import Options, run
from tjugo.station.station import Station
from tjugo.station.storage.tables import SITE_KINDS
from tjugo.station.vending.vend import sell

PRINTED = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
WORDS = st.text(PRINTED | st.sampled_from(" '=+-@,;\"0123456789"), min_size=1, max_size=30)
TEXTS = WORDS.map(str.strip).filter(lambda text: text and text.isprintable())
MAYBE = st.none() | TEXTS
ACCOUNTS = st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,9}", fullmatch=True)
CUSTOMERS = st.dictionaries(
    ACCOUNTS,
    st.fixed_dictionaries({"name": TEXTS, "address": MAYBE, "category": MAYBE, "notes": MAYBE}),
    min_size=1,
    max_size=6,
)
MOVES = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(["link", "unlink", "retire", "block", "stock", "collector"]),
        st.integers(0, 5),
        MAYBE,
    ),
    max_size=12,
)


def file_of(station, name, form="csv", **more):
    with station.view() as view:
        return b"".join(exports.parts(view, name, form, **more))


def everything(station):
    return {name: file_of(station, name, "jsonl") for name in datasets.IMPORTABLE}


@contextmanager
def stations():
    """Return a station with four meters, and an empty one with the same vending keys."""
    with TemporaryDirectory() as folder:
        first = new_station(__import__("pathlib").Path(folder) / "a")
        with (
            first,
            Station.create(f"{folder}/b", clock=first.clock, backend=first.backend) as empty,
        ):
            with first.work("test") as work:
                meters.add_meter(work, meters.NewMeter(drn(4), krn=1))
            yield first, empty


@pytest.fixture(scope="module")
def pair():
    with stations() as made:
        yield made


def act(station, clock, accounts, number, action, which, place):
    """Carry out a change as a person might; what is refused changes nothing."""
    clock.forward(minutes=7)
    from tjugo.errors import TjugoError

    steps = {
        "link": (customers.link_meter, drn(number), accounts[which % len(accounts)], place or ""),
        "unlink": (customers.unlink_meter, drn(number)),
        "retire": (meters.retire_meter, drn(number), "gone"),
        "block": (meters.set_status, drn(number), "blocked"),
        "stock": (meters.set_status, drn(number), "stock"),
        "collector": (meters.set_collector, drn(number), f"c{which}"),
    }
    try:
        do(station, *steps[action])
    except TjugoError:
        pass


@settings(max_examples=examples(3), deadline=None, suppress_health_check=list(HealthCheck))
@given(people=CUSTOMERS, moves=MOVES, form=st.sampled_from(list(exports.FORMATS)))
def test_what_is_exported_gives_the_same_registry(people, moves, form):
    with stations() as (first, empty):
        for site, (kind, parent) in zip(
            ("=R", "S.1"), (("region", None), ("feeder", "R")), strict=True
        ):
            do(first, sites.add_site, site.lstrip("="), kind, "+name", parent)
        for account_no, fields in people.items():
            do(first, customers.add_customer, account_no=account_no, **fields)
        for move in moves:
            act(first, first.clock, list(people), *move)
        for name in datasets.IMPORTABLE:
            content = file_of(first, name, form)
            with first.view() as view:
                if not list(datasets.rows(view, name)):
                    continue
            report = run(empty, "test", name, content, Options())
            assert report.problems == [], (name, content)
            assert report.written
        assert everything(empty) == everything(first)
        assert see(empty, search.verify) == []


def test_balances_come_back(pair):
    first, empty = pair
    content = (
        "account,name,debt,debt recovery,debt number,debt most,credit\r\n"
        "A1,Ada,12.5,20%,2,3,\r\nA2,Ben,7,1.25,,,4\r\n"
    )
    assert run(first, "test", "f", content.encode(), Options()).written
    assert b"A1,2,arrears,Opening balance,12.50,20%,0.00,3.00,100" in file_of(first, "debts")
    for name in ("customers", "debts", "credits"):
        assert run(empty, "test", name, file_of(first, name), Options()).written
    for name in ("debts", "credits"):
        assert file_of(empty, name) == file_of(first, name)


FORMULA = '=HYPERLINK("http://evil")'


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    with new_station(tmp_path_factory.mktemp("evil") / "state") as station:
        for name in (FORMULA, "+1", "-1", "@SUM(A1)", "'t Hooft", "'=1", "Ada"):
            do(station, customers.add_customer, name, address="\u200bx".strip("\u200b"))
        sell(station, "test", "a", drn(1), Decimal(1))
        yield station


def test_a_csv_has_no_formulas(evil):
    names = [
        row["name"]
        for row in csv.DictReader(io.StringIO(file_of(evil, "customers").decode("utf-8-sig")))
    ]
    assert names == [f"'{FORMULA}", "'+1", "'-1", "'@SUM(A1)", "'t Hooft", "''=1", "Ada"]


def test_a_workbook_has_no_formulas_and_keeps_zeros(evil):
    page = openpyxl.load_workbook(io.BytesIO(file_of(evil, "customers", "xlsx"))).active
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n"}
    page = openpyxl.load_workbook(io.BytesIO(file_of(evil, "meters", "xlsx"))).active
    assert page["A2"].value == drn(1)


def test_tokens_have_no_digits_unless_asked(evil):
    token = see(evil, lambda view: list(datasets.rows(view, "tokens", True)))[0][-1]
    assert len(token) == 20
    for name in datasets.DATASETS:
        for form in exports.FORMATS:
            content = file_of(evil, name, form)
            if form != "xlsx":
                assert token.encode() not in content
    assert token.encode() in file_of(evil, "tokens", with_secret=True)
    line = json.loads(file_of(evil, "tokens", "jsonl"))
    assert (line["drn"], line["units_kwh"], "digits" in line) == (drn(1), "1.0", False)


def test_the_command_writes_and_records(evil, tmp_path, monkeypatch, capsys):
    evil.close()
    shell = Shell(evil.state_dir, monkeypatch, capsys)
    out = shell.fine("export", "all", str(tmp_path / "out"), "--format", "jsonl")
    assert out.splitlines() == [str(tmp_path / f"out/{name}.jsonl") for name in datasets.DATASETS]
    assert "C00007,Ada" in shell.fine("export", "customers")
    shell.fine("export", "tokens", str(tmp_path / "t.xlsx"), "--digits")
    assert (tmp_path / "t.xlsx").read_bytes().startswith(b"PK")
    with Station.open(evil.state_dir) as station:
        events = see(station, lambda v: list(chain.events(v)))
    assert [(e.action, e.subject, e.detail) for e in events][-3:] == [
        ("registry.export", "export all", "jsonl"),
        ("registry.export", "export customers", "csv"),
        ("registry.export", "export tokens", "xlsx, with digits"),
    ]
    path = tmp_path / "more.csv"
    path.write_text(f"Zähler;Nom\r\n{drn(40).lstrip('0')};Zoë\r\n;\r\n12;Eve\r\n")
    done = shell.run("import", str(path), "--by-row")
    assert done.status == 1
    assert done.out.splitlines() == [
        "Columns: drn from 'Zähler', name from 'Nom'.",
        "Row 4: Meter: Meter number 00000000012 has a wrong check digit: compare all its digits.",
        "1 of 2 rows imported, 1 with problems. (1 customers, 1 meters, 1 links)",
    ]
    assert "Zoë" in shell.fine("lookup", "zoe")
    assert "2 rows" in shell.run("import", str(path), "--dry-run", "--map", "meter=").out


def test_the_kinds_of_sites_are_in_the_order_of_the_tree():
    assert SITE_KINDS[0] == "region" and SITE_KINDS[-1] == "service_point"
