"""The package alone: its README, its package.json, its installation."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import sts_portable
from sts_portable import document, exports


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


def examples(folder):
    """Return (program, output) of every example of the README."""
    text = (folder / "README.md").read_text()
    form = r"```python\n(.*?)```\n+prints(?: `(.*?)`|\n+```text\n(.*?)```)"
    found = re.findall(form, text, re.DOTALL)
    assert len(found) == text.count("```python")
    return [(code, short or long.strip()) for code, short, long in found]


def test_the_first_example_has_five_lines(folder):
    code, _ = examples(folder)[0]
    assert len([line for line in code.splitlines() if line]) == 5


@pytest.mark.parametrize("number", range(4), ids=["decode", "make", "key change", "PAN"])
def test_an_example_of_the_readme(folder, micropython, micropython_env, number):
    code, printed = examples(folder)[number]
    assert run(micropython, code, micropython_env) == printed
    env = {**micropython_env, "PYTHONPATH": micropython_env["MICROPYPATH"]}
    assert run([sys.executable], code, env) == printed


def test_every_example_is_run(folder):
    assert len(examples(folder)) == 4


def test_a_board_gets_every_file_it_can_use(folder):
    urls = json.loads((folder / "package.json").read_text())["urls"]
    files = {path.name for path in folder.glob("*.py")} - {"sta_wide.py"}
    assert urls == [[f"sts_portable/{name}", name] for name in sorted(files)]


def test_the_folder_installs_by_itself(folder, repo):
    """Check the package that setuptools would install, without a network."""
    import tomllib

    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["package-dir"] == {"sts_portable": "."}
    assert project["tool"]["setuptools"]["packages"] == ["sts_portable"]
    assert project["project"]["version"] == sts_portable.__version__
    assert json.loads((folder / "package.json").read_text())["version"] == sts_portable.__version__
    assert (folder / "LICENSE").read_bytes() == (repo / "LICENSE").read_bytes()


def test_public_names(folder):
    """Check that every module and class is an attribute and is in the stub with the types."""
    stub = set(re.findall(r"import \w+ as (\w+)", (folder / "__init__.pyi").read_text()))
    modules = {path.stem for path in folder.glob("[a-z]*.py")}
    assert stub == modules | set(exports.CLASSES)
    for name in stub:
        assert getattr(sts_portable, name).__name__ in (name, f"sts_portable.{name}")
    for name in ("Nothing", "nothing", "_nothing"):
        assert not hasattr(sts_portable, name)


def test_everything_that_an_example_uses_is_imported_with_a_star():
    names = {}
    exec("from sts_portable import *", names)
    assert {*exports.CLASSES, "vendor", "dkga", "tid", "pan", "results"} <= set(names)


def test_a_tid_store_has_bytes():
    for form in "bc":
        with pytest.raises(sts_portable.FormatError, match="a TID store is"):
            sts_portable.TidStore(memoryview(bytearray(150)).cast(form))


@pytest.mark.parametrize("wrong", [None, 5, 1.5, ["1"] * 20, object()])
def test_what_is_no_text_is_no_token(wrong):
    meter = sts_portable.Decoder(sts_portable.KeyState(bytes(8)), sts_portable.TidStore())
    assert meter.check(wrong) == (sts_portable.results.FORMAT_ERROR, None)


ATTRIBUTES = """\
import sts_portable
from sts_portable import Decoder, PanError, vendor
import sts_portable.decoder, sts_portable.pan, sts_portable.vendor
print(Decoder is sts_portable.decoder.Decoder, PanError is sts_portable.pan.PanError)
print(vendor is sts_portable.vendor, vendor.credit is sts_portable.vendor.credit)
for name in ("Nothing", "nothing"):
    print(hasattr(sts_portable, name))
"""


def test_public_names_on_micropython(micropython, micropython_env):
    found = run(micropython, ATTRIBUTES, micropython_env).split()
    assert found == ["True"] * 4 + ["False"] * 2


def test_what_is_public_is_annotated(folder):
    """Check annotations, except of the package's __getattr__, whose types are in the stub.

    The functions of sta_rounds.py cannot have `-> None`, which the viper compiler refuses.
    """
    bare = []
    for path in sorted({*folder.glob("[a-z]*.py")} - {folder / "sta_rounds.py"}):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            if node.name.startswith("_") and node.name != "__init__":
                continue
            arguments = [*node.args.args, *node.args.kwonlyargs]
            named = [a for a in arguments if a.annotation is None and a.arg != "self"]
            if named or node.returns is None:
                bare.append(f"{path.name}: {node.name}")
    assert bare == []


USER = """\
import secrets

import sts_portable
from sts_portable import Decoder, KeyChangeError, KeyState, StsError, TidStore, Token
from sts_portable import amount, dkga, pan, results, tid, token, vendor


def sell(vk: bytes, drn: str, last: int | None) -> tuple[int, str]:
    key = dkga.decoder_key("04", vk, pan.pan_from_drn(drn), 2, "123457", "01", 1, bdt="14", ea=11)
    number = vendor.allocate(last, tid.minutes("14", 2026, 3, 1, 13, 55))
    return number, vendor.credit(key, 11, number, secrets.randbelow(16), 200)


def change(old: bytes, new: bytes) -> list[str]:
    try:
        return vendor.key_change(
            old, 7, new, 2, 1, 2, 255, False, 123457, minute=5, bdt="14", old_bdt="14"
        )
    except KeyChangeError as error:
        return [str(error)]


def enter(meter: Decoder, digits: str) -> tuple[str, int]:
    result, found = meter.check(digits)
    if result == results.ACCEPT and found is not None:
        result = meter.commit(found)
        if found.value is not None:
            return results.name(result), amount.decode(found.value)
    return results.name(result), 0


def read(digits: str, key: bytes) -> Token | None:
    try:
        return token.decode(digits, key, ea=7)
    except StsError:
        return None


number, digits = sell(bytes(range(20)), "01000000016", None)
store = TidStore(bytearray(150))
print(enter(Decoder(KeyState(bytes(16), ea=11, kt=2), store, mfr_code=1), digits))
print(sts_portable.__version__, bytes(store.buf), read(digits, bytes(8)), change(b"1", b"2"))
"""
MISTAKES = {
    'sell(bytes(range(20)), "01000000016", None)': 'sell("00", "01000000016", None)',
    'bdt="14", ea=11': "ea=11",
    "TidStore(bytearray(150))": "TidStore(bytes(150))",
    "import Decoder,": "import Dekoder,",
}


@pytest.fixture(scope="module")
def user_folder(repo, tmp_path_factory):
    """Return a folder with only the package, without the settings of this project."""
    folder = tmp_path_factory.mktemp("user")
    shutil.copytree(repo / "sts_portable", folder / "site" / "sts_portable")
    return folder


def mypy(folder, program):
    """Return the errors of mypy --strict in a user's program."""
    (folder / "user.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "user.py"],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(folder / "site")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("user.py")]


def test_a_users_program_is_clean_under_mypy_strict(user_folder):
    assert mypy(user_folder, USER) == []


@pytest.mark.parametrize("right", MISTAKES)
def test_mypy_finds_a_users_mistake(user_folder, right):
    assert right in USER
    assert mypy(user_folder, USER.replace(right, MISTAKES[right])) != []


def test_the_wheel_and_the_sdist_have_everything(folder, repo, tmp_path):
    done = subprocess.run(
        [sys.executable, str(repo / "tools" / "dist.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sdist, wheel = map(Path, done.stdout.split())
    assert sorted(tmp_path.iterdir()) == sorted([sdist, wheel])
    sources = {path.name for path in folder.glob("*.py")} | {"py.typed", "__init__.pyi"}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name[13:] for name in names if name.startswith("sts_portable/")} == sources
    assert any(name.endswith("/LICENSE") for name in names)
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert sources | {"LICENSE", "README.md", "pyproject.toml"} <= inside
