"""API clients: each sees its own sales only, and asks what became of a request."""

import pytest
from people_kit import client as browser
from station_kit import do, drn

from tjugo.station.operators import clients
from tjugo.station.vending.advice import SENTENCES


@pytest.fixture
def web(station):
    with browser(station) as opened:
        yield opened


def key(station, name, *scopes):
    return {"authorization": f"Bearer {do(station, clients.add, name, name, scopes)}"}


def sell(web, who, client_id="a", **body):
    body = {"drn": drn(3), "money": "10", **body}
    return web.put(f"/api/v1/vends/{client_id}", json=body, headers=who)


def test_a_client_has_to_do_with_its_own_sales_only(station, web):
    everything = ("sell", "void", "reprint", "free")
    one, two = key(station, "one", *everything), key(station, "two", *everything)
    reader = key(station, "reader", "read")
    mine, other = sell(web, one).json(), sell(web, two).json()
    assert mine["client"] == "api:one" and mine["token"] != other["token"]
    assert web.get("/api/v1/vends/a", headers=one).json() == mine
    assert web.get("/api/v1/vends", headers=one).json()["items"] == [
        {**mine, "warning": None},
    ]
    assert len(web.get("/api/v1/vends", headers=reader).json()["items"]) == 2
    assert web.get("/api/v1/vends/a?client=api:two", headers=reader).json()["token"]
    of_two = {
        ("GET", "/vends/a?client=api:two"): None,
        ("GET", "/receipts/api:two/a"): None,
        ("GET", "/receipts/api:two/a/pdf"): None,
        ("POST", "/receipts/api:two/a/reprint"): {},
        ("POST", "/vends/a:void?client=api:two"): {"reason": "x"},
        ("PUT", "/credit-notes/n"): {"sale": "a", "client": "api:two", "reason": "x"},
        ("POST", "/replacements"): {
            **{name: other[name] for name in ("drn", "bdt", "tid")},
            "why": "x",
        },
    }
    for (method, path), body in of_two.items():
        answer = web.request(method, f"/api/v1{path}", json=body, headers=one)
        assert answer.status_code == 404, (path, answer.text)
        assert other["token"] not in answer.text
    refused = web.post(
        "/api/v1/refused-tokens", json={"drn": drn(3), "token": other["token"]}, headers=one
    )
    assert refused.status_code == 403
    assert web.get("/sales", headers=one).status_code == 403  # a key is not for pages


def test_each_right_is_a_scope_of_its_own(station, web):
    """With the scopes the request is answered by its service; with `sell` alone it is refused."""
    only = key(station, "only", "sell")
    for number, (scopes, method, path, body) in enumerate(
        (
            (("void",), "POST", "/vends/none:void", {"reason": "x"}),
            (("reprint",), "POST", "/receipts/api:c1/none/reprint", {}),
            (("sell", "free"), "PUT", "/vends/f", {"drn": drn(3), "kind": "free"}),
            (("engineering",), "PUT", "/engineering/e", {"kind": "clear_tamper", "drn": drn(3)}),
        )
    ):
        given = key(station, f"c{number}", *scopes)
        refused, answered = (
            web.request(method, f"/api/v1{path}", json=body, headers=who) for who in (only, given)
        )
        assert refused.json()["code"] == "not_permitted", path
        assert answered.json().get("code") != "not_permitted", path


def test_two_clients_have_engineering_requests_of_their_own(station, web):
    answers = []
    for name in ("one", "two"):
        who = key(station, name, "engineering")
        body = {"kind": "clear_tamper", "drn": drn(3)}
        answers.append(web.put("/api/v1/engineering/e", json=body, headers=who).json())
        assert web.get("/api/v1/engineering/e", headers=who).json() == answers[-1]
    assert [answer["client"] for answer in answers] == ["api:one", "api:two"]


def test_advice(station, web):
    one, two = key(station, "one", "sell"), key(station, "two", "sell")

    def advice(who, query=""):
        return web.get(f"/api/v1/vends:advice{query}", headers=who).json()

    nothing = advice(one)
    assert (nothing["state"], nothing["advice"]) == ("unknown", SENTENCES["unknown"])
    assert nothing["sale"] is nothing["client_id"] is None
    sold = sell(web, one).json()
    station.clock.forward(minutes=1)
    assert advice(one, "?client_id=a")["sale"] == sold
    assert advice(one)["state"] == "sold" and advice(one)["client_id"] == "a"
    assert advice(two, "?client_id=a")["state"] == advice(two)["state"] == "unknown"
    sell(web, one, "b", money="0.01", drn="1")
    newest = advice(one)
    assert (newest["client_id"], newest["state"], newest["code"]) == (
        *("b", "refused", "drn_invalid"),
    )
    assert newest["error"] and newest["advice"] == SENTENCES["refused"]
    station.clock.forward(days=8)
    assert advice(one)["state"] == "unknown" and advice(one, "?client_id=a")["sale"] == sold


def test_a_sale_is_paid_in_parts(web):
    parts = [
        {"means": "cash", "amount": "6"},
        {"means": "card", "amount": 4, "ref": "slip 71"},
    ]
    answer = sell(web, {}, tenders=parts)
    assert [one["means"] for one in answer.json()["receipt"]["tendered"]] == ["cash", "card"]


def test_numbers_that_nothing_can_have(web):
    """Each was answered with a 500."""
    for amount in (10.001, "0.001", 8.2e-308):
        answers = [
            sell(web, {}, money=amount),
            sell(web, {}, tenders=[{"means": "cash", "amount": amount}]),
            web.post("/api/v1/vends:trial", json={"drn": drn(3), "money": amount}),
            web.put("/api/v1/payments/p", json={"account_no": "1", "amount": amount}),
        ]
        assert {one.json()["code"] for one in answers} == {"amount_invalid"}, amount
    body = {"drn": drn(3), "bdt": "14", "tid": 10**31, "why": "x"}
    answer = web.post("/api/v1/replacements", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
