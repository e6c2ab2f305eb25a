"""Fixtures of the tests that run on the host."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from money_kit import database, postgres, station  # noqa: F401

from tjugo.errors import TjugoError
from tjugo.station.operators import passwords
from tjugo.toolchain.micropython import Runtime, find_runtime

REPO = Path(__file__).resolve().parents[2]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Let the hash of a password take no time; `passwords.Profile()` is what stations use."""
    passwords.use(passwords.Profile(passes=1, memory_kib=8, lanes=1))


@pytest.fixture(scope="session")
def repo() -> Path:
    """Return the root of the checkout."""
    return REPO


@pytest.fixture(scope="session")
def micropython_runtime() -> Runtime:
    """Return the MicroPython that `make` found. Skip the test where there is none."""
    try:
        return find_runtime(progress=print)
    except TjugoError as error:
        pytest.skip(f"no MicroPython: {error.message.splitlines()[0]}")


@pytest.fixture(scope="session")
def micropython(micropython_runtime: Runtime) -> list[str]:
    """Return argv of MicroPython with the heap of a board; a script and its arguments are
    appended."""
    return [*micropython_runtime.argv, "-X", "heapsize=192k"]


@pytest.fixture(scope="session")
def micropython_env() -> dict[str, str]:
    """Return the environment in which MicroPython imports from the checkout, tests/host/portable
    included."""
    folders = (REPO, REPO / "firmware", REPO / "tests" / "host" / "portable")
    return {**os.environ, "MICROPYPATH": ":".join(map(str, folders))}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start a headless Chromium. Skip the test where there is none."""
    from playwright import sync_api

    named = os.environ.get("CHROMIUM")
    program = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None or shutil.which(program) is None:
        pytest.skip("no browser: install chromium, or name one with CHROMIUM=/path")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(BROWSER_OPTIONS))
        yield browser
        browser.close()
