"""`tjugo vectors`: the whole file on both runtimes, and the reports of errors."""

import json

import pytest
from click.testing import CliRunner

from tjugo.commands.vectors import command
from tjugo.errors import TjugoError
from tjugo.sts import vectors


@pytest.fixture
def vector_file(repo):
    return repo / "tests" / "host" / "vectors" / "sts_vectors.json"


def run(path, runtime="cpython", micropython=None):
    lines = []
    found = vectors.load(path)
    outcomes = vectors.on_cpython(found)
    if runtime == "micropython":
        outcomes = vectors.on_micropython(found, micropython)
    return vectors.run(found, outcomes, lines.append), lines


def without_heap(argv):
    """Return argv without its heap size: run() sets its own."""
    return argv[: argv.index("-X")]


def test_every_vector_on_cpython(vector_file):
    count = len(vectors.load(vector_file))
    assert count >= 500
    assert run(vector_file) == (0, [f"{count} passed, 0 failed, 0 skipped"])


def test_every_vector_on_micropython(vector_file, micropython):
    count = len(vectors.load(vector_file))
    wanted = (0, [f"{count} passed, 0 failed, 0 skipped"])
    assert run(vector_file, "micropython", without_heap(micropython)) == wanted


def spoilt(vector_file, kind):
    """Return a vector of a kind with one wrong expected value, and the name of this value."""
    vector = next(v for v in vectors.load(vector_file) if v["kind"] == kind)
    name, value = next(iter(vector["expected"].items()))
    if isinstance(value, bool):
        wrong = not value
    elif isinstance(value, int):
        wrong = value + 1
    elif isinstance(value, list):
        wrong = value[::-1]
    else:
        # Another digit, so that a number or a hex string remains one.
        wrong = ("1" if value[0] != "1" else "2") + value[1:]
    vector["expected"][name] = wrong
    return vector


KINDS = (
    "amount class_insert crc currency_amount des_block dkga01 dkga02 dkga04 kct_set meter_pan"
    " misty1_block sta_block tid token_class0 token_class1 token_class2 token_currency token_ea09"
    " token_kct token_reject"
).split()


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_vector_of_each_kind_is_named(vector_file, tmp_path, kind):
    vector = spoilt(vector_file, kind)
    path = tmp_path / "spoilt.json"
    path.write_text(json.dumps([vector]))
    status, lines = run(path)
    assert status == 1
    assert lines[0].startswith(f"FAILED {vector['id']}")
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"


def test_kinds_of_the_file_are_all_known(vector_file):
    assert {v["kind"] for v in vectors.load(vector_file)} == set(KINDS)


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_counts_and_names(vector_file, tmp_path, runtime, micropython):
    good = vectors.load(vector_file)[0]
    unknown = {"id": "NEW-1", "kind": "something new", "inputs": {}, "expected": {}}
    empty = {"id": "BAD-1", "kind": "amount", "inputs": {}, "expected": {}, "provisional": True}
    path = tmp_path / "some.json"
    path.write_text(json.dumps([good, unknown, empty]))
    status, lines = run(path, runtime, without_heap(micropython))
    assert status == 1
    assert lines == [
        "FAILED BAD-1 (provisional): KeyError: tenths"
        if runtime == "micropython"
        else "FAILED BAD-1 (provisional): KeyError: 'tenths'",
        "1 passed, 1 failed, 1 skipped",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("no json", "is not a JSON file"),
        ("{}", "is not a vector file"),
        ('[{"id": "A"}]', "is not a vector file"),
        ('[{"id": "A", "kind": [], "inputs": {}, "expected": {}}]', "is not a vector file"),
    ],
)
def test_a_file_that_is_none(tmp_path, content, says):
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(TjugoError, match=says) as raised:
        run(path)
    assert raised.value.status == 2


def test_a_missing_file(tmp_path):
    with pytest.raises(TjugoError, match="No such file"):
        run(tmp_path / "none.json")


@pytest.mark.parametrize("program", ["/bin/false", "/bin/echo", "/no/such/program"])
def test_a_micropython_that_is_none(vector_file, program):
    with pytest.raises(TjugoError, match="MicroPython"):
        run(vector_file, "micropython", [program])


def test_the_command(vector_file, tmp_path):
    done = CliRunner().invoke(command, [str(vector_file)])
    assert done.exit_code == 0
    assert done.output.splitlines()[-1].endswith(" passed, 0 failed, 0 skipped")
    path = tmp_path / "spoilt.json"
    path.write_text(json.dumps([spoilt(vector_file, "amount")]))
    assert CliRunner().invoke(command, [str(path)]).exit_code == 1
    assert CliRunner().invoke(command, [str(path), "--on", "abacus"]).exit_code == 2
