"""The station's pages and its JSON interface."""

import asyncio
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from examples import examples
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from station_kit import do, drn, new_station, see

from tjugo.errors import Unavailable
from tjugo.station.delivery import answers
from tjugo.station.delivery import service as delivery
from tjugo.station.delivery.jobs import Ack
from tjugo.station.link import records
from tjugo.station.readings import intake
from tjugo.station.readings.columns import columns
from tjugo.station.registry import customers
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.web.app import create_app

BASE = "http://127.0.0.1:8020"
HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def web(station):
    with TestClient(create_app(station), base_url=BASE, raise_server_exceptions=False) as client:
        yield client


def put(web, client_id="a", number=1, kwh="20", **options):
    body = {"drn": drn(number), "kwh": kwh}
    return web.put(f"/api/v1/vends/{client_id}", json=body, **options)


# The JSON interface


def test_a_vend_is_idempotent(web):
    first = put(web)
    assert first.status_code == 200
    assert put(web).json() == put(web, kwh=20.0).json() == first.json()
    assert web.get("/api/v1/vends/a").json() == first.json()
    assert len(web.get("/api/v1/vends").json()["items"]) == 1


def test_a_vend_is_idempotent_for_impatient_clients(web):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: put(web).json()["token"], range(16)))
    assert len(set(answers)) == 1
    assert len(web.get("/api/v1/vends").json()["items"]) == 1


def test_the_status_of_a_delivery(web, station):
    sale = put(web).json()
    ref = sale["delivery"]["ref"]
    do(station, delivery.mark_sent, see(station, delivery.open_jobs, station.clock()))
    do(station, answers.record, [Ack("c1", drn(1), ref, "done", 10)])
    found = web.get("/api/v1/vends/a").json()["delivery"]
    assert found["state"] == "refused" and found["reason"].startswith("UsedError")
    assert (found["proved"], found["credit_wh"]) == (False, None)
    put(web, "b")
    do(station, delivery.mark_sent, see(station, delivery.open_jobs, station.clock()))
    ref = web.get("/api/v1/vends/b").json()["delivery"]["ref"]
    do(station, answers.record, [Ack("c1", drn(1), ref, "done", 1)])
    found = web.get("/api/v1/vends/b").json()["delivery"]
    assert (found["state"], found["proved"]) == ("reported", False)
    page = web.get("/").text
    assert '<span class="status reported">reported</span>' in page
    assert "the answer has no proof" in page


def _json(content):
    return {"content": content, "headers": {"content-type": "application/json"}}


WRONG = [
    ({"json": {"drn": drn(9), "kwh": 1}}, 404, "not registered"),
    ({"json": {"drn": "01000000010", "kwh": 1}}, 400, "wrong check digit"),
    ({"json": {"drn": drn(1), "kwh": 0}}, 400, "more than 0"),
    (
        {"json": {"drn": drn(1), "kwh": "1E+999999999"}},
        422,
        "The amount '1E+999999999' has an exponent.",
    ),
    ({"json": {"drn": drn(1), "kwh": "x"}}, 422, "The amount 'x' is not a number."),
    ({"json": {"drn": drn(1), "kwh": "NaN"}}, 422, "The amount 'NaN' is not a finite number."),
    ({"json": {"drn": drn(1), "kwh": "5_0"}}, 422, "The amount '5_0' has an underscore."),
    ({"json": {"drn": drn(1), "kwh": "\u0665\u0660"}}, 422, "has digits other than 0 to 9"),
    ({"json": {"drn": drn(1), "kwh": "1,500"}}, 422, "The amount 1,500 could be 1.5 or 1500"),
    (
        {"json": {"drn": drn(1), "kwh": True}},
        422,
        "The amount must be a number such as 20 or 7.5.",
    ),
    ({"json": {"drn": 5, "kwh": 1}}, 422, "The meter number must be a text."),
    (_json(b'{"drn": "1", "kwh": NaN}'), 422, "The amount is not a finite number."),
    (_json(b'{"drn": "1", "kwh": 1e999}'), 422, "The amount is not a finite number."),
    (_json(b"[" * 20_000), 400, "cannot be read"),
    (
        _json(b'{"\\ud800": 1, "drn": "1", "kwh": 1}'),
        422,
        "not valid Unicode",
    ),
    ({"json": {"drn": drn(1)}}, 400, "Give an amount of money or an amount of kWh."),
    ({"json": {"drn": drn(1), "kwh": 1, "amount": 5}}, 422, "The field amount is not known here."),
    ({"json": {"drn": drn(1), "kwh": ""}}, 422, "The amount is missing."),
    ({"json": {"drn": "1" * 50, "kwh": 1}}, 422, "The meter number has at most 40 characters."),
    ({"json": []}, 422, "The request is not a JSON object."),
    ({"content": b""}, 422, "The body of the request is missing."),
    ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "JSON"),
]


@pytest.mark.parametrize(("request_", "status", "words"), WRONG)
def test_errors_are_sentences(web, request_, status, words):
    answer = web.put("/api/v1/vends/a", **request_)
    assert answer.status_code == status
    assert list(answer.json()) == ["error", "code"]
    assert words in answer.json()["error"]


def test_an_id_is_used_for_one_thing(web):
    put(web)
    assert put(web, kwh="21").status_code == 409
    assert put(web, "x" * 65).status_code == 400
    assert web.get("/api/v1/vends/unknown").status_code == 404


def test_a_full_disk_is_not_the_clients_fault(web, station, monkeypatch):
    def full(*_args):
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(station.backend, "issue_credit_tokens", full)
    assert put(web).status_code == 503
    assert web.get("/api/v1/vends/a").status_code == 404
    monkeypatch.undo()
    assert put(web).status_code == 200


def test_what_nobody_foresaw_shows_nothing_of_the_inside(web, station, monkeypatch):
    def fail(*_args):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(station.backend, "issue_credit_tokens", fail)
    answer = put(web)
    assert answer.status_code == 500
    assert "unforeseen" in answer.json()["error"] and "secret" not in answer.text


def test_a_field_may_be_null_in_a_change(web):
    """It is removed where it can be, and refused with a sentence where it cannot."""
    described = web.get("/api/v1/openapi.json").json()
    ada = web.post("/api/v1/customers", json={"name": "Ada"}).json()["account_no"]
    web.post("/api/v1/sites", json={"site": "S1", "kind": "region", "name": "North"})
    hook = {"hook": "shop", "url": "https://shop.example/hook", "events": ["sale.made"]}
    web.post("/api/v1/webhooks", json=hook)
    debt = {"account_no": ada, "name": "Arrears", "amount": "30", "rate": "25"}
    web.post("/api/v1/debts", json=debt)
    known = {"account_no": ada, "drn": drn(1), "site": "S1", "hook": "shop", "debt_no": "1"}
    changes = {path: of["patch"] for path, of in described["paths"].items() if "patch" in of}
    assert len(changes) >= 5
    for path, change in changes.items():
        name = change["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        fields = described["components"]["schemas"][name.split("/")[-1]]["properties"]
        for field in fields:
            answer = web.patch(path.format(**known), json={field: None})
            assert answer.status_code in (200, 400, 409, 422), (path, field, answer.text)
            assert web.get("/api/v1/customers").status_code == 200


def test_meters_and_customers(web):
    added = web.post("/api/v1/meters", json={"drn": drn(4), "ea": 11})
    assert (added.status_code, added.json()["drn"]) == (201, drn(4))
    assert web.post("/api/v1/meters", json={"drn": drn(4)}).status_code == 409
    ada = web.post("/api/v1/customers", json={"name": "Ada"}).json()["account_no"]
    patched = web.patch(
        f"/api/v1/meters/{drn(4)}",
        json={"account_no": ada, "collector_id": "c2", "status": "blocked"},
    ).json()
    assert patched["customer"]["name"] == "Ada"
    assert (patched["collector"], patched["status"]) == ("c2", "blocked")
    assert len(web.get("/api/v1/meters").json()["items"]) == 4
    assert web.patch(f"/api/v1/customers/{ada}", json={"phone": "7"}).json()["phone"] == "7"
    for wrong in ("tenant_id", "account_no", "station"):
        answer = web.patch(f"/api/v1/customers/{ada}", json={wrong: "7"})
        assert answer.status_code == 422 and answer.json()["error"].startswith(
            f"The field {wrong} is not "
        )
    assert web.delete(f"/api/v1/customers/{ada}").status_code == 409
    assert web.get("/api/v1/customers").json()["items"][0]["meters"] == [drn(4)]
    assert {row["collector"] for row in web.get("/api/v1/collectors").json()["items"]} == {
        "c1",
        "c2",
    }


def test_the_interface_is_described(web):
    assert "/api/v1/vends/{client_id}" in web.get("/api/v1/openapi.json").json()["paths"]


# The pages


def offer(web, number=1):
    """Return the page on which the price of this meter is asked for."""
    return web.get(f"/sales?drn={drn(number)}", headers=HTML)


def form_of(page):
    return {"client_id": re.search(r'name="client_id" value="([^"]+)"', page.text).group(1)}


def test_a_sale_without_an_id_is_refused(web):
    form = {"drn": drn(1), "kwh": "20"}
    for typed in ({}, {"client_id": ""}, {"client_id": " "}):
        page = web.post("/sales", data=form | typed, headers=HTML, follow_redirects=False)
        assert page.status_code == 400 and "A request id is 1 to 64" in page.text
    assert put(web, client_id="%20").status_code == 400
    assert put(web, client_id="").status_code == 405
    assert web.get("/api/v1/vends").json()["items"] == []


def test_a_barcode_in_the_field_of_the_cash_sells_nothing(web):
    form = {**form_of(offer(web)), "drn": drn(1), "money": "5.00", "tender_1": "9999999999.99"}
    page = web.post("/sales", data=form, headers=HTML, follow_redirects=False)
    assert page.status_code == 400 and "more than 100 times what is due, 5.00 EUR" in page.text
    (row,) = web.get("/api/v1/vends").json()["items"]
    assert "token" not in row and row["code"] == "tender_invalid"
    again = {**form, **form_of(page), "tender_1": "10.00"}
    assert web.post("/sales", data=again, headers=HTML).status_code == 200


def test_a_sale_by_form(web):
    form = {**form_of(offer(web)), "drn": drn(1), "kwh": "20"}
    answer = web.post("/sales", data=form, headers=HTML, follow_redirects=False)
    assert answer.status_code == 303
    shown = web.get(answer.headers["location"], headers=HTML)
    sale = web.get("/api/v1/vends").json()["items"][0]
    assert [group in shown.text for group in sale["token_grouped"].split()] == [True] * 5
    # Sent again by a reload or a double click: the same sale.
    again = web.post("/sales", data=form, headers=HTML, follow_redirects=False)
    assert again.headers["location"] == answer.headers["location"]
    assert len(web.get("/api/v1/vends").json()["items"]) == 1
    assert form_of(offer(web))["client_id"] != form["client_id"]


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"drn": "01000000010", "kwh": "20"}, 400, "wrong check digit"),
        ({"drn": drn(9), "kwh": "20"}, 404, "not registered"),
        ({"drn": drn(1), "kwh": "<b>"}, 400, "&lt;b&gt;"),
        ({}, 400, "The amount is missing"),
    ],
)
def test_a_form_that_is_wrong_comes_back_with_a_sentence(web, form, status, words):
    first = str(uuid.uuid4())
    page = web.post("/sales", data={"client_id": first, **form}, headers=HTML)
    assert page.status_code == status
    assert words in page.text and 'role="alert"' in page.text
    assert form.get("drn", "") in page.text and "<b>" not in page.text
    assert "client_id" not in page.text or form_of(page)["client_id"] != first


def test_too_large_a_form(web):
    page = web.post("/customers", data={"name": "x" * 20_000}, headers=HTML)
    assert page.status_code == 413 and "larger than 10 KB" in page.text


def test_customers_and_meters_by_form(web, station):
    web.post("/customers", data={"name": "Ada <i>", "phone": "1", "address": ""}, headers=HTML)
    page = web.get("/customers", headers=HTML)
    assert "Ada &lt;i&gt;" in page.text and "C00001" in page.text
    form = {"drn": drn(4), "ea": "11", "account_no": "C00001", "collector_id": ""}
    page = web.post("/meters", data=form, headers=HTML)
    assert page.status_code == 200 and "Ada &lt;i&gt;" in page.text
    assert see(station, registry_views.find_meter, drn(4)).ea == "11"
    again = web.post("/meters", data=form, headers=HTML)
    assert again.status_code == 409 and "registered already" in again.text
    assert web.post("/customers", data={"name": ""}, headers=HTML).status_code == 400


def test_pages_of_an_empty_station(tmp_path):
    with Station.create(tmp_path / "empty") as empty:
        web = TestClient(create_app(empty), base_url=BASE)
        assert "no meters yet" in web.get("/sales", headers=HTML).text
        assert "No meters yet" in web.get("/meters", headers=HTML).text
        assert "No customers yet" in web.get("/customers", headers=HTML).text


def test_the_first_page_is_the_sales_page_without_a_bench(web):
    answer = web.get("/", headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sales")
    assert "Bench" not in web.get("/sales", headers=HTML).text


def test_pages_and_programs_get_errors_they_can_read(web):
    missing = {"error": "There is no such page.", "code": "not_found"}
    assert web.get("/none").json() == missing
    page = web.get("/none", headers=HTML)
    assert page.status_code == 404 and "There is no such page." in page.text
    assert web.delete("/sales").status_code == 405
    assert web.get("/sales?id=unknown", headers=HTML).status_code == 404


def test_nothing_is_loaded_from_elsewhere(web, station):
    do(station, customers.add_customer, "Ada")
    put(web)
    for path in ("/sales", "/meters", "/customers", "/none"):
        text = web.get(path, headers=HTML).text
        found = set(re.findall(r'(?:src|href|action)="([^"]+)"', text)) - {"#main"}
        assert found and all(re.match(r"/(?!/)", link) for link in found)
        for link in found:
            assert web.get(link, headers=HTML).status_code == 200, link


# Other web pages


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
        {"host": "evil.example:8020", "origin": "http://evil.example:8020"},
        {"host": ""},
    ],
)
def test_other_pages_are_kept_out(web, headers):
    refused = put(web, headers=headers)
    assert refused.status_code == 403
    assert list(refused.json()) == ["error", "code"] and refused.json()["code"] == "forbidden"
    form = {"drn": drn(1), "kwh": "20", "client_id": "a"}
    assert web.post("/sales", data=form, headers=headers).status_code == 403
    assert web.get("/api/v1/vends").json()["items"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": BASE},
        {"host": "localhost:8020", "origin": "http://localhost:8020"},
        {"host": "[::1]:8020", "origin": "http://[::1]:8020"},
        {"origin": BASE, "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_our_own_pages_and_programs_are_let_in(web, headers):
    assert put(web, headers=headers).status_code == 200


def test_reading_by_a_rebound_name_is_refused(web):
    assert web.get("/api/v1/vends", headers={"host": "evil.example"}).status_code == 403


def test_pages_say_what_they_may_load(web):
    headers = web.get("/sales", headers=HTML).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_background_work_lives_as_long_as_the_server(station):
    seen = []

    async def work():
        seen.append("started")
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    with TestClient(create_app(station, background=work), base_url=BASE) as client:
        client.get("/sales")
        assert seen == ["started"]
    assert seen == ["started", "ended"]


# Methods, sizes, and any body


ALLOWED = [
    ("/api/v1/vends", "DELETE", "GET, HEAD"),
    ("/api/v1/vends/a", "POST", "GET, HEAD, PUT"),
    ("/api/v1/meters", "PUT", "GET, HEAD, POST"),
    ("/api/v1/meters/1", "DELETE", "GET, HEAD, PATCH"),
    ("/api/v1/customers/1", "POST", "GET, HEAD, PATCH, DELETE"),
    ("/api/v1/lab/explain", "GET", "POST"),
    ("/api/v1/openapi.json", "POST", "GET, HEAD"),
    ("/sales", "DELETE", "GET, HEAD, POST"),
    ("/lab", "POST", "GET, HEAD"),
    ("/", "POST", "GET, HEAD"),
    ("/static/style.css", "POST", "GET, HEAD"),
    ("/sales", "TRACE", "GET, HEAD, POST"),
]


@pytest.mark.parametrize(("path", "method", "allow"), ALLOWED)
def test_another_method_is_answered_with_those_allowed(web, path, method, allow):
    answer = web.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.json()["code"] == "method_not_allowed"


READ = "/sales /meters /customers /lab /static/style.css /none /api/v1/openapi.json".split()
READ += [f"/api/v1/{name}" for name in ("vends", "meters", f"meters/{drn(1)}", "customers")]
READ += ["/api/v1/collectors", "/api/v1/link", "/api/v1/vends/unknown"]


@pytest.mark.parametrize("path", READ)
def test_head_is_answered_as_get_without_a_body(web, path):
    head, get = web.head(path), web.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("path", ["vends", "meters", "customers"])
def test_every_list_refuses_a_page_that_is_not_one(web, path):
    answer = web.get(f"/api/v1/{path}", params={"after": "zz~z"})
    assert (answer.status_code, answer.json()["code"]) == (400, "page_invalid")
    assert answer.json()["error"] == "There is no such page of the list."


def _report(station, **values):
    unknown = {c: None for c, _, _ in columns("state") if c not in ("at", "online")}
    online = values.pop("online", True)
    now = datetime.now(UTC)
    records.reports(station, [intake.Reading("c1", drn(1), now, online, {**unknown, **values})])


def _cell(web, name, row=f'data-drn="{drn(1)}"'):
    text = web.get("/meters", headers=HTML).text
    text = text[text.index(row) : text.index("</tr>", text.index(row))]
    found = re.search(rf'data-field="{name}">(.*?)</(?:td|div|p)>', text, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", found[1])).strip()


def test_the_page_of_meters_has_the_readings_without_script(web, station):
    assert [_cell(web, name) for name in ("credit", "power", "supply")] == ["", "", "no reading"]
    _report(station, credit_wh=12340, power_w=0, control_state=1)
    found = [_cell(web, name) for name in ("credit", "power", "supply")]
    assert found == ["12.34", "0", "connected"]
    _report(station, control_state=0, open_reasons=5, relay_fault=True, krn=2, sgc=7)
    assert _cell(web, "credit") == _cell(web, "power") == "unknown"
    supply = _cell(web, "supply")
    assert supply == "⚠ relay fault disconnected ledger fault · no credit"
    assert _cell(web, "key").startswith("in the meter: SGC 000007 · KRN 2 · KT unknown")
    _report(station, online=False, fault="device failure", crash="<b>MemoryError</b>")
    assert _cell(web, "supply") == "device failure crashed &lt;b&gt;MemoryError&lt;/b&gt;"


def test_the_page_of_meters_has_the_collectors_without_script(web, station):
    row = 'data-collector="c1"'
    assert _cell(web, "state", row) == "nothing received yet"
    records.reports(station, [intake.CollectorStatus("c1", True)])
    records.reports(station, [intake.CollectorAbout("c1", "0.1.0", "OSError: 5")])
    assert _cell(web, "state", row).startswith("online")
    assert re.search(r"crashed</span>\s*OSError: 5", web.get("/meters", headers=HTML).text)
    assert _cell(web, "version", row) == "0.1.0"


def test_a_large_body_is_refused_before_it_is_read(web):
    for path, method in (("/api/v1/vends/a", "PUT"), ("/api/v1/lab/explain", "POST")):
        for content in (b" " * 70_000, (b" " * 1000 for _ in range(70))):
            answer = web.request(method, path, **_json(content))
            assert answer.status_code == 413
            assert answer.json() == {
                "error": "The request is larger than 64 KB.",
                "code": "too_large",
            }
    assert put(web).status_code == 200


def test_lists_come_in_parts(web, station):
    seen, after = [], None
    for _ in range(4):
        asked = {"limit": 1, **({"after": after} if after else {})}
        part = web.get("/api/v1/meters", params=asked).json()
        seen += [meter["drn"] for meter in part["items"]]
        after = part["next"]
        if after is None:
            break
    assert seen == [drn(1), drn(2), drn(3)]
    found = web.get("/api/v1/meters", params={"search": drn(2)[4:]}).json()
    assert [meter["drn"] for meter in found["items"]] == [drn(2)]
    assert web.get("/api/v1/meters?limit=0").status_code == 422
    assert web.get("/api/v1/meters?limit=1_0").status_code == 422


def test_pages_list_in_parts_too(web, station):
    with station.work("test") as work:
        for number in range(60):
            customers.add_customer(work, f"Customer {number:02d}")
    first = web.get("/customers", headers=HTML).text
    assert "Customer 49" in first and "Customer 50" not in first
    following = re.search(r'href="([^"]+)" rel="next"', first).group(1).replace("&amp;", "&")
    second = web.get("/customers" + following, headers=HTML).text
    assert "Customer 50" in second and "Customer 49" not in second and "Next part" not in second
    found = web.get("/customers?search=mer+07", headers=HTML).text
    assert "Customer 07" in found and "Customer 08" not in found


def _operations(web):
    described = web.get("/api/v1/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_answer_has_a_schema(web):
    operations = list(_operations(web))
    assert len(operations) > 12
    for path, method, operation in operations:
        answers = operation["responses"]
        assert "422" not in answers, path
        for status, answer in answers.items():
            if "application/json" not in answer.get("content", {}):
                assert status == "204" or "content" in answer, path
                continue  # a document: PDF, CSV, XLSX
            schema = answer["content"]["application/json"]["schema"]
            assert "$ref" in schema or "$ref" in schema["items"], (path, method, status)
            if status == "default":
                assert schema["$ref"].endswith("/ErrorAnswer")


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from(["5_0", "1,500", "\ud800", "\x00", "9" * 400, drn(1), "-1", "NaN"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)
_NAMES = "drn kwh ea dkga bdt sgc krn kt ti ken tct collector_id account_no status name phone"
_NAMES += " address token sale key meter mfr token_bits clear_bits repair rounds amount x"


@given(st.data())
@settings(
    max_examples=examples(50),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_body_is_the_servers_fault(web, data):
    """Whatever is sent, it is understood or refused with a sentence."""
    writing = [op for op in _operations(web) if op[1] != "get"]
    path, method, _ = data.draw(st.sampled_from(writing))
    path = re.sub(r"\{[a-z_]+\}", data.draw(st.sampled_from([drn(1), "a", "C1"])), path)
    body = data.draw(st.dictionaries(st.sampled_from(_NAMES.split()), JUNK, max_size=6) | JUNK)
    text = json.dumps(body, allow_nan=True).encode()
    answer = web.request(method, path, **_json(text))
    assert answer.status_code < 500, (path, method, body)
    if answer.status_code >= 400:
        assert set(answer.json()) == {"error", "code"}


# Meter numbers that lost their zeros


def test_a_meter_number_without_its_zeros(web):
    long = "0012345678903"
    assert web.post("/api/v1/meters", json={"drn": long}).status_code == 201
    sold = web.put("/api/v1/vends/z", json={"drn": "12345678903", "kwh": 5}).json()
    assert sold["drn"] == long
    again = web.put("/api/v1/vends/z", json={"drn": long, "kwh": 5}).json()
    assert again["token"] == sold["token"]
    twin = web.post("/api/v1/meters", json={"drn": "12345678903"})
    assert twin.status_code == 409 and long in twin.json()["error"]
    wrong = web.put("/api/v1/vends/y", json={"drn": "12345678904", "kwh": 5}).json()
    assert "check digit" in wrong["error"] and "should" not in wrong["error"]


def test_trouble_with_the_broker_is_on_every_page(station):
    class Away:
        collector, reachable, sentence = "c1", False, "c1 has not answered for a minute."

    class Trouble:
        state, sentence, ok = "failed", "The broker <x> refuses the password.", False
        collectors = (Away(),)

    app = create_app(station, link=lambda: Trouble())
    web = TestClient(app, base_url=BASE)
    for path in ("/sales", "/meters", "/customers", "/lab", "/none"):
        text = web.get(path, headers=HTML).text
        assert "The broker &lt;x&gt; refuses the password." in text
    assert web.get("/api/v1/link").json() == {
        "state": "failed",
        "sentence": Trouble.sentence,
        "ok": False,
        "collectors": [
            {"collector": "c1", "reachable": False, "sentence": Away.sentence},
        ],
    }
    well = TestClient(create_app(station), base_url=BASE)
    assert "link-trouble" not in well.get("/sales", headers=HTML).text
    assert well.get("/api/v1/link").json()["ok"] is True
