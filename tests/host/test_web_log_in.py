"""The pages of log-in, account, operators, API clients, approvals and audit."""

import html
import re

import pyotp
import pytest
from people_kit import HTML, PASSWORD, add, add_factor, client, log_in, post
from station_kit import Clock, do, drn, new_station, see

from tjugo.errors import TjugoError
from tjugo.station import settings
from tjugo.station.audit import chain
from tjugo.station.operators import approvals, clients, credentials, people, sessions

COOKIE = "tjugo_session_8020"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with new_station(tmp_path / "state", clock) as station:
        add(station, "ana")
        yield station


@pytest.fixture
def web(station):
    with client(station) as web:
        yield web


def shown(page, name):
    """Return the text of the element that shows a secret once."""
    found = re.search(rf'data-testid="{name}">([^<]+)<', page.text)
    assert found, page.text
    return html.unescape(found[1])


def test_the_cookie_of_a_session(web):
    cookie = log_in(web, "ana").headers["set-cookie"]
    assert re.match(rf"{COOKIE}=[\w-]{{43}};", cookie)
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_the_cookie_under_tls(station):
    with client(station) as web:
        web.base_url = "https://127.0.0.1:8020"
        assert "; Secure" in log_in(web, "ana").headers["set-cookie"]


def test_a_wrong_password(web):
    page = web.post("/login", data={"operator": "ana", "password": "x"}, headers=HTML)
    assert page.status_code == 401
    assert "The log-in name or the password is wrong." in page.text
    assert COOKIE not in web.cookies


def test_where_the_log_in_leads(web):
    for then, target in (
        ("/audit?search=a", "/audit?search=a"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/logout", "/"),
        ("", "/"),
    ):
        data = {"operator": "ana", "password": PASSWORD, "next": then}
        assert web.post("/login", data=data).headers["location"] == target


def test_a_log_out(web):
    log_in(web, "ana")
    kept = web.cookies[COOKIE]
    assert web.get("/audit").headers["cache-control"] == "no-store"
    answer = post(web, "/logout", page="/audit")
    assert answer.headers["location"] == "/login" and COOKIE not in web.cookies
    web.cookies.set(COOKIE, kept)
    assert web.get("/api/v1/customers").status_code == 401


def test_a_log_in_over_another_one(web, station, clock):
    """A browser has one session: the earlier one ends."""
    add(station, "ben", "cashier")
    log_in(web, "ana")
    earlier = web.cookies[COOKIE]
    assert log_in(web, "ben").status_code == 303
    assert see(station, sessions.find, earlier, clock()) is None
    assert "Ben" in web.get("/customers", headers=HTML).text


def test_idle_time_and_scripts(web, clock, station):
    """Requests of a script that refreshes a page are no use of it."""
    log_in(web, "ana")
    for _ in range(3):
        clock.forward(minutes=10)
        assert web.get("/audit").status_code == 200
    for minutes, status in ((10, 200), (6, 401)):
        clock.forward(minutes=minutes)
        answer = web.get("/api/v1/vends", headers={"sec-fetch-dest": "empty"})
        assert answer.status_code == status


def test_another_idle_time(web, clock, station):
    do(station, settings.put, "session_idle_minutes", "1")
    log_in(web, "ana")
    clock.forward(seconds=61)
    assert web.get("/audit", headers=HTML).status_code == 303


def test_the_second_factor(web, station, clock):
    device, _ = add_factor(station, "ana")
    assert log_in(web, "ana").headers["location"] == "/login/factor?next=%2F"
    assert web.get("/audit", headers=HTML).status_code == 303
    assert web.get("/api/v1/customers").status_code == 401
    half = web.cookies[COOKIE]
    wrong = web.post("/login/factor", data={"code": "123"}, headers=HTML)
    assert wrong.status_code == 401 and "This code is wrong" in wrong.text
    data = {"code": device.at(clock()), "next": "/audit"}
    assert web.post("/login/factor", data=data).headers["location"] == "/audit"
    assert web.cookies[COOKIE] != half
    assert web.get("/audit").status_code == 200


def test_a_new_operator_from_the_first_password_to_the_second_factor(web, station, clock):
    log_in(web, "ana")
    fields = {"operator": "ben", "name": "Ben O", "role": "cashier", "sale_limit": "500.50"}
    made = post(web, "/operators", **fields, day_limit="")
    first = shown(made, "password")
    assert see(station, people.person, "ben").sale_limit == 50050
    assert first not in web.get("/operators", headers=HTML).text
    with client(station) as other:
        assert log_in(other, "ben", first).status_code == 303
        assert other.get("/sales", headers=HTML).headers["location"] == "/account"
        refused = other.get("/api/v1/customers")
        assert (refused.status_code, refused.json()["code"]) == (403, "password_change_needed")
        own = {"password": first, "new": "blue-table-44", "again": "blue-table-44"}
        for change, words in (
            ({"again": "x"}, "differently twice"),
            ({"new": "short", "again": "short"}, "10 to 200"),
            ({"password": "wrong"}, "present password is wrong"),
            ({"new": first, "again": first}, "is the old one"),
        ):
            page = post(other, "/account/password", "/account", **{**own, **change})
            assert words in page.text and page.status_code in (400, 401)
        done = post(other, "/account/password", "/account", **own)
        assert done.headers["location"] == "/account?done=password"
        assert other.get("/sales", headers=HTML).status_code == 200
        _enrol(other, clock)
    with client(station) as other:
        location = log_in(other, "ben", "blue-table-44").headers["location"]
        assert location.startswith("/login/factor")


def _enrol(web, clock, password="blue-table-44"):
    page = post(web, "/account/factor/begin", "/account", password=password)
    secret = shown(page, "secret").replace(" ", "")
    assert "<svg" in page.text and page.headers["cache-control"] == "no-store"
    sealed = re.search(r'name="sealed" value="([^"]+)"', page.text)
    assert sealed and secret not in sealed[1]
    fields = {"sealed": sealed[1]}
    page = post(web, "/account/factor", "/account", **fields, code="000000")
    assert page.status_code == 401 and shown(page, "secret").replace(" ", "") == secret
    code = pyotp.TOTP(secret).at(clock())
    page = post(web, "/account/factor", "/account", **fields, code=f"{code[:3]} {code[3:]}")
    assert page.text.count("<li>") == 10 and page.headers["cache-control"] == "no-store"
    again = post(web, "/account/codes", "/account", password=password)
    assert again.text.count("<li>") == 10


def test_a_role_whose_operators_must_set_a_second_factor(web, station, clock):
    add(station, "ben", "cashier")
    do(station, settings.put, "factor_required", "cashier, finance")
    log_in(web, "ana")
    assert web.get("/audit", headers=HTML).status_code == 200  # another role
    with client(station) as other:
        log_in(other, "ben")
        assert other.get("/sales", headers=HTML).headers["location"] == "/account"
        refused = other.get("/api/v1/customers")
        assert (refused.status_code, refused.json()["code"]) == (403, "factor_needed")
        page = other.get("/account", headers=HTML).text
        assert "Your role needs a second factor" in page and "f-new" not in page
        assert '<a href="/sales"' not in page
        _enrol(other, clock, PASSWORD)
        assert other.get("/sales", headers=HTML).status_code == 200
    with client(station) as other:
        assert log_in(other, "ben").headers["location"].startswith("/login/factor")
    do(station, credentials.reset_factor, "ben")
    with client(station) as other:
        log_in(other, "ben")
        assert other.get("/sales", headers=HTML).headers["location"] == "/account"
        do(station, settings.put, "factor_required", "none")
        assert other.get("/sales", headers=HTML).status_code == 200
    do(station, settings.put, "factor_required", "all")
    assert web.get("/audit", headers=HTML).headers["location"] == "/account"
    with pytest.raises(TjugoError, match="none, all, or some of"):
        do(station, settings.put, "factor_required", "cashier,boss")


def test_an_administrator_changes_an_operator(web, station):
    add(station, "ben", "cashier")
    add_factor(station, "ben")
    log_in(web, "ana")
    with client(station) as other:
        log_in(other, "ben")
        edit = {"name": "Ben", "role": "supervisor", "day_limit": "1000"}
        assert post(web, "/operators/ben", **edit).status_code == 303
        person = see(station, people.person, "ben")
        assert (person.role, person.day_limit, person.sale_limit) == ("supervisor", 100000, None)
        bad = post(web, "/operators/ben", **{**edit, "day_limit": "1,500"})
        assert bad.status_code == 400 and "The limit of a day" in bad.text
        assert post(web, "/operators/ben/factor", "/operators/ben").status_code == 303
        assert not see(station, people.person, "ben").has_totp
        new = shown(post(web, "/operators/ben/password", "/operators/ben"), "password")
        assert log_in(other, "ben").status_code == 401
        assert log_in(other, "ben", new).headers["location"] == "/"
        assert post(web, "/operators/ben/active", "/operators/ben", active="0").status_code == 303
        assert other.get("/account", headers=HTML).status_code == 303
    page = post(web, "/operators/ana/active", "/operators/ana", active="0")
    assert page.status_code == 409 and "One active administrator must be left" in page.text
    assert web.get("/operators/nobody").status_code == 404


def test_api_clients(web, station):
    log_in(web, "ana")
    fields = {"client": "shop", "name": "Shop", "scope_read": "1", "addresses": "10.0.0.0/8 ::1"}
    key = shown(post(web, "/clients", **fields), "key")
    assert key not in web.get("/clients").text
    assert see(station, clients.clients)[0].addresses == ["10.0.0.0/8", "::1/128"]
    headers = {"authorization": f"Bearer {key}"}
    with client(station) as program:
        program._transport.client = ("10.9.9.9", 5000)
        assert program.get("/api/v1/customers", headers=headers).status_code == 200
        program._transport.client = ("192.168.1.1", 5000)
        answer = program.get("/api/v1/customers", headers=headers)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert post(web, "/clients/shop/active", "/clients", active="0").status_code == 303
    assert shown(post(web, "/clients/shop/key", "/clients"), "key") != key
    bad = post(web, "/clients", client="shop2", name="Shop")
    assert bad.status_code == 400 and "A client has a scope" in bad.text


def test_two_programs_do_not_get_each_others_sales(web, station):
    """Each client has ids of its own: the same id is another sale, with another token."""
    sales = []
    body = {"drn": drn(1), "kwh": 5}
    for name in ("shop", "bank"):
        key = do(station, clients.add, name, name, ["sell"])
        headers = {"authorization": f"Bearer {key}"}
        sold = web.put("/api/v1/vends/1", json=body, headers=headers)
        assert sold.status_code == 200, sold.text
        assert web.put("/api/v1/vends/1", json=body, headers=headers).json() == sold.json()
        assert web.get("/api/v1/vends/1", headers=headers).json()["token"] == sold.json()["token"]
        sales.append(sold.json())
    assert [sale["client"] for sale in sales] == ["api:shop", "api:bank"]
    assert sales[0]["token"] != sales[1]["token"]


@pytest.mark.parametrize("given", ["Basic YTpi", "Bearer", "Bearer tjk_wrong", "tjk_x"])
def test_wrong_keys(web, station, given):
    answer = web.get("/api/v1/customers", headers={"authorization": given})
    assert answer.status_code == 401
    text = repr([vars(event) for event in see(station, lambda v: list(chain.events(v)))])
    assert "tjk_wrong" not in text


def test_wrong_keys_are_limited_by_address(web, station):
    headers = {"authorization": "Bearer tjk_wrong"}
    statuses = [web.get("/api/v1/customers", headers=headers).status_code for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    events = see(station, lambda view: list(chain.events(view)))
    assert len([event for event in events if event.action == "clients.use"]) == 20


def test_approvals(web, station, monkeypatch):
    done = []
    action = approvals.Action("test.do", lambda work, payload: done.append(payload))
    monkeypatch.setitem(approvals.ACTIONS, "test.do", action)
    for actor in ("op:ana", "op:ben"):
        with station.work(actor) as work:
            approvals.ask(work, "test.do", f"of {actor}", {"units": 7})
    log_in(web, "ana")
    page = web.get("/approvals", headers=HTML).text
    assert page.count("<article") == 2 and page.count('value="approve"') == 1
    of = {row.maker: row.approval for row in see(station, approvals.approvals)}
    own = post(web, f"/approvals/{of['op:ana']}", "/approvals", decision="approve")
    assert own.status_code == 403 and "Another person must decide" in own.text
    other = post(web, f"/approvals/{of['op:ben']}", "/approvals", decision="approve", note="ok")
    assert other.status_code == 303 and done == [{"units": 7}]
    events = see(station, lambda view: list(chain.events(view)))
    assert events[-2].outcome == "refused" and "approved" in events[-1].detail


def test_an_approval_that_nobody_decides_is_shown_as_expired(web, station, clock, monkeypatch):
    action = approvals.Action("test.do", lambda work, payload: None)
    monkeypatch.setitem(approvals.ACTIONS, "test.do", action)
    with station.work("op:ben") as work:
        approval = approvals.ask(work, "test.do", "of Ben", {"units": 7})
    clock.forward(days=8)
    log_in(web, "ana")
    page = web.get("/approvals", headers=HTML).text
    assert "Nothing is waiting." in page and "<td>expired</td>" in page
    late = post(web, f"/approvals/{approval}", "/approvals", decision="approve")
    assert late.status_code == 409 and "This request is expired" in late.text


def test_the_audit_page(web, station):
    log_in(web, "ana")
    web.post("/login", data={"operator": "ana", "password": "no"})
    page = web.get("/audit?outcome=refused", headers=HTML).text
    assert "wrong password" in page and "added as administrator" not in page
    page = web.get("/audit?search=added&verify=1", headers=HTML).text
    assert "added as administrator" in page and "none changed, removed or added" in page
    for number in range(60):
        with station.work("op:x") as work:
            chain.record(work, "settings.edit", f"setting {number}")
    page = web.get("/audit?search=setting", headers=HTML).text
    following = re.search(r'href="(\?[^"]*)" rel="next"', page)
    assert following
    more = web.get("/audit" + html.unescape(following[1]), headers=HTML).text
    assert more.count("setting ") >= 10 and "added as" not in more
    assert web.get("/audit?after=x", headers=HTML).status_code == 400
