"""`pip install` of the folder sts_portable alone, offline, into a separate environment."""

import re
import shutil
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

# The first setuptools that accepts the name of a licence in the form of the standard.
_SETUPTOOLS = (77, 0)


def version_of(name):
    try:
        return tuple(int(n) for n in re.findall(r"\d+", metadata.version(name))[:2])
    except metadata.PackageNotFoundError:
        return (0, 0)


def pip(*words):
    options = ("--disable-pip-version-check", "--no-input", "--no-cache-dir", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *options, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory, repo):
    """Return the interpreter of an environment that has only sts_portable."""
    if version_of("setuptools") < _SETUPTOOLS or version_of("pip") < (22, 3):
        pytest.skip("needs setuptools 77 and pip 22.3, as make test has them")
    folder = tmp_path_factory.mktemp("pip")
    # A copy: setuptools leaves its build folder beside the source.
    leave = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    source = shutil.copytree(repo / "sts_portable", folder / "source", ignore=leave)
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    offline = ("--no-index", "--no-deps", "--no-build-isolation")
    pip("--python", python, "install", *offline, wheel_of(folder, source, offline))
    return python


def wheel_of(folder, source, offline):
    # Built here and not there: the new environment has no setuptools.
    pip("wheel", *offline, "-w", folder, source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def run(python, code):
    done = subprocess.run(
        [python, "-I", "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip() or done.stderr


def test_it_is_the_installed_one_and_has_every_module(installed, repo):
    code = "import sts_portable; print(sts_portable.__path__[0])"
    place = Path(run(installed, code))
    assert place.is_relative_to(installed.parents[1])
    modules = {path.name for path in (repo / "sts_portable").glob("*.py")}
    assert {path.name for path in place.glob("*.py")} == modules
    assert {path.name for path in place.glob("*.*[di]")} >= {"py.typed", "__init__.pyi"}
    licenses = list(place.parent.glob("sts_portable-*.dist-info/licenses/LICENSE"))
    assert licenses[0].read_bytes() == (repo / "LICENSE").read_bytes()


def test_every_module_imports(installed, repo):
    names = sorted(path.stem for path in (repo / "sts_portable").glob("[a-z]*.py"))
    code = "".join(f"import sts_portable.{name}\n" for name in names) + "print('all')"
    assert run(installed, code) == "all"


def test_the_readmes_five_lines(installed, repo):
    text = (repo / "sts_portable" / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    assert run(installed, code) == re.search(r"prints `(.*?)`", text)[1]
