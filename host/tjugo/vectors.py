"""`tjugo vectors FILE.json`: every test vector of a file, on this Python, MicroPython, a board."""

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

import sts_portable
from tjugo import vector_checks
from tjugo.errors import TjugoError

HEAP = "192k"
RUNTIMES = ("cpython", "micropython", "qemu")
Vector = dict[str, Any]
# One vector's outcome: None for a kind that is not known, else what does not agree.
Outcome = list[str] | None


def load(path: str | Path) -> list[Vector]:
    """The vectors of a JSON file; TjugoError with a plain sentence when it is not one."""
    try:
        vectors = json.loads(Path(path).read_text(encoding="utf-8"))
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
    path: str | Path,
    runtime: str = "cpython",
    micropython: list[str] | None = None,
    say: Callable[[str], None] = print,
) -> int:
    """Check every vector, name each failure, and end with the counts; 0 when none failed.

    runtime: "cpython"; "micropython", started by the argv `micropython`, or by the one that
    tjugo.runtime finds; "qemu", the emulated board; else the serial port of a board. Raises
    TjugoError when the file cannot be used or the board dies.
    """
    vectors = load(path)
    if runtime == "cpython":
        outcomes = iter([vector_checks.check(vector) for vector in vectors])
    elif runtime == "micropython":
        outcomes = _on_micropython(vectors, micropython or _found_micropython())
    else:
        outcomes = _on_board(vectors, runtime)
    return _report(vectors, outcomes, say)


def _on_board(vectors: list[Vector], port: str) -> Iterator[Outcome]:
    from tjugo.device import vectors as device_vectors

    return device_vectors.outcomes(vectors, port)


def _found_micropython() -> list[str]:
    from tjugo.runtime import find_micropython

    return find_micropython()


def _on_micropython(vectors: Iterable[Vector], argv: list[str]) -> Iterator[Outcome]:
    """Hand the vectors one at a time to MicroPython, so that a board's heap is enough."""
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
        pass  # its last words are in stdout
    line = board.stdout.readline()
    try:
        answer: Outcome = json.loads(line)
    except ValueError:
        words = (line + board.stdout.read()).strip().splitlines()
        last = words[-1] if words else "it ended without a word"
        raise TjugoError(f"MicroPython stopped at vector {vector['id']}: {last}.") from None
    return answer


def _report(vectors: list[Vector], outcomes: Iterator[Outcome], say: Callable[[str], None]) -> int:
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


@click.command(name="vectors")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--on",
    "runtime",
    default="cpython",
    show_default=True,
    metavar="WHERE",
    help="cpython, micropython, qemu (the emulated board), or a board's serial port.",
)
def command(file: Path, runtime: str) -> None:
    """Run the STS test vectors of FILE and say which fail."""
    if runtime not in RUNTIMES and not Path(runtime).exists():
        raise click.BadParameter(
            f"{', '.join(RUNTIMES)}, or a board's serial port", param_hint="--on"
        )
    status = run(file, runtime, say=click.echo)
    if status:
        raise SystemExit(status)
