"""sts_portable and meterbus as machine code for the available MicroPython: the same results."""

import json
import subprocess
from pathlib import Path

import pytest

from tjugo.device.mpy import MACHINE_CODE, compile_packages
from tjugo.sts import vector_checks
from tjugo.sts.vectors import load

HERE = Path(__file__).parent
VECTOR_CHECKS = Path(vector_checks.__file__).parent
_PORTABLE = HERE / "portable"
CHECKS = sorted(path.stem for path in _PORTABLE.glob("check_sts_*.py"))
CHECKS.append("check_meterbus_frames")
# sys.implementation._mpy describes .mpy files: version, sub-version and architecture.
ASK = "import sys; print(getattr(sys.implementation, '_mpy', 0))"
MPY_VERSION = 6 | 3 << 8
ARCHITECTURES = {1: "x86", 2: "x64"}


def run(argv, env, text=""):
    done = subprocess.run(
        argv,
        env=env,
        cwd=HERE,  # MicroPython looks for modules in the current folder first
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def machine_code(repo, micropython, micropython_env, tmp_path_factory):
    """Return an environment in which the modules of MACHINE_CODE are machine code."""
    output = int(run([*micropython, "-c", ASK], micropython_env))
    arch = ARCHITECTURES.get(output >> 10 & 63)
    if arch is None or output & 0x3FF != MPY_VERSION:
        pytest.skip("this MicroPython loads no machine code that mpy-cross makes")
    root = tmp_path_factory.mktemp("machine_code")
    packages = [repo / "sts_portable", repo / "firmware" / "meterbus"]
    for name, content in compile_packages(packages, arch, MACHINE_CODE).items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    folders = (root, HERE / "portable", VECTOR_CHECKS.parent)
    return {**micropython_env, "MICROPYPATH": ":".join(map(str, folders))}


def test_every_module_named_is_there(repo):
    roots = (repo, repo / "firmware")
    for name in MACHINE_CODE:
        assert any((root / f"{name}.py").is_file() for root in roots), name


@pytest.mark.parametrize("check", CHECKS)
def test_portable_checks(check, micropython, micropython_env, machine_code):
    argv = [*micropython, str(HERE / "run_portable.py"), check]
    assert run(argv, machine_code) == run(argv, micropython_env)


def test_every_vector(repo, micropython, machine_code):
    vectors = load(repo / "tests" / "host" / "vectors" / "sts_vectors.json")
    lines = "".join(json.dumps(vector) + "\n" for vector in vectors)
    answers = run(
        [*micropython, str(VECTOR_CHECKS / "__main__.py")], machine_code, lines
    ).splitlines()
    assert [json.loads(answer) for answer in answers] == [[]] * len(vectors)


LIST = """\
from sts_portable.packed import bits
try:
    print(bits([255] * 8, 32, 24))
except TypeError:
    print("no pointer")
"""


def test_it_is_machine_code_that_ran(micropython, micropython_env, machine_code):
    """Pass a list, which bytecode accepts and viper, which requires a buffer, refuses."""
    argv = [*micropython, "-c", LIST]
    assert run(argv, machine_code).strip() == "no pointer"
    assert run(argv, micropython_env).strip() == "16777215"
