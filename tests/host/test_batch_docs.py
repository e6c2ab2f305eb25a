"""The examples in docs/batch.md and docs/token-lab.md."""

import io
import json
import re
import shlex

import pytest
from explain_kit import VK04
from fastapi.testclient import TestClient
from station_kit import drn, new_station

from tjugo.commands import main as cli
from tjugo.key_register import VendingKey
from tjugo.station.vending.purchase import parse_kwh
from tjugo.station.vending.vend import sell
from tjugo.sts import batch
from tjugo.sts.batch_row import COLUMNS, NEW_COLUMNS, RESULT_COLUMNS
from tjugo.web.app import create_app


def test_the_example_of_a_batch(repo, tmp_path):
    text = (repo / "docs" / "batch.md").read_text()
    given, written = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    register = {"sgc": "123457", "kt": 2, "krn": 1, "ken": 255, "bdt": "14", "dkga": "04"}
    keys = {(123457, 2, 1): VendingKey(**register, vk=VK04)}
    assert VK04 in text
    (tmp_path / "in.csv").write_text(given)
    done = batch.run(tmp_path / "in.csv", tmp_path / "out.csv", keys, lambda bdt: 0, lambda n: 5)
    assert done == (6, 1)
    assert (tmp_path / "out.csv").read_text() == written


def test_every_column_is_documented(repo):
    named = set(re.findall(r"`([a-z0-9_]+)`", (repo / "docs" / "batch.md").read_text()))
    assert set(NEW_COLUMNS) <= named
    assert COLUMNS - set(RESULT_COLUMNS) <= named


@pytest.fixture
def lab_text(repo):
    return (repo / "docs" / "token-lab.md").read_text()


def test_the_commands_of_the_lab_work(lab_text, tmp_path, capsys, monkeypatch):
    shown = r"^    (?:echo (\w+) \| )?tjugo (explain .*)$"
    typed, commands = map(list, zip(*re.findall(shown, lab_text, re.MULTILINE), strict=True))
    with new_station(tmp_path / "state") as station:
        sold = sell(station, "test", "1", drn(1), parse_kwh("20")).digits
    assert len(commands) == 5 and drn(1) in commands[-1]
    commands[-1] = commands[-1].replace("12345678901234567890", sold)
    for key, command in zip(typed, commands, strict=True):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{key}\n".encode())))
        with pytest.raises(SystemExit) as ended:
            cli.main([*shlex.split(command), "--state", str(tmp_path / "state")])
        assert ended.value.code == 0
        assert "Accept" in capsys.readouterr().out


def test_the_request_of_the_lab_works(lab_text, tmp_path):
    body = json.loads(re.search(r"```json\n(.*?)```", lab_text, re.DOTALL)[1])
    with new_station(tmp_path / "state") as station, TestClient(create_app(station)) as web:
        url = "http://127.0.0.1/api/v1/lab/explain"
        answer = web.post(url, json=body).json()
        sale = {**body["key"], "bdt": "14"}
        sold = web.post(url, json={"sale": {"amount": "20"}, "key": sale}).json()
    assert answer["effect"]["result"] == "Accept" and answer["now"]["result"] == "CRCError"
    ids = {step["id"] for step in answer["now"]["steps"] + sold["now"]["steps"]}
    documented = re.search(r"`id` is one of (.*?)\.", lab_text, re.DOTALL)[1]
    assert ids == set(re.findall(r"`(\w+)`", documented))
