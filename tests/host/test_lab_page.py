"""The Token lab over HTTP: answers, refusals, and that key material is stored nowhere."""

import json
import logging

import pytest
from explain_kit import GAS, KEY02, PAN, VK02
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from station_kit import drn, new_station, see

from tjugo.station.audit import chain
from tjugo.station.registry.lab import ACTION
from tjugo.station.registry.meters import config_of
from tjugo.station.vending.purchase import parse_kwh
from tjugo.station.vending.vend import sell
from tjugo.web.api import lab as lab_routes
from tjugo.web.app import create_app
from tjugo.web.pages.lab import EXAMPLES

BASE = "http://127.0.0.1:8020"
URL = "/api/v1/lab/explain"
KEY = {"vk": VK02, "pan": PAN, "dkga": "02", "sgc": 123456, "bdt": "93"}


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def web(station):
    with TestClient(
        create_app(station, lab_meters=True), base_url=BASE, raise_server_exceptions=False
    ) as client:
        yield client


def ask(web, **body):
    return web.post(URL, json=body)


def test_the_page(web):
    page = web.get("/lab", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert 'href="/lab" aria-current="page"' in page.text
    assert drn(1) in page.text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_every_example_is_accepted(web, example):
    body = {name: part for name, part in example.items() if name != "name"}
    answer = ask(web, **body)
    assert answer.status_code == 200
    assert answer.json()["now"]["result"] in ("Accept", "1stKCT")


def test_an_explanation_and_an_experiment(web):
    plain = ask(web, token=f"{GAS[:4]} {GAS[4:]}", key=KEY)
    assert plain.headers["cache-control"] == "no-store"
    assert plain.json()["base"] == GAS and plain.json()["effect"] is None
    flipped = ask(web, token=GAS, key=KEY, token_bits=[40]).json()
    assert flipped["now"]["result"] == "CRCError"
    assert flipped["effect"]["token_bits"] == [40]


def test_a_sale_takes_the_stations_clock(web):
    answer = ask(web, sale={"amount": "20"}, key={**KEY, "bdt": "14"}).json()
    sold = next(step for step in answer["now"]["steps"] if step["id"] == "tid")["facts"][0]
    assert sold["value"] == "2026-11-22 12:00"
    assert (
        ask(web, token=answer["base"], key={**KEY, "bdt": "14"}).json()["now"]["result"]
        == "Accept"
    )


def test_a_registered_meters_token(web, station):
    sale = sell(station, "test", "1", drn(1), parse_kwh("20"))
    key = station.backend.decoder_key(see(station, config_of, drn(1))).hex()
    answer = ask(web, token=sale.digits, meter=drn(1))
    assert answer.json()["now"]["result"] == "Accept"
    assert key not in answer.text.replace(" ", "")
    for refused in (
        {"token": sale.digits, "clear_bits": [20]},
        {"token": sale.digits, "repair": True},
        {"token": sale.digits, "rounds": True},
        {"sale": {"amount": "20"}},
    ):
        reply = ask(web, meter=drn(1), **refused)
        assert reply.status_code == 400
        assert key not in reply.text.replace(" ", "")
    assert ask(web, token=sale.digits, meter=drn(9)).status_code == 404


WRONG = [
    ({}, 400, "Give a token or a sale."),
    ({"token": GAS, "sale": {"amount": "1"}}, 400, "Give a token or a sale."),
    ({"token": "12"}, 400, "A token has 20 digits; this one has 2."),
    ({"sale": {"amount": "20"}}, 400, "A sale needs a key."),
    ({"sale": {"amount": "20"}, "key": KEY, "repair": True}, 400, "Bits are flipped in a token"),
    ({"token": GAS, "key": KEY, "token_bits": [99]}, 400, "A token has the bits 0 to 65."),
    ({"token": GAS, "key": {"krn": "x"}}, 400, "KRN must be 1 to 9."),
    ({"token": GAS, "mfr": -1}, 422, "The field mfr must be at least 0."),
    ({"token": GAS, "surprise": 1}, 422, "The field surprise is not known here."),
    ({"token": GAS, "meter": drn(1), "key": KEY}, 400, "Give a key or a registered meter"),
]


@pytest.mark.parametrize(("body", "status", "words"), WRONG, ids=lambda value: str(value)[:30])
def test_errors_are_sentences(web, body, status, words):
    answer = ask(web, **body)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(words)


def test_other_pages_are_kept_out(web):
    body = {"token": GAS, "key": KEY}
    answer = web.post(URL, json=body, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


SECRET = "5ec2e75ec2e75ec2"
LEAKS = [
    {"token": GAS, "key": {"key": SECRET}},
    {"token": GAS, "key": {"key": SECRET + "zz"}},
    {"token": GAS, "key": {"key": SECRET + "00"}},
    {"token": GAS, "key": {"vk": SECRET, "pan": "1"}},
    {"token": GAS, "key": {"vk": SECRET + "g", "pan": PAN}},
    {"token": GAS, "key": {"vk": SECRET * 20, "pan": PAN}},
    {"token": GAS, "key": {"vk": [SECRET]}},
    {"token": GAS, "key": {"key": SECRET}, "rounds": "maybe"},
]


@pytest.mark.parametrize("body", LEAKS, ids=range(len(LEAKS)))
def test_keys_are_not_logged_stored_or_repeated(web, station, caplog, body):
    caplog.set_level(logging.DEBUG)
    answer = ask(web, **body)
    assert answer.status_code in (200, 400, 422)
    if answer.status_code != 200:
        assert SECRET not in answer.text
    assert SECRET not in caplog.text
    for path in station.state_dir.iterdir():
        assert SECRET.encode() not in path.read_bytes()
        assert bytes.fromhex(SECRET) not in path.read_bytes()


def test_an_unforeseen_error_does_not_log_the_key(web, monkeypatch, caplog):
    def breaks(*_arguments):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(lab_routes.lab, "run", breaks)
    answer = ask(web, token=GAS, key={"key": SECRET})
    assert answer.status_code == 500
    assert "unforeseen" in caplog.text and SECRET not in caplog.text


def test_rounds_of_a_licensees_tables_are_not_shown(web, monkeypatch):
    assert ask(web, token=GAS, key=KEY, rounds=True).status_code == 200
    monkeypatch.setattr(lab_routes, "sample_in_use", lambda: False)
    answer = ask(web, token=GAS, key=KEY, rounds=True)
    assert answer.status_code == 400 and "licensee" in answer.json()["error"]


def test_the_answer_is_the_commands(web):
    from tjugo.sts.explain import explain_token

    answer = ask(web, token=GAS, key=KEY, rounds=True).json()
    assert answer["now"] == json.loads(json.dumps(explain_token(GAS, KEY02, 0, True).as_json()))


def uses(station, number):
    done = see(station, lambda view: list(chain.events(view)))
    return [row.action for row in done if number in row.subject].count(ACTION)


def test_registered_meters_take_a_permission(station):
    with TestClient(create_app(station), base_url=BASE) as web:
        answer = ask(web, token=GAS, meter=drn(1))
        assert answer.status_code == 403 and answer.json()["code"] == "forbidden"
        assert "tjugo station --lab" in answer.json()["error"]
        assert drn(1) not in web.get("/lab", headers={"accept": "text/html"}).text
        assert ask(web, token=GAS, key=KEY).status_code == 200
    assert uses(station, drn(1)) == 0


def test_each_use_of_a_meters_key_is_recorded(web, station):
    for _ in range(3):
        assert ask(web, token=GAS, meter=drn(1)).json()["now"]["result"] == "CRCError"
    ask(web, token=GAS, key=KEY)
    ask(web, token="12", meter=drn(1))  # refused before the key is used
    assert (uses(station, drn(1)), uses(station, drn(2))) == (3, 0)


def test_meters_keys_are_not_used_without_end(station):
    seconds = [0.0]
    keys = lab_routes.MeterKeys(station, True, lambda: seconds[0])
    for _ in range(lab_routes.BURST):
        assert keys.of(drn(1)).hidden
    with pytest.raises(HTTPException) as refused:
        keys.of(drn(1))
    assert refused.value.status_code == 429
    seconds[0] += lab_routes.REFILL_S
    keys.of(drn(1))
    with pytest.raises(HTTPException):
        keys.of(drn(1))
    assert uses(station, drn(1)) == lab_routes.BURST + 1


def test_a_number_that_is_none_is_refused_and_not_left_out(web):
    answer = ask(web, sale={"amount": "20", "rnd": "x"}, key=KEY)
    assert answer.status_code == 422 and "'x' is not a number" in answer.json()["error"]
    assert ask(web, token=GAS, key={**KEY, "sgc": ""}).status_code >= 400
