"""Constants of a module for a board: written where they are read, without a name in memory.

A name takes 20 bytes of the heap and more, and a board has a thousand of them.
"""

import ast
import re
from collections import Counter

from tjugo.device import project_modules
from tjugo.device.public_constants import with_numbers
from tjugo.device.source_lines import Lines

_PRIVATE_CONSTANT = re.compile(r"_[A-Z][A-Z0-9_]*")


def with_constants(source: str, module: str = "", closed: bool = False) -> str:
    """Return the source of a module with constants that take no memory, lines kept.

    The module's private ones are marked as const(): the compiler then writes the value where the
    name is read. They are numbers, and texts and tuples that are read in one place. A function
    const() for CPython is left out. Public numbers are written where other modules read them:
    see public_constants.py, also for `closed`. A source that is not Python's is returned as it
    is, for the compiler's message. Raise TjugoError for a number that is read in a way that is
    not supported.
    """
    try:
        source = with_numbers(source, module, closed)
        tree = project_modules.parsed(source)
    except SyntaxError:
        return source
    names = [node for node in project_modules.nodes(tree) if isinstance(node, ast.Name)]
    stored = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
    read = Counter(node.id for node in names if isinstance(node.ctx, ast.Load))
    lines = Lines(source)
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
        for node in project_modules.nodes(tree)
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
