"""The pages and requests of tills: shifts, cash-up, banking, statements."""

import re

import people_kit
import pytest
from fastapi.testclient import TestClient
from station_kit import do, see

from tjugo.station.audit import chain
from tjugo.station.ledger import balances
from tjugo.station.ledger.post import Entry, post
from tjugo.station.operators import permissions
from tjugo.station.tills import cash_up, shifts, vendors
from tjugo.web.app import create_app

BASE = "http://127.0.0.1:8020"
ME = permissions.LOCAL.actor


@pytest.fixture
def web(station):
    do(station, vendors.add_vendor, "agent", "Agent Ltd", 10_000, 250)
    do(station, vendors.add_outlet, "kiosk", "agent", "Kiosk")
    app = create_app(station)
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        yield client


def sell(station, ref, shift_no, tendered, vendor="main", outlet="main"):
    got = shifts.received(vendor, shift_no, tendered)
    total = sum(amount for _, amount in tendered)
    do(station, post, Entry("sale", ref, (*got, ("energy", "dom", -total)), outlet, shift_no))


def fields(page):
    """Return the hidden fields of a page's last form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def alert(page):
    found = re.search(r'class="alert" role="alert"[^>]*>([^<]*)<', page.text)
    assert found is not None, page.text
    return found[1]


def test_a_shift_from_open_to_closed(station, web):
    assert "Open a shift" in web.get("/till").text
    opened = web.post("/till", data={"outlet": "main", "float": "50"})
    assert (opened.status_code, opened.headers["location"]) == (303, "/till")
    sell(station, "web/1", 1, [("cash", 20_050), ("card", 1999)])
    # What is expected is shown after the count only.
    assert "250.50" not in web.get("/till").text
    page = web.post("/till/count", data={"cash": "245.50"})
    assert (page.status_code, alert(page)) == (400, "Count the card: it may be 0.")
    page = web.post("/till/count", data={"cash": "245.50", "card": "19.99"})
    assert "€250.50" in page.text and "-€5.00" in page.text
    closed = web.post("/till/close", data={**fields(page), "note": "One note."})
    assert closed.headers["location"] == "/till?closed=1"
    page = web.get("/till?closed=1")
    assert "Shift 1 is closed" in page.text and "-€5.00" in page.text
    assert see(station, balances.balance, "cash_difference", "1") == 500
    assert "One note." in web.get("/shifts/1").text
    assert "/shifts/1" in web.get("/shifts").text


@pytest.mark.parametrize("role", ["supervisor", "finance", "administrator"])
def test_what_is_expected_in_ones_own_open_shift_is_hidden(station, role):
    for operator, of in (("root", "administrator"), ("me", role), ("ben", "supervisor")):
        people_kit.add(station, operator, of)
    number = do(station, shifts.open_shift, "op:me", "main", 1000)
    sell(station, "web/1", number, [("cash", 4321), ("card", 1999)])
    path = f"/shifts/{number}"
    with people_kit.client(station) as mine, people_kit.client(station) as other:
        people_kit.log_in(mine, "me")
        people_kit.log_in(other, "ben")
        for address in (path, f"/api/v1{path}", "/till", "/shifts", "/api/v1/shifts"):
            shown = mine.get(address).text
            assert not re.search(r"43\.21|53\.21|63\.20|73\.20|19\.99", shown), address
        assert 'data-testid="hidden"' in mine.get(path).text
        report = mine.get(f"/api/v1{path}").json()
        assert (report["takings"], report["counts"]) == (None, [])
        # Another person closes it, and sees it; so does its own once it is counted.
        assert "53.21" in other.get(path).text and "53.21" in other.get(f"/api/v1{path}").text
        counted = people_kit.post(mine, "/till/count", "/till", cash="53.21", card="19.99")
        assert "53.21" in counted.text
        assert people_kit.post(mine, "/till/close", "/till", **fields(counted)).is_redirect
        assert "53.21" in mine.get(path).text


def test_every_count_that_is_compared_is_on_record(station, web):
    web.post("/till", data={"outlet": "main", "float": "50"})
    sell(station, "web/1", 1, [("card", 1999)])
    assert web.post("/till/count", data={"cash": "0"}).status_code == 400  # nothing is shown
    web.post("/till/count", data={"cash": "0", "card": "0"})
    page = web.post("/till/count", data={"cash": "50", "card": "19.99"})
    details = see(station, lambda view: [event.detail for event in chain.events(view)])
    assert details[-2:] == [
        "counted: cash 0.00 EUR, card 0.00 EUR",
        "counted: cash 50.00 EUR, card 19.99 EUR",
    ]
    web.post("/till/close", data=fields(page))
    (*_, last) = see(station, lambda view: [event.detail for event in chain.events(view)])
    assert last == "closed: difference 0.00 EUR; cash 50.00 EUR, card 19.99 EUR"
    found = web.get("/api/v1/shifts/1").json()["compared"]
    assert found == {"times": 2, "first": "cash 0.00 EUR, card 0.00 EUR"}
    words = "Compared 2 times; first count: cash 0.00 EUR, card 0.00 EUR."
    assert words in web.get("/till?closed=1").text and words in web.get("/shifts/1").text
    assert web.post("/shifts/1/count", data={"cash": "1"}).status_code == 409


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("-1", "has a sign"),
        ("5_0", "has an underscore"),
        ("1,500", "could be"),
        ("NaN", "not a finite number"),
        ("1000000000001", "has too many digits"),
        ("0.001", "decimals of EUR"),
        ("", "is missing"),
    ],
)
def test_a_float_that_is_not_one_opens_nothing(station, web, amount, words):
    page = web.post("/till", data={"outlet": "main", "float": amount})
    assert page.status_code == 400
    assert words in alert(page)
    assert see(station, shifts.open_shift_of, ME) is None


def test_a_till_that_changed_after_the_count_is_counted_again(station, web):
    web.post("/till", data={"outlet": "main", "float": "0"})
    page = web.post("/till/count", data={"cash": "0"})
    sell(station, "web/1", 1, [("cash", 500)])
    page = web.post("/till/close", data=fields(page))
    assert (page.status_code, alert(page)) == (
        409,
        "The till has changed since it was counted: count again.",
    )
    assert see(station, shifts.open_shift_of, ME) is not None


def test_a_second_shift_and_a_second_close_are_refused(station, web):
    web.post("/till", data={"outlet": "main", "float": "0"})
    page = web.post("/till", data={"outlet": "main", "float": "0"})
    assert (page.status_code, alert(page)) == (
        409,
        "You have shift 1 open already: cash up first.",
    )
    counted = fields(web.post("/till/count", data={"cash": "0"}))
    assert web.post("/till/close", data=counted).status_code == 303
    page = web.post("/till/close", data=counted)
    assert (page.status_code, alert(page)) == (409, "You have no open shift.")


def test_a_supervisor_closes_another_persons_shift(station, web):
    number = do(station, shifts.open_shift, "op:ben", "main", 100)
    page = web.post(f"/shifts/{number}/count", data={"cash": "1"})
    assert "€1.00" in page.text
    assert web.post(f"/shifts/{number}/close", data=fields(page)).status_code == 303
    assert see(station, shifts.open_shift_of, "op:ben") is None
    assert web.get("/shifts/9").status_code == 404


def test_the_report_of_another_persons_shift_is_not_shown_at_the_till(station, web):
    number = do(station, shifts.open_shift, "op:ben", "main", 0)
    do(station, cash_up.cash_up, number, {"cash": 0})
    for wanted in (str(number), "99", "x", "²"):
        assert "is closed" not in web.get("/till", params={"closed": wanted}).text


@pytest.fixture
def batch(station):
    number = do(station, shifts.open_shift, "op:ben", "main", 100)
    sell(station, "web/1", number, [("cash", 2000), ("card", 300)])
    do(station, cash_up.cash_up, number, {"cash": 2100, "card": 300})


def test_banking_on_the_pages(web, batch):
    assert "€23.00" in web.get("/banking").text
    made = web.post("/banking", data={"outlet": "main"})
    assert made.headers["location"] == "/banking/1"
    page = web.post("/banking", data={"outlet": "main"})
    assert (page.status_code, page.text.count("no closed shift")) == (409, 1)
    slip = {"means": "cash", "amount": "20", "bank_ref": "SLIP 1"}
    assert web.post("/banking/1/deposits", data=slip).status_code == 303
    page = web.post("/banking/1/deposits", data=slip)
    assert (page.status_code, alert(page)) == (409, "Batch 1 holds less cash than this deposit.")
    page = web.get("/banking/1")
    assert "SLIP 1" in page.text and "€3.00" in page.text
    assert web.get("/banking/2").status_code == 404


def test_banking_over_the_api(station, web, batch):
    made = web.post("/api/v1/batches", json={"outlet": "main"})
    assert made.status_code == 201
    assert made.json() == web.get("/api/v1/batches/1").json()
    assert made.json()["takings"]["total"] == "23.00"
    assert made.json()["left"] == [
        {"means": "cash", "amount": "20.00"},
        {"means": "card", "amount": "3.00"},
    ]
    body = {"amount": "20", "bank_ref": "SLIP 1", "batch_no": 1}
    slip = web.post("/api/v1/deposits", json=body)
    assert (slip.status_code, slip.json()["amount"]) == (201, "20.00")
    assert web.get("/api/v1/deposits/1").json() == slip.json()
    again = web.post("/api/v1/deposits", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "deposit_too_much")
    undone = web.post("/api/v1/deposits/1/reversal", json={"reason": "Wrong."}).json()
    assert undone["reversed_at"] is not None
    assert [row["left"] for row in web.get("/api/v1/batches").json()["items"]] == ["23.00"]
    assert len(web.get("/api/v1/deposits").json()["items"]) == 1
    report = web.get("/api/v1/shifts/1").json()
    assert report["counts"][0] == {
        "means": "cash",
        "expected": "21.00",
        "counted": "21.00",
        "difference": "0.00",
    }
    assert len(web.get("/api/v1/shifts").json()["items"]) == 1


def test_what_a_vendor_owes_over_the_api(station, web):
    sell(station, "api/1", None, [("cash", 5000)], "agent", "kiosk")
    body = {"amount": 20.5, "bank_ref": "T-1", "vendor": "agent"}
    assert web.post("/api/v1/deposits", json=body).status_code == 201
    assert web.post("/api/v1/deposits", json=body).json()["code"] == "deposit_exists"
    (agent, _) = web.get("/api/v1/vendors").json()
    assert (agent["owed"], agent["available"], agent["commission"]) == ("29.50", "70.50", 250)
    days = {"first": "2026-11-01", "last": "2026-11-30"}
    found = web.get("/api/v1/vendors/agent/statement", params=days).json()
    assert [(line["kind"], line["amount"], line["balance"]) for line in found["lines"]] == [
        ("sale", "50.00", "50.00"),
        ("deposit", "-20.50", "29.50"),
    ]
    same = web.get("/api/v1/ledger/vendor", params={**days, "party": "agent"}).json()
    assert same == found
    whole = web.get("/api/v1/ledger/vendor", params=days).json()
    assert (whole["party"], whole["closing"]) == (None, "29.50")
    assert [row["outlet"] for row in web.get("/api/v1/outlets").json()] == ["kiosk", "main"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"amount": "0", "vendor": "agent"}, 400, "amount_invalid"),
        ({"amount": "-1", "vendor": "agent"}, 422, "invalid"),
        ({"amount": "1"}, 400, "deposit_invalid"),
        ({"amount": "1", "vendor": "agent", "batch_no": 1}, 400, "deposit_invalid"),
        ({"amount": "1", "vendor": "nobody"}, 404, "vendor_unknown"),
        ({"amount": "1", "batch_no": 9}, 404, "batch_unknown"),
        ({"amount": "1", "batch_no": 10**30}, 404, "batch_unknown"),
        ({"amount": "0.001", "vendor": "agent"}, 400, "amount_invalid"),
        ({"amount": "1", "vendor": "agent", "means": "gold"}, 422, "invalid"),
    ],
)
def test_a_deposit_that_is_refused_over_the_api(web, body, status, code):
    answer = web.post("/api/v1/deposits", json={"bank_ref": "A", **body})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("number", ["0", "x", "99999999999999999999"])
@pytest.mark.parametrize("path", ["/api/v1/shifts", "/api/v1/batches", "/api/v1/deposits"])
def test_numbers_that_are_none(web, path, number):
    assert web.get(f"{path}/{number}").status_code == 422


@pytest.mark.parametrize("path", ["/shifts", "/banking"])
def test_numbers_of_pages_that_are_none(web, path):
    for number in ("0", "x", "99999999999999999999"):
        assert web.get(f"{path}/{number}").status_code == 404
