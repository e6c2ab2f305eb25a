"""Which of the host's packages may import which, and how commands read their options."""

import ast
from pathlib import Path

import pytest

HOST = Path(__file__).resolve().parents[2] / "host" / "tjugo"
# package: packages that are above it, or beside it and none of its business
NEVER = {
    "toolchain": {"bench", "benchmarks", "commands", "device", "emulated", "station", "web"},
    "emulated": {"bench", "benchmarks", "commands", "device", "station", "web"},
    "sts": {"bench", "benchmarks", "commands", "device", "emulated", "station", "web"},
    "station": {"bench", "benchmarks", "commands", "device", "emulated", "web"},
    "web": {"bench", "benchmarks", "commands", "device", "emulated"},
    "device": {"bench", "benchmarks", "commands", "web"},
    "bench": {"benchmarks", "commands", "emulated"},
    "wiring": {"bench", "benchmarks", "commands", "emulated", "station", "web"},
    "benchmarks": {"commands"},
}


def imported(path: Path) -> set[str]:
    """Full names of what a file imports, within functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def upward(root: Path) -> list[str]:
    found = []
    for package, never in NEVER.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = {tuple(name.split(".")[:2]) for name in imported(path)}
            found += [
                f"{path.relative_to(root)} imports {other}"
                for other in sorted(never)
                if ("tjugo", other) in parts
            ]
    return found


def test_no_import_goes_up():
    assert upward(HOST) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("device/provisioning.py", "from tjugo.bench import provision"),
        ("station/station.py", "def f():\n    import tjugo.web.app"),
        ("sts/batch.py", "from tjugo import station"),
    ],
)
def test_an_import_that_goes_up_is_found(tmp_path, file, line):
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(line)
    assert [one.split()[0] for one in upward(tmp_path)] == [file]


def test_options_are_read_by_click_only():
    for path in sorted(HOST.rglob("*.py")):
        names = {name.partition(".")[0] for name in imported(path)}
        assert not names & {"argparse", "optparse", "getopt"}, path
