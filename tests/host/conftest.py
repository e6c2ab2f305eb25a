"""Fixtures of the tests that run on the host."""

import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from money_kit import database, postgres, station  # noqa: F401
from pydantic import TypeAdapter

from tjugo.bench.boards import HEAP
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


# What runs twice, on two databases or with two brokers, is `long` the second time, except where
# money is decided and stored: each of these takes a second there.
_SECOND = ("postgresql", "mosquitto")
_TWICE = ("test_ledger", "test_vending_", "test_station_vend", "test_storage_", "test_tariff_v")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parts = item.name.partition("[")[2].rstrip("]").split("-")
        if set(parts) & set(_SECOND) and not item.path.name.startswith(_TWICE):
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Let the hash of a password take no time; `passwords.Profile()` is what stations use."""
    passwords.use(passwords.Profile(passes=1, memory_kib=8, lanes=1))


@pytest.fixture(scope="session", autouse=True)
def shared_parts() -> Iterator[None]:
    """Make the validators and templates of an application once for all applications of a process:
    they take most of the time in which one is made, and are always the same."""
    validators: dict[str, tuple[Any, Any]] = {}
    compile_template = jinja2.Environment.compile

    def adapter(annotated: Any, **options: Any) -> Any:
        of = annotated.__origin__
        key = repr((id(of), annotated.__metadata__, options))
        if key not in validators:
            validators[key] = of, TypeAdapter(annotated, **options)  # `of` is kept with its id
        return validators[key][1]

    @functools.cache
    def code(source: str, name: str | None, filename: str | None) -> Any:
        return compile_template(jinja[0], source, name, filename)

    jinja: list[jinja2.Environment] = []

    def compiled(
        self: jinja2.Environment,
        source: str,
        name: str | None = None,
        filename: str | None = None,
        **options: Any,
    ) -> Any:
        if options or filename is None:
            return compile_template(self, source, name, filename, **options)
        jinja[:] = [self]
        return code(source, name, filename)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastapi._compat.v2.TypeAdapter", adapter)
        patch.setattr(jinja2.Environment, "compile", compiled)
        yield


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
    """Return argv of MicroPython with the heap of a simulated board; a script and its arguments
    are appended.

    Sources are compiled in it, in which the length of the checkout's path counts too. What
    compiled firmware leaves of 192 KB is measured in tests/device/test_device_heap.py.
    """
    return [*micropython_runtime.argv, "-X", f"heapsize={HEAP}"]


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
