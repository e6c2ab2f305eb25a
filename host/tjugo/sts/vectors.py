"""The command `tjugo vectors`: the test vectors of a file on CPython, MicroPython or a board."""

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import sts_portable
from tjugo import foreign_json
from tjugo.errors import TjugoError
from tjugo.sts import vector_checks

HEAP = "192k"
Vector = dict[str, Any]
# The outcome of one vector: None for an unknown kind, else its differences.
Outcome = list[str] | None


def load(path: str | Path) -> list[Vector]:
    """Return the vectors of a JSON file. Raise TjugoError if it is not a vector file."""
    try:
        vectors = foreign_json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise TjugoError(f"Cannot read {path}: {error.strerror}.", status=2) from None
    except ValueError as error:
        raise TjugoError(f"{path} is not a JSON file: {error}.", status=2) from None
    if not isinstance(vectors, list) or not all(map(_is_vector, vectors)):
        text = "is not a vector file: it must be a list of objects with id, kind, inputs, expected"
        raise TjugoError(f"{path} {text}.", status=2)
    return vectors


def _is_vector(item: object) -> bool:
    shape = {"id": str, "kind": str, "inputs": dict, "expected": dict}
    return isinstance(item, dict) and all(
        isinstance(item.get(name), kind) for name, kind in shape.items()
    )


def run(
    vectors: list[Vector], outcomes: Iterator[Outcome], say: Callable[[str], None] = print
) -> int:
    """Report every failure and the counts. Return 0 if none failed, else 1."""
    passed = failed = skipped = 0
    for vector, outcome in zip(vectors, outcomes, strict=True):
        if outcome is None:
            skipped += 1
        elif outcome:
            failed += 1
            mark = " (provisional)" if vector.get("provisional") else ""
            say(f"FAILED {vector['id']}{mark}: " + "; ".join(outcome))
        else:
            passed += 1
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def on_cpython(vectors: Iterable[Vector]) -> Iterator[Outcome]:
    """Return the outcome of each vector on this Python."""
    return map(vector_checks.check, vectors)


def on_micropython(vectors: Iterable[Vector], argv: list[str]) -> Iterator[Outcome]:
    """Yield the outcome of each vector on MicroPython, one at a time to fit a board's heap."""
    checks = Path(vector_checks.__file__).resolve().parent
    folders = (Path(sts_portable.__file__).resolve().parents[1], checks.parent)
    command = [*argv, "-X", f"heapsize={HEAP}", str(checks / "__main__.py")]
    try:
        board = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "MICROPYPATH": ":".join(map(str, folders))},
        )
    except OSError as error:
        raise TjugoError(f"Cannot start MicroPython ({argv[0]}): {error.strerror}.") from None
    try:
        for vector in vectors:
            yield _ask(board, vector)
    finally:
        board.kill()
        board.communicate()


def _ask(board: "subprocess.Popen[str]", vector: Vector) -> Outcome:
    assert board.stdin and board.stdout
    try:
        board.stdin.write(json.dumps(vector) + "\n")
        board.stdin.flush()
    except BrokenPipeError:
        pass  # its last output is in stdout
    line = board.stdout.readline()
    try:
        answer: Outcome = foreign_json.loads(line)
    except ValueError:
        output = (line + board.stdout.read()).strip().splitlines()
        last = output[-1] if output else "it ended without output"
        raise TjugoError(f"MicroPython stopped at vector {vector['id']}: {last}.") from None
    return answer
