"""The benchmark runner. The figures are not tested."""

import json
import sys

import pytest
from click.testing import CliRunner

from tjugo.benchmarks import registry, runner
from tjugo.benchmarks.registry import Figure, Skip, benchmark
from tjugo.commands.build import benchmark as benchmark_command
from tjugo.errors import TjugoError


@pytest.fixture
def listed(monkeypatch):
    """Register three benchmarks: one works, one is skipped, one fails."""
    ours: dict = {}
    monkeypatch.setattr(registry, "BENCHMARKS", ours)
    monkeypatch.setattr(runner, "BENCHMARKS", ours)
    monkeypatch.setattr(runner, "load", lambda: None)

    @benchmark("a.rate", "things/s")
    def rate():
        return Figure(12.5, {"python": "3"})

    @benchmark("b.board", "bytes")
    def board():
        raise Skip("no board")

    @benchmark("c.fails", "bytes")
    def fails():
        raise TjugoError("the disk is full")

    return ours


RATE = {"name": "a.rate", "value": 12.5, "unit": "things/s", "context": {"python": "3"}}


def main(arguments):
    """Return the exit status of the command; its output is printed."""
    result = CliRunner().invoke(benchmark_command, arguments, standalone_mode=False)
    print(result.output, end="")
    if isinstance(result.exception, TjugoError):
        print(result.exception.message, file=sys.stderr)
        return result.exception.status
    return result.return_value


def test_table_and_file(listed, tmp_path, capsys):
    out = tmp_path / "build" / "benchmarks.json"
    assert main(["--out", str(out)]) == 1
    assert json.loads(out.read_text()) == [RATE]
    printed = capsys.readouterr().out
    assert "skipped: no board" in printed
    assert "failed: the disk is full" in printed
    assert [p.name for p in out.parent.iterdir()] == ["benchmarks.json"]


def test_figures_of_other_names_are_kept_but_not_those_of_names_gone(listed, tmp_path):
    out = tmp_path / "benchmarks.json"
    board = {"name": "b.board", "value": 1, "unit": "bytes", "context": {}}
    out.write_text(json.dumps([{**RATE, "value": 1}, board, {**board, "name": "gone"}]))
    assert main(["a.", "--out", str(out)]) == 0
    assert json.loads(out.read_text()) == [RATE, board]


def test_a_damaged_file_is_written_anew(listed, tmp_path):
    out = tmp_path / "benchmarks.json"
    out.write_text('{"half')
    assert main(["a.", "--out", str(out)]) == 0
    assert json.loads(out.read_text()) == [RATE]


def test_unknown_names_and_unwritable_files_are_sentences(listed, tmp_path, capsys):
    assert main(["nothing", "--out", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err == "No benchmark is named nothing.\n"
    assert main(["a.", "--out", str(tmp_path)]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_name_is_given_once(listed):
    with pytest.raises(ValueError, match=r"two benchmarks named a\.rate"):
        benchmark("a.rate", "bytes")(lambda: Figure(1))


def test_calls_per_second_counts_calls(monkeypatch):
    clock = iter(range(1_000_000))
    monkeypatch.setattr(registry.time, "perf_counter", lambda: next(clock))
    assert registry.calls_per_second(lambda: [next(clock) for _ in range(9)]) == 0.1


def test_the_real_ones_have_names_and_run_on_this_machine():
    runner.load()
    names = [one.name for one in runner.chosen(["sts."])]
    assert {"sts.vend.dkga04_ea07", "sts.decode.ea07.host"} <= set(names)
    assert runner.chosen([]) != []
    with pytest.raises(TjugoError):
        runner.chosen(["nothing"])
