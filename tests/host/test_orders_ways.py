"""Orders by the API, the page of a meter and the command line."""

import json
import re

import pytest
from cli_kit import Shell
from fastapi.testclient import TestClient
from station_kit import Clock, drn, new_station, see

from tjugo.station.link import records
from tjugo.station.operators.permissions import visitor
from tjugo.station.orders import service, views
from tjugo.station.storage.tables import AuditEvent
from tjugo.web.app import create_app

ORDERS = "/api/v1/orders"


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state", Clock()) as opened:
        yield opened


def web_of(station, role="engineer", accept="application/json"):
    app = create_app(station, visitor=visitor(role, f"op:{role}", role.title()))
    return TestClient(app, base_url="http://127.0.0.1", headers={"accept": accept})


def test_an_order_by_the_api(station):
    with web_of(station) as web:
        body = {"drn": drn(1), "kind": "settings", "settings": {"overload_w": 3000}}
        made = web.put(f"{ORDERS}/a", json=body)
        assert made.status_code == 200, made.text
        found = made.json()
        assert (found["state"], found["values"]) == ("queued", {"overload_w": 3000})
        assert (found["actor"], found["proved"], found["result"]) == ("op:engineer", False, None)
        assert web.put(f"{ORDERS}/a", json=body).json() == found
        assert web.get(f"{ORDERS}/a").json() == found
        assert web.get(ORDERS, params={"drn": drn(1)}).json() == [found]
        assert web.get(ORDERS, params={"drn": drn(2)}).json() == []
        again = web.put(f"{ORDERS}/a", json={**body, "settings": {"overload_w": 1}})
        assert (again.status_code, again.json()["code"]) == (409, "request_id_used")
        cancelled = web.post(f"{ORDERS}/a:cancel")
        assert cancelled.json()["state"] == "cancelled"
        assert web.post(f"{ORDERS}/a:cancel").json()["code"] == "order_sent"
        assert web.get(f"{ORDERS}/z").status_code == 404
        mode = {"drn": drn(1), "kind": "settings", "settings": {"malignant.mode": "trip"}}
        assert web.put(f"{ORDERS}/m", json=mode).json()["values"] == {"malignant.mode": 2}
    with station.view() as view:
        asked = view.session.query(AuditEvent).filter_by(action="orders.ask").all()
        assert [event.detail for event in asked] == [
            "settings: overload_w=3000",
            "cancelled settings: overload_w=3000",
            "settings: malignant.mode=2",
        ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "burn"}, "order_invalid"),
        ({"kind": "open", "settings": {"overload_w": 1}}, "order_invalid"),
        ({"kind": "settings", "settings": {"key": 1}}, "order_invalid"),
        ({"kind": "settings", "settings": {"overload_w": True}}, "invalid"),
        ({"kind": "settings", "settings": {"overload_w": 1.5}}, "invalid"),
        ({"kind": "prices", "prices": {"price": "x"}}, "order_invalid"),
        ({"kind": "prices", "prices": {"price": "1"}}, "order_invalid"),
        ({"kind": "open", "hours": 0}, "order_invalid"),
        ({"kind": "open", "drn": drn(3)}, "order_needs_collector"),
        ({"kind": "open", "more": 1}, "invalid"),
    ],
)
def test_what_the_api_refuses(station, body, code):
    with web_of(station) as web:
        made = web.put(f"{ORDERS}/a", json={"drn": drn(1), **body})
        assert made.status_code >= 400 and made.json()["code"] == code, made.text
        assert made.json()["error"]
    assert see(station, views.orders) == []


def test_who_may_order(station):
    body = {"drn": drn(1), "kind": "open"}
    for role in ("cashier", "finance", "auditor"):
        with web_of(station, role) as web:
            assert web.put(f"{ORDERS}/{role}", json=body).status_code == 403
            seen = web.get(ORDERS).status_code
            assert seen == (200 if role == "auditor" else 403)
    for role in ("supervisor", "engineer", "administrator"):
        with web_of(station, role) as web:
            assert web.put(f"{ORDERS}/{role}", json=body).status_code == 200
    assert len(see(station, views.orders)) == 3


def test_the_page_of_a_meter(station):
    path = f"/meters/{drn(1)}"
    with web_of(station, accept="text/html") as web:
        page = web.get(path).text
        assert "No order yet." in page
        client_id = re.search(r'name="client_id" value="([^"]+)"', page)[1]
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        form = {"client_id": client_id, "kind": "open"} | ({"csrf": csrf[1]} if csrf else {})
        for _ in range(2):  # sent twice, it is one order
            page = web.post(f"{path}/orders", data=form).text
            assert page.count("waits to be sent") == 1
        assert "Disconnect the supply" in page and ">Cancel</button>" in page
        wrong = web.post(f"{path}/orders", data={**form, "client_id": "b", "kind": "prices"})
        assert wrong.status_code == 400 and "NAME=VALUE" in wrong.text
        cancel = {**form, "action": "cancel", "client": "web"}
        page = web.post(f"{path}/orders", data=cancel).text
        assert "cancelled before it was sent" in page and ">Cancel</button>" not in page
        assert "No collector serves this meter" in web.get(f"/meters/{drn(3)}").text
    with web_of(station, "auditor", "text/html") as web:
        page = web.get(path).text
        assert "cancelled before it was sent" in page and 'id="f-order"' not in page
    with web_of(station, "cashier", "text/html") as web:
        assert "Orders to the meter" not in web.get(path).text


def test_the_command_line(station, monkeypatch, capsys):
    shell = Shell(station.state_dir, monkeypatch, capsys)
    made = shell.fine("meter", "order", drn(1), "settings", "overload_w=3000", "--id", "a")
    assert made == (f"Meter {drn(1)}: settings: overload_w=3000: waits to be sent\nOrder id: a\n")
    found = json.loads(shell.fine("meter", "order", drn(2), "restore", "--hours", "2", "--json"))
    assert (found["kind"], found["state"]) == ("restore", "queued")
    assert found["actor"] == "cli:ada"
    rows = json.loads(shell.fine("meter", "orders", "--json"))
    assert [row["drn"] for row in rows] == [drn(2), drn(1)] or len(rows) == 2
    (job, _) = records.open_jobs(station)
    records.mark_sent(station, [job])
    assert "it was sent" in shell.refused("meter", "cancel-order", "a")
    for words, text in (
        (("settings", "overload_w"), "not NAME=VALUE"),
        (("settings", "a=1", "a=2"), "not NAME=VALUE"),
        (("settings", "overload_w=x"), "overload_w"),
        (("settings", "gains=1"), "cannot change the setting"),
        (("prices", "price=1"), "counts energy"),
    ):
        done = shell.run("meter", "order", drn(1), *words)
        assert done.status == 2 and text in done.err and done.out == "", done
    assert see(station, service.found, "cli", "a").state == "sent"
    assert "No order yet" in shell.fine("meter", "orders", drn(3))
