"""Constants of a module for a board: written where they are read, without a name in memory.

A name takes 20 bytes of the heap and more, and a board has a thousand of them.
"""

import ast
import re
from collections import Counter
from functools import cache

from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO

_CODES_FILE = REPO / "firmware" / "meterbus" / "codes.py"
_CODES = "meterbus.codes"
_PRIVATE_CONSTANT = re.compile(r"_[A-Z][A-Z0-9_]*")


def with_constants(source: str, module: str = "") -> str:
    """Return the source of a module with constants that take no memory, lines kept.

    The module's private ones are marked as const(): the compiler then writes the value where the
    name is read. They are numbers, and texts and tuples that are read in one place. A function
    const() for CPython is left out. The numbers of meterbus.codes are written where other modules
    read them. A source that is not Python's is returned as it is, for the compiler's message.
    Raise TjugoError for a number of codes that is read in a way that is not supported.
    """
    try:
        source = _with_codes(source, module)
        tree = ast.parse(source)
    except SyntaxError:
        return source
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
    read = Counter(node.id for node in names if isinstance(node.ctx, ast.Load))
    lines = _Lines(source)
    known: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Try) and _defines_const(node) and not _calls_const(tree):
            lines.clear(node)
        name = _constant(node)
        if not name or stored[name] != 1:
            continue
        value = node.value  # type: ignore[attr-defined]
        if _is_number(value, known):
            known.add(name)
        elif read[name] != 1 or not _is_literal(value):
            continue
        lines.put(value, "const(", ")")
    return str(lines)


def _defines_const(node: ast.Try) -> bool:
    """Return whether a statement imports const(), or defines it where it is missing."""
    return any(
        isinstance(one, ast.ImportFrom) and one.names[0].name == "const" for one in node.body
    )


def _calls_const(tree: ast.Module) -> bool:
    """Return whether const() is called where the compiler does not compute it."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "const"
    ]
    computed = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]
    return any(call not in computed for call in calls)


def _constant(node: ast.stmt) -> str:
    """Return the name of a private constant that a statement sets, "" if it sets none."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return ""
    target = node.targets[0]
    found = isinstance(target, ast.Name) and _PRIVATE_CONSTANT.fullmatch(target.id)
    return target.id if found else ""  # type: ignore[attr-defined]


def _is_number(value: ast.expr, known: set[str]) -> bool:
    """Return whether an expression is an integer that the compiler can compute."""
    if isinstance(value, ast.Constant):
        return type(value.value) is int
    if isinstance(value, ast.Name):
        return value.id in known
    if isinstance(value, ast.BinOp):
        return all(_is_number(part, known) for part in (value.left, value.right))
    return isinstance(value, ast.UnaryOp) and _is_number(value.operand, known)


def _is_literal(value: ast.expr) -> bool:
    """Return whether an expression is a text, bytes, or a tuple of these and of integers."""
    if isinstance(value, ast.Tuple):
        return all(_is_literal(part) or _is_number(part, set()) for part in value.elts)
    return isinstance(value, ast.Constant) and isinstance(value.value, str | bytes)


class _Lines:
    """The lines of a source, with changes at places that ast gives: from the last to the first
    within a line."""

    def __init__(self, source: str) -> None:
        self._lines = [line.encode() for line in source.split("\n")]  # columns count bytes

    def __str__(self) -> str:
        return b"\n".join(self._lines).decode()

    def clear(self, node: ast.stmt) -> None:
        """Empty the lines of a statement."""
        end = node.end_lineno or node.lineno
        self._lines[node.lineno - 1 : end] = [b""] * (end - node.lineno + 1)

    def put(self, node: ast.expr, before: str, after: str) -> None:
        """Write texts before and after an expression."""
        for line, column, text in (
            (node.end_lineno or node.lineno, node.end_col_offset or 0, after),
            (node.lineno, node.col_offset, before),
        ):
            here = self._lines[line - 1]
            self._lines[line - 1] = here[:column] + text.encode() + here[column:]

    def replace(self, node: ast.expr, old: str, new: str) -> None:
        """Replace an expression that is written `old`. Raise TjugoError if it is not there."""
        line, start = self._lines[node.lineno - 1], node.col_offset
        if line[start : start + len(old)] != old.encode():
            raise TjugoError(f"line {node.lineno}: {old} cannot be replaced by its value.")
        self._lines[node.lineno - 1] = line[:start] + new.encode() + line[start + len(old) :]


def _with_codes(source: str, module: str) -> str:
    """Return the source with the numbers of meterbus.codes in place of their names.

    In that module itself the names become private.
    """
    tree = ast.parse(source)
    lines = _Lines(source)
    if module == _CODES:
        for name in _from_the_end(tree, ast.Name):
            if name.id in _codes():
                lines.replace(name, name.id, f"_{name.id}")
    elif _imports_codes(tree, module):
        for node in _from_the_end(tree, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "codes":
                if node.attr in _codes():
                    lines.replace(node, f"codes.{node.attr}", str(_codes()[node.attr]))
    return str(lines)


def _from_the_end(tree: ast.Module, kind: type) -> list:
    found = [node for node in ast.walk(tree) if isinstance(node, kind)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True)


def _imports_codes(tree: ast.Module, module: str) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            package = module.rsplit(".", 1)[0] if node.level == 1 else node.module
            if package == "meterbus" and any(one.name == "codes" for one in node.names):
                return True
    return False


@cache
def _codes() -> dict[str, int]:
    """Return the numbers of meterbus.codes by name."""
    found = {}
    for node in ast.parse(_CODES_FILE.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call, target = node.value, node.targets[0]
            if isinstance(call.func, ast.Name) and call.func.id == "const":
                if isinstance(target, ast.Name):
                    found[target.id] = int(ast.literal_eval(call.args[0]))
    return found
