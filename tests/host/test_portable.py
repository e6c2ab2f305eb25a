"""The portable tests on CPython and on MicroPython: same answers from both."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHECKS = sorted(path.stem for path in (HERE / "portable").glob("check_*.py"))


def run(argv: list[str], module: str, env: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [*argv, str(HERE / "run_portable.py"), module],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


def cpython_env(env: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": env["MICROPYPATH"]}


@pytest.mark.parametrize("module", CHECKS)
def test_portable(module, micropython, micropython_env):
    status, on_cpython = run([sys.executable], module, cpython_env(micropython_env))
    assert status == 0, on_cpython
    status, on_micropython = run(micropython, module, micropython_env)
    assert status == 0, on_micropython
    assert on_micropython == on_cpython


@pytest.fixture
def planted(tmp_path, micropython_env):
    """Return an environment with a check module of which one function passes and one fails."""
    (tmp_path / "check_planted.py").write_text(
        "def test_b():\n    assert 1 == 2, 'one is not two'\ndef test_a():\n    return 7\n"
        "def helper():\n    raise ValueError\n"
    )
    return {**micropython_env, "MICROPYPATH": str(tmp_path)}


EXPECTED = (
    "check_planted.test_a ok 7\n"
    "check_planted.test_b FAIL AssertionError one is not two\n"
    "1 passed, 1 failed\n"
)


def test_runner_names_a_failure_on_cpython(planted):
    assert run([sys.executable], "check_planted", cpython_env(planted)) == (1, EXPECTED)


def test_runner_names_a_failure_on_micropython(planted, micropython):
    assert run(micropython, "check_planted", planted) == (1, EXPECTED)


def test_a_module_without_tests_is_a_failure(tmp_path, micropython_env):
    (tmp_path / "check_empty.py").write_text("")
    env = cpython_env({"MICROPYPATH": str(tmp_path)})
    assert run([sys.executable], "check_empty", env) == (1, "0 passed, 0 failed\n")
