"""docs/tariffs.md shows what the commands do, and its rules are those of a published receipt."""

import json
import pwd
import re
import shlex
from dataclasses import fields
from types import SimpleNamespace

import click
import pytest
from cli_kit import Shell
from station_kit import Clock, do, drn, new_station
from test_tariff_receipts import KPLC

from tjugo.commands import main as cli
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.tariffs import stored
from tjugo.station.tariffs.model import TariffRules

PERIOD = {"code": "all", "name": "All", "rate": "0.20"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def page(repo):
    return (repo / "docs" / "tariffs.md").read_text()


def sessions(page):
    """Return each command of the page, with its output."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            found.append((shlex.split(command), printed))
    return found


def test_the_examples_of_the_page(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rules = {"currency": "EUR", "energy": {"kind": "flat", "rate": "0.40"}}
    (tmp_path / "home.json").write_text(json.dumps(rules))
    rules["energy"] = {"kind": "time_of_use", "periods": [PERIOD]}
    taxed = {"energy_tax": "vat", "taxes": [{"code": "vat", "name": "VAT", "rate": "20"}]}
    (tmp_path / "tou.json").write_text(json.dumps(rules | taxed))
    with new_station(tmp_path / "state", Clock()) as station:
        do(station, add_customer, "Ada Obi", account_no="C00001")
        do(station, link_meter, drn(1), "C00001")
    shell = Shell(tmp_path / "state", monkeypatch, capsys)
    for words, printed in sessions(page):
        name = "ada"
        if words[:2] == ["sudo", "-u"]:
            _, _, name, *words = words
        monkeypatch.setattr(pwd, "getpwuid", lambda uid, name=name: SimpleNamespace(pw_name=name))
        done = shell.run(*words[1:])
        assert MOMENT.sub("", done.err + done.out) == MOMENT.sub("", printed), words
        assert (done.status == 0) == (done.err == "")


@pytest.mark.parametrize("group", ["tariff", "debt"])
def test_every_command_has_an_example(page, group):
    words = [" ".join(words) for words, _ in sessions(page)]
    found = cli.group.get_command(None, group)
    assert isinstance(found, click.Group)
    for name in found.commands:
        assert any(f"tjugo {group} {name}" in line for line in words), name


def test_the_rules_of_the_page(page):
    [text] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert stored.from_json(text) == KPLC


def test_every_field_is_described(page):
    for field in fields(TariffRules):
        assert f"`{field.name}`" in page
