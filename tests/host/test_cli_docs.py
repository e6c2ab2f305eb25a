"""docs/cli.md shows what the commands do."""

import re
import shlex
from pathlib import Path

import click
import pytest
from cli_kit import Shell

from tjugo.commands import main as cli
from tjugo.station.operators import permissions
from tjugo.station.storage.tables import ROLES

PAGES = ("cli.md", "people.md")
GROUPS = ("meter", "customer", "collector", "operator", "client", "audit")
TOKEN = re.compile(r"\b(\d{4} ){4}\d{4}\b")
PASSWORD = re.compile(r"\b([a-z2-9]{4}-){3}[a-z2-9]{4}\b")
KEY = re.compile(r"tjk_[\w-]{43}")
EVENT = re.compile(r"\b\d+(?= events,|:<digest>|  <moment>)")
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def alike(text):
    """Return the text with each token, time, password, key and digest replaced by a fixed one."""
    text = PASSWORD.sub("<password>", KEY.sub("<key>", DIGEST.sub("<digest>", text)))
    return EVENT.sub("<n>", MOMENT.sub("<moment>", TOKEN.sub("<token>", text)))


def sessions(repo, page):
    """Yield each command of a page, with its output."""
    text = (repo / "docs" / page).read_text()
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield shlex.split(command), printed


@pytest.mark.parametrize(("page", "least"), [("cli.md", 30), ("people.md", 15)])
def test_the_examples_of_the_page(repo, page, least, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shell = Shell(Path("lagos"), monkeypatch, capsys)
    examples = list(sessions(repo, page))
    assert len(examples) > least
    for (program, *words), printed in examples:
        if program == "rm":
            Path(*words).unlink()
            continue
        done = shell.run(*words)
        assert alike(done.err + done.out) == alike(printed), words
        wrong_use = "The amount" in printed or "Give the" in printed
        assert done.status == (2 if wrong_use else int(not done.out)), words


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_has_an_example(repo, group):
    shown = {tuple(words[1:3]) for page in PAGES for words, _ in sessions(repo, page)}
    found = cli.group.get_command(None, group)
    assert isinstance(found, click.Group)
    for name in found.commands:
        assert (group, name) in shown


def test_the_tables_of_permissions(repo):
    """docs/people.md has the tables of roles and scopes as the program has them."""
    text = (repo / "docs" / "people.md").read_text()
    roles = [role for role in ROLES if role != "administrator"]
    for action, title in permissions.ACTIONS.items():
        may = ("yes" if action in permissions.PERMISSIONS[role] else "" for role in roles)
        assert f"| `{action}` | {title} | {' | '.join(may)} |" in text, action
    for scope, actions in permissions.SCOPES.items():
        assert f"| `{scope}` | {', '.join(f'`{action}`' for action in actions)} |" in text, scope
