"""The rules of docs/architecture.md, checked by the imports of every file."""

import ast
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

REPO = Path(__file__).resolve().parents[2]
CODE = ("sts_portable", "firmware", "boards", "host", "tests", "tools")
HARDWARE = {"machine", "network", "esp32", "rp2", "bluetooth", "vfs", "_thread"}
ASYNC = {"asyncio", "uasyncio"}
TIME = {"time", "utime"}
NOT_ON_A_BOARD = {
    *("enum", "dataclasses", "typing", "abc", "datetime", "decimal", "fractions", "contextlib"),
    *("itertools", "functools", "logging", "pathlib", "subprocess", "threading", "tjugo"),
}
STS_MAY = {"struct", "binascii", "hashlib", "micropython", "sts_portable"}
FIRMWARE_MAY = {  # which of the project's own packages a package of the firmware may import
    "meterbus": {"meterbus"},
    "uplink": {"uplink", "meterbus"},
    "net": {"net"},
    "meter": {"meter", "runtime", "net", "meterbus", "sts_portable"},
    "collector": {"collector", "runtime", "net", "uplink", "meterbus", "sts_portable"},
    "drivers": {"drivers", "meterbus"},
    "runtime": {"runtime", "meterbus"},
}
REAL_TIME = ("firmware/runtime/", "firmware/collector/link/")  # asyncio and time, besides app.py
# Which rooms of host/tjugo a room may import; the files beside the rooms are below all of them.
# A room of `station` or `web` is a folder in it, "station" and "web" are their own files.
HOST_MAY = {
    "commands": {"*"},
    "benchmarks": {"bench", "device", "emulated", "sts", "station*", "toolchain", "web*"},
    "bench": {"device", "station*", "toolchain", "web*"},
    "web": {"web/api", "web/pages", "station*"},
    "web/api": {"web", "station*", "sts"},
    "web/pages": {"web", "station*", "sts"},
    "device": {"emulated", "station*", "sts", "toolchain"},
    "wiring": {"device", "toolchain"},
    "emulated": {"toolchain"},
    "sts": set(),
    "toolchain": set(),
    "station": {"station/audit", "station/keys", "station/storage", "station/webhooks"},
    "station/health": {
        *("station", "station/audit", "station/backup", "station/delivery", "station/keys"),
        *("station/ledger", "station/link", "station/operators", "station/orders"),
        *(
            "station/readings",
            "station/setup",
            "station/storage",
            "station/tariffs",
            "station/vending",
        ),
    },
    "station/backup": {"station", "station/keys", "station/link", "station/storage"},
    "station/link": {
        *("station", "station/delivery", "station/orders", "station/readings"),
        *("station/storage", "station/vending"),
    },
    "station/orders": {
        *("station", "station/audit", "station/delivery", "station/keys", "station/registry"),
        *("station/storage", "station/vending"),
    },
    "station/vending": {
        *("station", "station/audit", "station/delivery", "station/keys", "station/ledger"),
        *("station/operators", "station/receipts", "station/registry", "station/storage"),
        *("station/tariffs", "station/tills", "station/webhooks"),
    },
    "station/setup": {
        *("station", "station/audit", "station/keys", "station/operators", "station/registry"),
        *("station/receipts", "station/storage", "station/tariffs", "station/tills"),
        "station/vending",
    },
    "station/receipts": {"station", "station/audit", "station/storage"},
    "station/tills": {
        *("station", "station/audit", "station/ledger", "station/operators", "station/storage"),
    },
    "station/operators": {"station", "station/audit", "station/keys", "station/storage"},
    "station/tariffs": {
        *("station", "station/audit", "station/ledger", "station/operators", "station/registry"),
        "station/storage",
    },
    "station/ledger": {"station", "station/audit", "station/storage"},
    "station/registry": {
        *("station", "station/audit", "station/keys", "station/ledger", "station/readings"),
        "station/storage",
    },
    "station/delivery": {"station", "station/audit", "station/storage", "station/webhooks"},
    "station/webhooks": {
        *("station", "station/audit", "station/operators", "station/receipts", "station/storage"),
    },
    "station/readings": {"station", "station/storage", "station/webhooks"},
    "station/audit": {"station", "station/storage"},
    "station/keys": {"station", "station/audit", "station/storage"},
    "station/storage": set(),
}
OPTION_PARSERS = {"argparse", "optparse", "getopt"}  # options are read by click only
FLOATLESS = {("firmware", "meter"), ("firmware", "collector"), ("firmware", "uplink")}
OURS = {"sts_portable", "meter", "collector", "board", "boards", "tjugo"} | set(FIRMWARE_MAY)


def imports_of(tree: ast.AST, package: str) -> set[str]:
    """Return the full names of a file's imports; `from a import b` gives a and a.b."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) + 1 - node.level]
                base = ".".join([*parents, base] if base else parents)
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__":
            found |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return found


# Code for boards that is not in boards/
RUN_ON_A_BOARD = ("tests/device/", "host/tjugo/device/on_board/")


def forbidden_names(path: Path, tops: set[str]) -> set[str]:
    """Return the top-level modules that a file may not import. path: in the repository."""
    area = path.parts[0]
    bad: set[str] = set()
    on_a_board = area == "boards" or path.as_posix().startswith(RUN_ON_A_BOARD)
    if not on_a_board:
        bad |= HARDWARE
    if area in ("sts_portable", "firmware"):
        bad |= NOT_ON_A_BOARD
        if path.name != "app.py" and not path.as_posix().startswith(REAL_TIME):
            bad |= ASYNC | TIME
    if area == "boards":
        bad |= ASYNC | NOT_ON_A_BOARD
    if area == "host":
        bad |= set(OPTION_PARSERS)
        bad |= {"collector"} if on_a_board else {"meter", "collector", "board"}
    found = tops & bad
    if area == "sts_portable":
        found |= tops - STS_MAY
    if area == "firmware":
        found |= (tops & OURS) - FIRMWARE_MAY[path.parts[1]]
    return found


def room(module: str, packages: set[str]) -> str:
    """Return the package of host/tjugo that contains a module, "" for a file beside them."""
    parts = module.split(".")[1:]
    if not parts or f"tjugo.{parts[0]}" not in packages:
        return ""
    inner = ".".join(["tjugo", *parts[:2]])
    nested = parts[0] in ("station", "web") and len(parts) > 1 and inner in packages
    return "/".join(parts[:2]) if nested else parts[0]


def wrong_ways(graph: dict[str, set[str]], packages: set[str]) -> list[str]:
    """Return the imports between packages of host/tjugo that HOST_MAY does not permit."""
    found = []
    for name in sorted(graph):
        here = room(name, packages) if name.startswith("tjugo.") else ""
        if not here:
            continue
        may = HOST_MAY[here]
        for other in sorted(graph[name]):
            there = room(other, packages) if other.startswith("tjugo.") else ""
            families = {there, "*", there.partition("/")[0] + "*"}
            if there and there != here and not families & may:
                found.append(f"{name}: imports {other}, and {here} may not import {there}")
    return found


def floats_of(tree: ast.AST) -> list[int]:
    """Return the lines where a file creates a float: a literal, a true division, float()."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float | complex))
        or (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div))
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")
    ]


def module_name(path: Path) -> str:
    """Return a file's module name: host/tjugo/commands/main.py is tjugo.commands.main."""
    parts = path.with_suffix("").parts
    parts = parts[1:] if parts[0] in ("firmware", "host") else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Return the circular imports, each as `a -> b -> a`."""
    found, done = [], set()

    def visit(name: str, way: list[str]) -> None:
        if name in way:
            found.append(" -> ".join([*way[way.index(name) :], name]))
        elif name not in done:
            for other in sorted(graph.get(name, ())):
                visit(other, [*way, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return found


class Facts(NamedTuple):
    """What the rules need of a file: its imports, and the lines where it creates a float."""

    imports: frozenset[str]
    floats: tuple[int, ...]


@functools.cache
def facts(path: Path, text: str) -> Facts:
    """Return what the rules need of a file with this text. path: in the repository."""
    tree = ast.parse(text, str(path))
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return Facts(frozenset(imports_of(tree, package)), tuple(floats_of(tree)))


def texts(root: Path) -> dict[Path, str]:
    """Return the files below `root` that the rules are for."""
    files = [path for area in CODE for path in sorted((root / area).rglob("*.py"))]
    return {path.relative_to(root): path.read_text() for path in files}


def findings(files: Mapping[Path, str]) -> list[str]:
    """Return every violation of the rules as `file: description`. files: text by path."""
    said, graph = [], {}
    for path, text in files.items():
        found = facts(path, text)
        tops = {module.partition(".")[0] for module in found.imports}
        said += [f"{path}: imports {bad}" for bad in sorted(forbidden_names(path, tops))]
        if path.parts[0] == "sts_portable" or path.parts[:2] in FLOATLESS:
            said += [f"{path}:{line}: a float" for line in found.floats]
        graph[module_name(path)] = found.imports
    own = {name: {i for i in graph[name] if i in graph and i != name} for name in graph}
    packages = {module_name(path) for path in files if path.name == "__init__.py"}
    return said + wrong_ways(own, packages) + [f"circle: {circle}" for circle in circles(own)]


@pytest.fixture(scope="module")
def files():
    return texts(REPO)


def planted(files: dict[Path, str], file: str, line: str) -> dict[Path, str]:
    """Return the files with a line more at the end of one, which may be new."""
    path = Path(file)
    return {**files, path: f"{files.get(path, '')}\n{line}\n"}


def test_the_repository_keeps_the_rules(files):
    assert findings(files) == []


BREACHES = [
    ("firmware/meter/credit/account.py", "import machine", "imports machine"),
    ("firmware/meter/credit/account.py", "import time", "imports time"),
    ("firmware/meter/supply.py", "def f():\n    import asyncio", "imports asyncio"),
    ("firmware/meter/credit/account.py", "from collector import poller", "imports collector"),
    ("firmware/collector/field/poller.py", "import meter.credit.account", "imports meter"),
    ("firmware/meterbus/frame.py", "import sts_portable.token", "imports sts_portable"),
    ("firmware/uplink/codec.py", "import collector.core", "imports collector"),
    ("firmware/meter/app.py", "import board", "imports board"),
    ("firmware/runtime/boot.py", "from boards.common import files", "imports boards"),
    ("firmware/runtime/boot.py", "import meter.app", "imports meter"),
    ("firmware/collector/jobs/store.py", "import asyncio", "imports asyncio"),
    (
        "firmware/meter/credit/account.py",
        "from dataclasses import dataclass",
        "imports dataclasses",
    ),
    ("firmware/meter/credit/account.py", "KWH = 1.5", "a float"),
    ("firmware/meter/credit/account.py", "def f(a):\n    return a / 1000", "a float"),
    ("sts_portable/token.py", "import random", "imports random"),
    ("sts_portable/token.py", "import meterbus", "imports meterbus"),
    ("host/tjugo/station/vending/vend.py", "import machine", "imports machine"),
    ("host/tjugo/wiring/pages.py", "import argparse", "imports argparse"),
    ("host/tjugo/station/vending/vend.py", "import meter.credit.account", "imports meter"),
]

# Arrows that point up or aside, between the rooms of the host.
WRONG_WAYS = [
    ("host/tjugo/sts/bulk.py", "import tjugo.station.keys.backend", "station/keys"),
    ("host/tjugo/station/storage/engine.py", "import tjugo.station.station", "station"),
    ("host/tjugo/station/readings/views.py", "import tjugo.station.link.wire", "station/link"),
    (
        "host/tjugo/station/readings/intake.py",
        "import tjugo.station.delivery.jobs",
        "station/delivery",
    ),
    ("host/tjugo/station/delivery/service.py", "import tjugo.station.link.wire", "station/link"),
    ("host/tjugo/station/registry/meters.py", "import tjugo.web.guard", "web"),
    ("host/tjugo/device/provisioning.py", "import tjugo.bench.provision", "bench"),
    ("host/tjugo/web/guard.py", "import tjugo.bench.hub", "bench"),
    ("host/tjugo/toolchain/programs.py", "import tjugo.commands.options", "commands"),
]


@pytest.mark.parametrize(("file", "line", "there"), WRONG_WAYS)
def test_an_arrow_that_points_up_is_found(files, file, line, there):
    assert Path(file) in files
    found = findings(planted(files, file, line))
    assert any(f.endswith(f"may not import {there}") for f in found)


@pytest.mark.parametrize(("file", "line", "said"), BREACHES)
def test_a_planted_breach_is_found(files, file, line, said):
    found = findings(planted(files, file, line))
    assert len(found) >= 1
    assert all(f.startswith((file, "circle")) for f in found)
    assert any(f.startswith(file) and f.endswith(said) for f in found), found


FORMS = ["import sts_portable.b", "from sts_portable import b", "from . import b"]


@pytest.mark.parametrize("form", FORMS)
def test_a_circle_is_found(tmp_path, form):
    folder = tmp_path / "sts_portable"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "a.py").write_text(form + "\n")
    (folder / "b.py").write_text("def f():\n    from sts_portable.a import g\n")
    assert findings(texts(tmp_path)) == [
        "circle: sts_portable.a -> sts_portable.b -> sts_portable.a"
    ]
