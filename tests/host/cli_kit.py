"""The `tjugo` command in this process, as used by a person."""

import io
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from tjugo.commands import main as cli


class Done(NamedTuple):
    """The outcome of a command: exit status, standard output, standard error."""

    status: int
    out: str
    err: str


class Terminal(io.StringIO):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        return True


class Shell:
    """A shell that runs commands on one state folder."""

    def __init__(self, state: Path, monkeypatch, capsys) -> None:
        self.state = state
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setenv("TJUGO_STATE", str(state))
        monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name="ada"))

    def run(self, *words: str, typed: str | None = None) -> Done:
        """Run a command. typed: the person's input at the terminal; None: there is no terminal."""
        stdin = io.StringIO("") if typed is None else Terminal(typed)
        self._monkeypatch.setattr(sys, "stdin", stdin)
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(list(words))
        said = self._capsys.readouterr()
        return Done(ended.value.code, said.out, said.err)

    def fine(self, *words: str) -> str:
        """Run a command that succeeds without output on standard error; return its output."""
        done = self.run(*words)
        assert (done.status, done.err) == (0, "")
        return done.out

    def refused(self, *words: str) -> str:
        """Run a command that is refused; return the sentence."""
        done = self.run(*words)
        assert (done.status, done.out) == (1, "")
        return done.err
