"""Fixtures of the tests that run on the host."""

import os
from pathlib import Path

import pytest

from tjugo.errors import TjugoError
from tjugo.runtime import Runtime, find_runtime

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the checkout."""
    return REPO


@pytest.fixture(scope="session")
def micropython_runtime() -> Runtime:
    """The MicroPython that `make` found. Skips the test where there is none."""
    try:
        return find_runtime(progress=print)
    except TjugoError as error:
        pytest.skip(f"no MicroPython: {error.message.splitlines()[0]}")


@pytest.fixture(scope="session")
def micropython(micropython_runtime: Runtime) -> list[str]:
    """argv of MicroPython with the heap of a board; a script and its arguments come behind it."""
    return [*micropython_runtime.argv, "-X", "heapsize=192k"]


@pytest.fixture(scope="session")
def micropython_env() -> dict[str, str]:
    """Environment in which MicroPython imports from the checkout, tests/host/portable included."""
    folders = (REPO, REPO / "firmware", REPO / "tests" / "host" / "portable")
    return {**os.environ, "MICROPYPATH": ":".join(map(str, folders))}
