"""What runs on the host under both Pythons, on the board: the same answers, line by line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tjugo import vector_checks
from tjugo.device.board_files import CHECKS, RUN_PORTABLE
from tjugo.errors import TjugoError
from tjugo.runtime import find_micropython
from tjugo.toolchain import REPO
from tjugo.vectors import load

QUIET_SECONDS = 60.0
VECTORS = load(REPO / "tests" / "host" / "vectors" / "sts_vectors.json")
UNIX_HEAP = ("-X", "heapsize=192k")

# On the board, once; then a call for so many vectors.
ASK = """\
import json
from vector_checks import check
def answers(*lines):
    for line in lines:
        print(json.dumps(check(json.loads(line))))
"""
AT_ONCE = 10


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


@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_portable_check(board, check):
    code = f"import run_portable\nrun_portable.main(['{check.stem}'])"
    printed = board.exec(code, quiet_seconds=QUIET_SECONDS)
    assert printed.splitlines()[-1].endswith(" passed, 0 failed"), printed
    assert printed == on_cpython(check.stem)


@pytest.fixture(scope="module")
def questions() -> list[str]:
    """Each vector as a line of JSON, without what no check reads."""
    names = ("kind", "inputs", "expected")
    return [json.dumps({n: v[n] for n in names}, separators=(",", ":")) for v in VECTORS]


def test_vectors_have_the_same_answers_everywhere(board, questions):
    host = [json.dumps(vector_checks.check(json.loads(line))) for line in questions]
    board.exec(ASK, quiet_seconds=QUIET_SECONDS)
    answers = []
    for at in range(0, len(questions), AT_ONCE):
        call = f"answers{(*questions[at : at + AT_ONCE],)!r}"
        answers += board.exec(call, QUIET_SECONDS).splitlines()
    differences = [
        f"{vector['id']}: host {ours}, board {theirs}"
        for vector, ours, theirs in zip(VECTORS, host, answers, strict=True)
        if ours != theirs
    ]
    print(f"{len(answers)} vectors, {len(differences)} differences between host and board")
    assert differences == []
    assert on_unix(questions) == host


def test_vectors_agree_with_their_expected_values(board):
    board.exec(ASK, quiet_seconds=QUIET_SECONDS)
    vector = next(v for v in VECTORS if v["kind"] == "token_class0")
    wrong = {**vector, "expected": {**vector["expected"], "token": "0" * 20}}
    answer = board.exec(f"print(len(check(json.loads({json.dumps(wrong)!r}))))", QUIET_SECONDS)
    assert int(answer) > 0


def on_unix(questions: list[str]) -> list[str]:
    """The answers of the unix port with a board's heap."""
    try:
        micropython = find_micropython()
    except TjugoError as error:
        pytest.skip(f"no unix MicroPython to compare with: {error.message.splitlines()[0]}")
    checks = Path(vector_checks.__file__).parent
    done = subprocess.run(
        [*micropython, *UNIX_HEAP, str(checks / "__main__.py")],
        env={"MICROPYPATH": f"{REPO}:{checks.parent}"},
        input="".join(line + "\n" for line in questions),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()
