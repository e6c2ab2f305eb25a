"""The module by itself: its README, its package.json, its installation."""

import json
import re
import subprocess
import sys

import pytest

from sts_portable import document


@pytest.fixture
def folder(repo):
    return repo / "sts_portable"


def test_the_readme_has_the_table_of_the_layouts(folder):
    assert "\n".join(document.lines()) in (folder / "README.md").read_text()


def test_the_readme_has_the_figures_of_the_budgets(folder, repo):
    measured = json.loads((repo / "tests/device/budgets.json").read_text())["measured"]
    for ea in ("ea07", "ea11"):
        names = ("m3_instructions", "m3_instructions_native", "heap_bytes")
        cells = [f"{measured[f'sts.decode.{ea}.{name}']:,}" for name in names]
        assert f"| {ea.upper()} | {' | '.join(cells)} |" in (folder / "README.md").read_text()


def first_example(folder):
    text = (folder / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    said = re.search(r"prints `(.*?)`", text)
    return code[1], said[1]


def run(argv, code, env=None):
    done = subprocess.run(
        [*argv, "-c", code],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip() or done.stderr


def test_the_readmes_five_lines(folder, micropython, micropython_env):
    code, said = first_example(folder)
    assert len([line for line in code.splitlines() if line]) == 5
    assert run(micropython, code, micropython_env) == said
    env = {**micropython_env, "PYTHONPATH": micropython_env["MICROPYPATH"]}
    assert run([sys.executable], code, env) == said


def test_a_board_gets_every_file_it_can_use(folder):
    urls = json.loads((folder / "package.json").read_text())["urls"]
    files = {path.name for path in folder.glob("*.py")} - {"sta_wide.py"}
    assert urls == [[f"sts_portable/{name}", name] for name in sorted(files)]


def test_the_folder_installs_by_itself(folder, tmp_path):
    """What setuptools would install, without a network: the package found under its name."""
    import tomllib

    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["package-dir"] == {"sts_portable": "."}
    assert project["tool"]["setuptools"]["packages"] == ["sts_portable"]
    version = json.loads((folder / "package.json").read_text())["version"]
    assert project["project"]["version"] == version
