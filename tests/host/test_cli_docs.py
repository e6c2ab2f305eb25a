"""docs/cli.md shows what the commands do."""

import re
import shlex
from pathlib import Path

import click
import pytest
from cli_kit import Shell

from tjugo.commands import main as cli

TOKEN = re.compile(r"\b(\d{4} ){4}\d{4}\b")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def alike(text):
    """Return the text with each token and each time replaced by a fixed one."""
    return MOMENT.sub("<moment>", TOKEN.sub("<token>", text))


def sessions(repo):
    """Yield each command of the page, with its output."""
    text = (repo / "docs" / "cli.md").read_text()
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield shlex.split(command), printed


def test_the_examples_of_the_page(repo, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shell = Shell(Path("lagos"), monkeypatch, capsys)
    examples = list(sessions(repo))
    assert len(examples) > 30
    for (program, *words), printed in examples:
        if program == "rm":
            Path(*words).unlink()
            continue
        done = shell.run(*words)
        assert alike(done.err + done.out) == alike(printed), words
        assert done.status == (2 if "The amount" in printed else int(not done.out)), words


@pytest.mark.parametrize("group", ["meter", "customer", "collector"])
def test_every_command_has_an_example(repo, group):
    shown = {tuple(words[1:3]) for words, _ in sessions(repo)}
    found = cli.group.get_command(None, group)
    assert isinstance(found, click.Group)
    for name in found.commands:
        assert (group, name) in shown
