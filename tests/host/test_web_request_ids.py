"""Ids of requests, in answers and in the log."""

import logging
import re

import pytest
from people_kit import client

from tjugo import log_file, request_id
from tjugo.station.setup.service import set_up


@pytest.fixture
def web(tmp_path):
    with set_up(tmp_path / "state") as station, client(station) as made:
        yield made


def test_every_answer_has_an_id(web):
    found = [web.get(path).headers["x-request-id"] for path in ("/", "/none", "/static/none")]
    assert len(set(found)) == 3 and all(re.fullmatch(r"[0-9a-f]{16}", one) for one in found)
    refused = web.get("/", headers={"host": "elsewhere.example"})
    assert refused.status_code == 403 and refused.headers["x-request-id"]


@pytest.mark.parametrize("given", ["a b", "", "x" * 65, "a]b", "é".encode()])
def test_an_id_that_could_imitate_a_line_is_replaced(web, given):
    found = web.get("/none", headers={"x-request-id": given}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", found)
    kept = web.get("/none", headers={"x-request-id": "till-1.0001"})
    assert kept.headers["x-request-id"] == "till-1.0001"


def test_the_log_names_the_request(tmp_path):
    def broken():
        raise RuntimeError("broken")

    handler = log_file.PrivateLog(tmp_path / "tjugo.log")
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        with set_up(tmp_path / "state") as station, client(station, link=broken) as web:
            answer = web.get("/api/v1/link", headers={"x-request-id": "till-7"})
    finally:
        root.removeHandler(handler)
        handler.close()
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "till-7")
    assert "[till-7] tjugo.web.errors: GET /api/v1/link failed" in (
        (tmp_path / "tjugo.log").read_text()
    )


def test_outside_of_a_request(tmp_path):
    log_file.append(tmp_path / "tjugo.log", "started")
    assert " [-] tjugo: started" in (tmp_path / "tjugo.log").read_text()
    assert request_id.current() == request_id.NONE
