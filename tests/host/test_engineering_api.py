"""Engineering tokens, key changes and refused tokens over HTTP and at the command line."""

import json

import pytest
from cli_kit import Shell
from engineering_kit import EA07, EA11, Meter, decide, make_station, plan, sell
from fastapi.testclient import TestClient
from station_kit import drn

from sts_portable import results
from tjugo.station.station import Station
from tjugo.web.app import create_app

PUT = "/api/v1/engineering/"


@pytest.fixture
def station(tmp_path):
    with make_station(tmp_path / "state") as made:
        yield made


@pytest.fixture
def web(station):
    with TestClient(create_app(station), base_url="http://127.0.0.1") as client:
        yield client


def test_a_test_token(web):
    found = web.put(PUT + "a", json={"kind": "display_krn"})
    assert found.status_code == 200
    assert found.json()["tokens"][0]["token_grouped"] == "1844 6744 0738 4377 2416"
    assert web.get(PUT + "a").json() == found.json()
    assert web.put(PUT + "a", json={"kind": "display_ti"}).status_code == 409
    assert len(web.get("/api/v1/engineering").json()) == 1
    kinds = {row["kind"]: row for row in web.get("/api/v1/engineering-kinds").json()}
    assert kinds["clear_credit"]["approval"] == "always"


def test_a_risky_token_answers_202_until_it_is_approved(web, station):
    body = {"kind": "clear_tamper", "drn": EA07}
    waiting = web.put(PUT + "a", json=body)
    assert (waiting.status_code, waiting.json()["state"]) == (202, "waiting")
    decide(station, waiting.json()["approval"])
    issued = web.put(PUT + "a", json=body)
    assert (issued.status_code, issued.json()["state"]) == (200, "issued")
    assert Meter(station, EA07).enter(issued.json()["tokens"][0]["token"]) == results.ACCEPT


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "nonsense"}, 400),
        ({"kind": "display_krn", "drn": drn(99)}, 404),
        ({"kind": "power_limit", "drn": EA07, "value": 1.5}, 422),
        ({"kind": "power_limit", "drn": EA07, "value": 10**30}, 422),
        ({"kind": "power_limit", "drn": EA07, "more": 1}, 422),
        ({"kind": "set_flag", "drn": EA07, "value": 1}, 400),
    ],
)
def test_bad_input_is_a_sentence(web, body, status):
    found = web.put(PUT + "a", json=body)
    assert found.status_code == status
    assert found.json()["error"].endswith(".")


def test_a_key_change_from_the_plan_to_the_confirmation(web, station):
    asked = web.post("/api/v1/key-changes", json={"changes": {"krn": 2}, "drns": [EA11]})
    assert (asked.status_code, asked.json()["meters"]) == (202, 1)
    decide(station, asked.json()["approval"])
    issued = web.put("/api/v1/key-change-tokens/k", json={"drn": EA11}).json()
    assert [one["kind"] for one in issued["tokens"]] == [f"key_change_{n}" for n in (1, 2, 3, 4)]
    token = sell(station, EA11, "s")[-1]
    path = f"/api/v1/key-changes/{EA11}"
    cancel = web.post(f"{path}/cancel", json={"why": "unused"})
    assert (cancel.status_code, cancel.json()["approval"] is None) == (202, False)
    assert web.post(f"{path}/accepted", json={"token": "1" * 20}).json() == {"confirmed": False}
    assert web.post(f"{path}/accepted", json={"token": token.digits}).json()["confirmed"]
    assert web.post(f"{path}/confirm", json={"why": "read"}).status_code == 404
    (row,) = web.get("/api/v1/key-changes?state=confirmed").json()["items"]
    assert (row["drn"], row["target"]["krn"], row["replaced"]["krn"]) == (EA11, 2, 1)
    assert web.get("/api/v1/key-changes?state=none").status_code == 400
    assert web.get("/api/v1/base-dates").json()[0]["meters"] == 2
    unknown = web.get("/api/v1/base-dates/zz/meters")
    assert (unknown.status_code, unknown.json()) == (
        404,
        {"error": "There is no base date 'zz': 93, 14, 35.", "code": "base_date_unknown"},
    )
    assert web.get("/api/v1/key-change-campaigns").json() == []


def test_a_refused_token_and_its_replacement(web, station):
    forgotten = sell(station, EA07, "old")[-1]
    plan(station, EA07, krn=2)
    sell(station, EA07, "new")
    body = {"drn": EA07, "token": forgotten.digits, "shown": "CRCError"}
    assert web.post("/api/v1/refused-tokens", json=body).json()["code"] == "key_changed"
    web.post(f"/api/v1/key-changes/{EA07}/confirm", json={"why": "KRN 2 on the display"})
    found = web.post("/api/v1/refused-tokens", json={**body, "krn": 2}).json()
    assert found["offers"] == ["replace"]
    of = {"drn": EA07, "bdt": found["bdt"], "tid": found["tid"], "why": "old key"}
    waiting = web.post("/api/v1/replacements", json=of)
    assert waiting.status_code == 202
    decide(station, waiting.json()["approval"])
    issued = web.post("/api/v1/replacements", json=of).json()
    assert issued["tokens"][0]["kwh"] == "20.0"
    assert web.post("/api/v1/refused-tokens", json={**body, "shown": "?"}).status_code == 400


def test_a_meter_that_was_replaced(web, station):
    token = sell(station, EA07, "s")[-1]
    path = f"/api/v1/meters/{EA07}/carry-over"
    asked = {"credit": "7.5", "why": "display"}
    assert web.post(path, json=asked).json()["code"] == "replacement_refused"
    body = {"drn": EA11, "reason": "meter changed"}
    assert web.post(f"/api/v1/meters/{EA07}/replacement", json=body).status_code == 200
    found = web.post("/api/v1/refused-tokens", json={"drn": EA11, "token": token.digits}).json()
    assert (found["code"], found["token_drn"]) == ("meter_replaced", EA07)
    of = {"drn": EA07, "bdt": "14", "tid": found["tid"], "tenths": 100, "why": "meter changed"}
    waiting = web.post(path, json=asked)
    assert (waiting.status_code, waiting.json()["state"]) == (202, "waiting")
    decide(station, waiting.json()["approval"])
    answer = web.post(path, json=asked).json()
    assert (answer["drn"], answer["tokens"][-1]["kwh"]) == (EA11, "7.5")
    assert answer["title"] == f"Credit that was left in meter {EA07}"
    taken = web.post("/api/v1/replacements", json=of).json()
    assert "The meter took this token: the 7.5 kWh" in taken["error"]
    again = web.post(path, json={**asked, "credit": "8"})
    assert (again.status_code, again.json()["code"]) == (409, "replacement_refused")


@pytest.fixture
def shell(station, tmp_path, monkeypatch, capsys):
    keys = station.backend
    opened = Station.open
    monkeypatch.setattr(
        Station, "open", classmethod(lambda cls, folder: opened(folder, station.clock, keys))
    )
    return Shell(tmp_path / "state", monkeypatch, capsys)


def test_the_commands(shell, station):
    assert "1844 6744 0738 4377 2416" in shell.fine("engineering", "issue", "display_krn")
    assert "needs approval" in shell.fine("engineering", "kinds")
    asked = shell.fine("engineering", "issue", "clear_credit", EA07, "--id", "c1")
    decide(station, approval_of(asked))
    assert "Clear credit: all credit" in shell.fine("engineering", "show", "c1")
    assert len(json.loads(shell.fine("engineering", "list", "--json"))) == 2
    decide(station, approval_of(shell.fine("key-change", "plan", EA07, "--krn", "2")))
    assert f"{EA07}   planned" in shell.fine("key-change", "list", "--status", "planned")
    printed = shell.fine("key-change", "issue", EA07)
    assert printed.count("key change") == 2
    short = EA07.lstrip("0")
    confirmed = shell.run("key-change", "confirm", short, "--how", "display")
    assert confirmed.out == f"Meter {EA07} has the key SGC 123457, KRN 2.\n"
    assert confirmed.err == f"Meter number {short} is read as {EA07}.\n"
    assert "No key change" in shell.refused("key-change", "confirm", EA07, "--how", "x")
    cancel = shell.refused("key-change", "cancel", EA07, "--why", "x")
    assert "No key change" in cancel


def test_a_campaign_at_the_command_line(shell, station):
    new = ("key-change", "campaign", "new", "June", "--krn", "2", "--from-bdt", "14")
    decide(station, approval_of(shell.fine(*new)))
    shown = shell.fine("key-change", "campaign", "status", "June")
    assert "June: 0 of 2 meters confirmed, 0 issued, 2 to do" in shown
    assert "Base date 14 (ends 2045-11-24): 2 meters" in shown
    assert "There is no campaign" in shell.refused("key-change", "campaign", "status", "May")


def test_a_refused_token_at_the_command_line(shell, station):
    token = sell(station, EA07, "s")[-1]
    said = shell.fine("refused", EA07, *token.grouped().split(), "--shown", "Too much credit")
    assert "cannot hold so much credit" in said
    assert token.grouped() in said
    again = shell.refused("refused", EA07, token.digits, "--replace", "lost")
    assert "can still be used" in again


def approval_of(text):
    """Return the number of the approval that a command asked for."""
    return text.partition("approval ")[2].split()[0].rstrip(".")


def test_the_commands_after_a_meter_was_replaced(shell, station):
    tokens = [sell(station, EA07, name)[-1] for name in ("a", "b")]
    shell.fine("meter", "replace", EA07, EA11, "--reason", "changed", "--yes")
    left = ("meter", "carry-over", EA07, "7.5", "--reason", "display")
    decide(station, approval_of(shell.fine(*left)))
    assert "replacement" in shell.fine(*left)
    for number in (EA07, EA11):  # by either number it is the same request
        given = ("refused", number, tokens[0].digits, "--replace", "changed")
        asked = shell.fine(*given)
        if number == EA07:
            decide(station, approval_of(asked))
    assert f"Meter {EA11}: Replacement of a token" in asked
