"""The project's modules that boards execute, by name, for what a build does with all of them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tjugo.toolchain.tools import REPO

# What runs on boards, or is sent to them.
AREAS = (
    *("sts_portable", "firmware", "boards", "tests/host/portable", "tests/device"),
    *("host/tjugo/device/on_board", "host/tjugo/sts/vector_checks"),
)
# Imported only by what a board never does: making tokens, printing documents.
NEVER = (
    "sts_portable.fields",
    "sts_portable.exports",
    "meterbus.descriptions",
    "uplink.descriptions",
)
_ROOTS = ("firmware", "boards/common", "tests/host/portable", "")


def sources() -> Iterator[Path]:
    """Yield every Python file of AREAS."""
    for area in AREAS:
        yield from sorted((REPO / area).rglob("*.py"))


@cache
def path(module: str) -> Path | None:
    """Return the file of a module that is in no single board's folder, None if there is none."""
    for root in _ROOTS:
        base = REPO.joinpath(root, *module.split("."))
        for candidate in (base.with_suffix(".py"), base / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


@cache
def parsed(source: str) -> ast.Module:
    """Return a source as ast has it, for reading only. Raise SyntaxError."""
    return ast.parse(source)


def nodes(tree_: ast.Module) -> list[ast.AST]:
    """Return every node of a whole module, in the order of ast.walk(), which takes ten times as
    long."""
    found: list[ast.AST] | None = getattr(tree_, "all_nodes", None)
    if found is None:
        found = list(ast.walk(tree_))
        tree_.all_nodes = found  # type: ignore[attr-defined]
    return found


@cache
def tree(module: str) -> ast.Module:
    """Return a module of the project as ast has it."""
    found = path(module)
    assert found is not None
    return parsed(found.read_text())


def name_of(file: Path) -> str:
    """Return the name by which a file of sources() is imported."""
    for root in _ROOTS:
        if (REPO / root) in file.parents:
            return ".".join(file.relative_to(REPO / root).with_suffix("").parts)
    return file.stem


def origin(node: ast.ImportFrom, module: str) -> str:
    """Return the module from which a statement of `module` imports."""
    file = path(module)
    if file and file.name == "__init__.py":
        module += ".__init__"
    above = module.split(".")[: -node.level] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def docstrings(tree_: ast.Module) -> set[int]:
    """Return the id() of the nodes that are documentation."""
    found = set()
    for node in nodes(tree_):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            found.add(id(body[0].value))
    return found


def imported(tree_: ast.Module, module: str) -> dict[str, tuple[str, str]]:
    """Return what a module imports from others of the project: (module, name) by the name here;
    the name is "" for a module itself."""
    found = {}
    for node in nodes(tree_):
        if isinstance(node, ast.ImportFrom):
            base = origin(node, module)
            for alias in node.names:
                here = alias.asname or alias.name
                inner = f"{base}.{alias.name}"
                if path(inner):
                    found[here] = (inner, "")
                elif path(base):
                    found[here] = (base, alias.name)
    return found
