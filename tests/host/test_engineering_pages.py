"""The pages of engineering tokens, key changes and refused tokens, by their forms."""

import re
from dataclasses import replace

import pytest
from engineering_kit import EA07, EA11, Meter, decide, make_station, plan, sell
from fastapi.testclient import TestClient
from sqlalchemy import select
from station_kit import do, drn, see

from sts_portable import results
from tjugo.station.operators.permissions import visitor
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage.tables import Approval, Sale, Shift
from tjugo.station.tills import shifts, vendors
from tjugo.station.vending import change_rows, change_steps
from tjugo.web.app import create_app

TOKEN = re.compile(r"<span>(\d{4})</span>" * 5)


@pytest.fixture
def station(tmp_path):
    with make_station(tmp_path / "state") as made:
        yield made


def pages_of(station, role="administrator"):
    app = create_app(station, visitor=visitor(role, f"op:{role}", role))
    return TestClient(app, base_url="http://127.0.0.1", headers={"accept": "text/html"})


@pytest.fixture
def web(station):
    with pages_of(station) as client:
        yield client


def tokens(page):
    """Return the tokens that are shown large."""
    assert page.status_code == 200
    return ["".join(groups) for groups in TOKEN.findall(page.text)]


def client_id(page):
    return re.search(r'name="client_id" value="([^"]+)"', page.text)[1]


def approve_all(station):
    with station.view() as view:
        waiting = [row.approval for row in view.session.query(Approval).filter_by(state="waiting")]
    for approval in waiting:
        decide(station, approval)
    return len(waiting)


def test_a_form_that_is_sent_twice_issues_one_token(web, station):
    form = {"client_id": client_id(web.get("/engineering")), "kind": "tariff_rate"}
    form |= {"drn": EA07, "value": "3"}
    first, second = (tokens(web.post("/engineering", data=form)) for _ in range(2))
    assert first == second
    assert Meter(station, EA07).enter(first[0]) == results.ACCEPT


def test_a_risky_token_is_shown_after_its_approval(web, station):
    form = {"client_id": "c", "kind": "clear_credit", "drn": EA07}
    waiting = web.post("/engineering", data=form)
    assert tokens(waiting) == []
    assert "A second person must approve it" in waiting.text
    assert approve_all(station) == 1
    assert len(tokens(web.get("/engineering?id=c"))) == 1


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"kind": "power_limit", "drn": EA07, "value": "many"}, 400),
        ({"kind": "power_limit", "drn": EA07}, 400),
        ({"kind": "display_krn", "drn": drn(99)}, 404),
        ({"kind": ""}, 400),
    ],
)
def test_bad_input_is_shown_with_the_form(web, form, status):
    page = web.post("/engineering", data={"client_id": "c", **form})
    assert page.status_code == status
    assert 'class="alert"' in page.text


def test_a_campaign_from_the_form_to_the_confirmation(web, station):
    form = {"campaign": "June", "old_bdt": "14", "new_krn": "2"}
    asked = web.post("/key-changes", data=form)
    assert "2 meters: a second person must" in asked.text
    approve_all(station)
    assert "0 of 2" in web.get("/key-changes?campaign=June").text
    issued = tokens(web.post(f"/key-changes/{EA11}/issue"))
    assert len(issued) == 4
    assert tokens(web.post(f"/key-changes/{EA11}/issue")) == issued
    for step in (f"{EA11}/confirm", f"{EA07}/cancel"):
        refused = web.post(f"/key-changes/{step}", data={"why": " "})
        assert refused.status_code == 400 and "Give a reason" in refused.text
        web.post(f"/key-changes/{step}", data={"why": "read on the display"})
    listed = web.get("/key-changes?campaign=June").text
    assert "1 of 1" in listed
    assert "cancelled" in listed
    assert web.post(f"/key-changes/{EA07}/confirm", data={"why": "x"}).status_code == 404
    assert web.post("/key-changes", data={"new_krn": "2"}).status_code == 400


def test_a_forgotten_token_of_the_former_key(web, station):
    forgotten = sell(station, EA07, "old")[-1]
    plan(station, EA07, krn=2)
    sell(station, EA07, "new")
    form = {"drn": EA07, "token": forgotten.grouped(), "shown": "CRCError"}
    page = web.post("/refused", data=form)
    assert "confirm the key change, then replace" in page.text
    assert "Ask for a replacement" not in page.text
    page = web.post("/refused/confirm", data=form)
    assert "It can be replaced" in page.text
    of = {"bdt": "14", "tid": str(forgotten.tid), "tenths": "150", "why": "in a drawer"}
    waiting = web.post("/refused/replace", data=form | of)
    assert "A second person must approve it" in waiting.text
    approve_all(station)
    page = web.get(waiting.url)
    assert "15.0 kWh" in page.text
    assert len(tokens(page)) == 1


def test_a_meter_that_was_replaced(web, station):
    """By the number of the new meter; and the credit that was left, on the page of the old one."""
    token = sell(station, EA07, "a")[-1]
    sell(station, EA07, "b")
    assert 'data-testid="carry-over"' not in web.get(f"/meters/{EA07}").text
    given = {"action": "replace", "new_drn": EA11, "reason": "burnt"}
    assert web.post(f"/meters/{EA07}", data=given).status_code == 200
    form = {"drn": EA11, "token": token.grouped(), "shown": "CRCError"}
    page = web.post("/refused", data=form).text
    assert f"for meter {EA07}, which is retired" in page and "Ask for a replacement" in page
    names = ("of", "bdt", "tid")
    of = {name: re.search(f'name="{name}" value="([^"]+)"', page)[1] for name in names}
    assert of["of"] == EA07
    asked = {**form, **of, "tenths": "200", "why": "burnt"}
    waiting = web.post("/refused/replace", data=asked)
    assert "A second person must approve it" in waiting.text
    page = web.get(f"/meters/{EA07}").text
    assert 'data-testid="carry-over"' in page and f'<a href="/meters/{EA11}">' in page
    left = {"reason": "display"}
    wrong = web.post(f"/meters/{EA07}/carry-over", data={**left, "credit": "40.1"})
    assert wrong.status_code == 409 and "Only 40.0 kWh were sold" in wrong.text
    right = web.post(f"/meters/{EA07}/carry-over", data={**left, "credit": "5.5"})
    assert "A second person must approve it" in right.text
    assert approve_all(station) == 2
    for page, kwh in ((waiting, "20.0 kWh"), (right, "5.5 kWh")):
        shown = web.get(page.url)
        assert kwh in shown.text and len(tokens(shown)) == 1


def test_the_tokens_to_enter_are_shown_in_their_order(web, station):
    plan(station, EA07, krn=2)
    sold = sell(station, EA07, "new")
    form = {"drn": EA07, "token": sold[-1].digits, "shown": "CRCError"}
    assert tokens(web.post("/refused", data=form)) == [one.digits for one in sold]
    assert web.post("/refused", data={**form, "krn": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("role", "path", "form", "status"),
    [
        ("cashier", "/engineering", {"kind": "display_krn"}, 403),
        ("auditor", "/engineering", {"kind": "display_krn"}, 403),
        ("auditor", "/key-changes", {"old_bdt": "14", "new_krn": "2"}, 403),
        ("cashier", f"/key-changes/{EA07}/confirm", {}, 403),
        ("auditor", "/refused/replace", {}, 403),
        ("cashier", "/refused", {"drn": EA07, "token": "1"}, 200),
    ],
)
def test_who_may_not_is_refused(station, role, path, form, status):
    with pages_of(station, role) as web:
        assert web.post(path, data=form).status_code == status
    assert see(station, change_rows.open_change, EA07) is None


def test_a_cashier_who_asks_for_a_replacement_is_told_who_decides(station):
    forgotten = sell(station, EA07, "old")[-1]
    plan(station, EA07, krn=2)
    sell(station, EA07, "new")
    do(station, change_steps.confirm, EA07, "keyed in")
    with pages_of(station, "cashier") as web:
        form = {"drn": EA07, "bdt": "14", "tid": str(forgotten.tid), "tenths": "150", "why": "x"}
        asked = web.post("/refused/replace", data=form)
        assert (asked.status_code, asked.url.path) == (200, "/refused")
        assert "A second person approves it" in asked.text and forgotten.digits not in asked.text
        assert "A second person" not in web.get("/refused").text


def test_an_auditor_sees_no_form(station):
    with pages_of(station, "auditor") as web:
        for path in ("/engineering", "/key-changes"):
            page = web.get(path)
            assert page.status_code == 200
            assert f'action="{path}"' not in page.text


@pytest.fixture
def outlets(station):
    with station.work("cli:ada") as work:
        vendors.add_outlet(work, "north", vendors.MAIN, "North office")
        vendors.add_outlet(work, "south", vendors.MAIN, "South office")


def person(role, **more):
    return replace(visitor(role, f"op:{role}", role), operator=role, outlet="north", **more)


def web_of(station, who):
    return TestClient(create_app(station, visitor=who), base_url="http://127.0.0.1")


def receipts(station):
    with station.view() as view:
        rows = view.session.scalars(select(Sale).order_by(Sale.sold_at, Sale.client_id)).all()
        return {row.client_id: (row.shift_no, Receipt.from_json(row.receipt)) for row in rows}


@pytest.mark.usefixtures("outlets")
def test_the_receipt_is_of_the_outlet_of_the_person_who_asked(station):
    with web_of(station, person("engineer")) as web:
        web.put("/api/v1/engineering/a", json={"kind": "display_krn"})
        web.post("/engineering", data={"client_id": "b", "kind": "clear_tamper", "drn": EA07})
        plan(station, EA07, krn=2)
        web.put("/api/v1/key-change-tokens/c", json={"drn": EA07})
    assert approve_all(station) == 1
    found = receipts(station)
    assert [found[name][1].outlet for name in "abc"] == ["north"] * 3
    assert [found[name][1].number for name in "acb"] == [1, 2, 3]
    assert {one.operator for _, one in found.values()} == {"op:engineer"}
    assert found["b"][1].outlet_name == "North office"


@pytest.mark.usefixtures("outlets")
def test_an_open_shift_gives_the_outlet(station):
    who = person("administrator")
    with station.work(who.actor) as work:
        shift = shifts.open_shift(work, who.actor, "south", 0)
    with web_of(station, who) as web:
        web.put("/api/v1/engineering/a", json={"kind": "display_krn"})
        web.put("/api/v1/engineering/b", json={"kind": "clear_tamper", "drn": EA07})
    with station.work(who.actor) as work:
        work.session.get_one(Shift, (1, shift)).closed_at = work.now()
    approve_all(station)
    found = receipts(station)
    assert [(found[name][0], found[name][1].outlet) for name in "ab"] == [
        (shift, "south"),
        (None, "south"),
    ]


@pytest.mark.usefixtures("outlets")
def test_an_outlet_that_is_closed_gives_no_token(station):
    with station.work("cli:ada") as work:
        vendors.edit_outlet(work, "north", active=False)
    with web_of(station, person("engineer")) as web:
        answer = web.put("/api/v1/engineering/a", json={"kind": "display_krn"})
    assert (answer.status_code, answer.json()["code"]) == (409, "outlet_closed")
    assert receipts(station) == {}
