"""The portable checks on the board: the same output as on the host, line by line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tjugo.device import vectors
from tjugo.device.board_files import CHECKS, RUN_PORTABLE
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError
from tjugo.sts import vector_checks
from tjugo.sts.vectors import load, run
from tjugo.toolchain.micropython import find_micropython
from tjugo.toolchain.tools import REPO

QUIET_SECONDS = 240.0
VECTORS = load(REPO / "tests" / "host" / "vectors" / "sts_vectors.json")
UNIX_HEAP = ("-X", "heapsize=192k")


def on_cpython(module: str) -> str:
    folders = (REPO, REPO / "firmware", REPO / "tests" / "host" / "portable")
    done = subprocess.run(
        [sys.executable, str(RUN_PORTABLE), module],
        env={"PYTHONPATH": ":".join(map(str, folders))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


@pytest.mark.long
@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_portable_check(board, check):
    code = f"import run_portable\nrun_portable.main(['{check.stem}'])"
    printed = board.exec(code, quiet_seconds=QUIET_SECONDS)
    assert printed.splitlines()[-1].endswith(" passed, 0 failed"), printed
    assert printed == on_cpython(check.stem)


def test_vectors_have_the_same_answers_everywhere(board):
    host = [vector_checks.check(vector) for vector in VECTORS]
    answers = list(vectors.asked(VECTORS, board))
    differences = [
        f"{vector['id']}: host {ours}, board {theirs}"
        for vector, ours, theirs in zip(VECTORS, host, answers, strict=True)
        if ours != theirs
    ]
    print(f"{len(answers)} vectors, {len(differences)} differences between host and board")
    assert differences == []
    assert on_unix(VECTORS) == host


@pytest.mark.long
def test_a_wrong_vector_fails_on_the_board(own_board, tmp_path, capsys):
    vector = next(v for v in VECTORS if v["kind"] == "token_class0")
    wrong = {**vector, "id": "wrong", "expected": {**vector["expected"], "token": "0" * 20}}
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps([vector, {**vector, "kind": "unheard of"}, wrong]))
    assert run(load(path), vectors.outcomes(load(path), own_board.port)) == 1
    text = capsys.readouterr().out
    assert "FAILED wrong" in text and "1 passed, 1 failed, 1 skipped" in text
    with Remote(own_board.port) as remote:
        assert "vectors" not in remote.exec("import os; print(os.listdir())")


def on_unix(questions: list[dict]) -> list:
    """Return the answers of the unix port with a board's heap."""
    try:
        micropython = find_micropython()
    except TjugoError as error:
        pytest.skip(f"no unix MicroPython to compare with: {error.message.splitlines()[0]}")
    checks = Path(vector_checks.__file__).parent
    done = subprocess.run(
        [*micropython, *UNIX_HEAP, str(checks / "__main__.py")],
        env={"MICROPYPATH": f"{REPO}:{checks.parent}"},
        input="".join(json.dumps(question) + "\n" for question in questions),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
