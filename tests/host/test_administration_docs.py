"""docs/administration.md and the systemd units, checked against the program."""

import configparser
import re
import shlex

import click
import pytest
from sqlalchemy import URL

from tjugo.commands import main as cli
from tjugo.key_file import CREDENTIAL
from tjugo.station.health import doctor
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.setup import plan, service
from tjugo.station.station import utc_now
from tjugo.station.storage import databases
from tjugo.station.storage.tables import Collector, Meter

UNITS = ("tjugo-station.service", "tjugo-backup.service", "tjugo-backup.timer")


@pytest.fixture
def page(repo):
    return (repo / "docs" / "administration.md").read_text()


def check_command(words):
    """Check that a command with these words after `tjugo` exists, with these options."""
    found, place = cli.group, 0
    while isinstance(found, click.Group):
        found, place = found.get_command(None, words[place]), place + 1
        assert found is not None, words
    known = {name for param in found.params for name in param.opts}
    given = {word.partition("=")[0] for word in words[place:] if word.startswith("--")}
    assert given <= known, words


def commands(text):
    """Return the words of each command of Tjugo in the code of a text."""
    fenced = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
    blocks = fenced.findall(text)
    lines = [line for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`(tjugo [^`]+)`", fenced.sub("", text))
    found = []
    for line in [*lines, *spans]:
        match = re.search(r"(?:^|bin/|exec /opt/tjugo/bin/)tjugo ([a-z].*)", line)
        if match:
            found.append(shlex.split(match[1], comments=True))
    return found


def test_the_commands_of_the_guide(page):
    found = commands(page)
    assert len(found) > 25
    for words in found:
        check_command(words)


def test_the_set_up_file_of_the_guide(page, tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "gulu.toml").write_text(example)
    given = plan.read(tmp_path / "gulu.toml")
    everything = plan.read(tmp_path / "gulu.toml") | {"database": ""}
    assert set(everything) == set(plan.FIELDS)
    assert given["admin_password_file"] == str(tmp_path / "ada.password")
    utility = plan.utility(given, service.TRIAL)
    with service.set_up(tmp_path / "state", utility, rate=plan.rate(given)) as station:
        assert station.currency == "UGX"
    (address,) = re.findall(r'# database = "(.+?)"', example)
    assert isinstance(databases.parse(address), URL)


def test_the_table_of_the_doctor(page, tmp_path):
    table = page[page.index("| it checks |") : page.index("## Install")]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")][2:]
    described = {what for row in rows for what in row.split(", ")}
    with service.set_up(tmp_path / "state") as station, station.work("test") as work:
        row = work.session.get(Meter, (1, add_meter(work, NewMeter("01000000016"))))
        work.session.add(Collector(tenant_id=1, collector_id="an.early.name"))
        work.session.flush()
        row.collector_id = "an.early.name"
    found = doctor.examine(tmp_path / "state", utc_now(), full=True)
    assert described == {check.what for check in found}


@pytest.mark.parametrize("name", UNITS)
def test_the_units(repo, page, name):
    assert name in page
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string((repo / "docs" / name).read_text())
    if name.endswith(".timer"):
        assert unit["Timer"]["OnCalendar"]
        return
    section = unit["Service"]
    (words,) = re.findall(r"/opt/tjugo/bin/tjugo (.*?)'?$", section["ExecStart"])
    check_command(shlex.split(words))
    assert section["NoNewPrivileges"] == section["ProtectHome"] == "yes"
    assert (section["LimitCORE"], section["UMask"]) == ("0", "0077")


def test_the_credential_of_the_unit(repo):
    """The name by which the key file is passed is that which the program reads."""
    text = (repo / "docs" / "tjugo-station.service").read_text()
    assert f"LoadCredentialEncrypted={CREDENTIAL}:" in text
