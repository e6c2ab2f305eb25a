"""Public constants of a module for a board: numbers, written where other modules read them.

Each import of a constant takes heap in the importing module, and the constant itself in its own.
A constant is an integer that a module sets once, in capital letters.
"""

import ast
import re
from dataclasses import dataclass, field
from functools import cache

from tjugo.device import project_modules
from tjugo.device.source_lines import Lines

_PUBLIC = re.compile(r"[A-Z][A-Z0-9_]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_AFTER_A_DOT = re.compile(r"\.([A-Za-z_]\w*)")
_SMALL = 1 << 30  # a larger number is an object of the heap wherever it is written


def with_numbers(source: str, module: str, closed: bool) -> str:
    """Return the source with the numbers of other modules' constants in place of their names.

    What is not read any more is not imported. closed: all that reads the module is compiled, too;
    its own constants become private then, unless a text refers to them. Lines are kept. Raise
    TjugoError for a constant that is written in a way that is not supported.
    """
    tree = project_modules.parsed(source)
    lines = Lines(source)
    known = project_modules.imported(tree, module)
    stored = set(_stored(tree))
    values = {name: _value(*known[name]) for name in known if name not in stored}
    numbers = {name: value for name, value in values.items() if value is not None}
    own = _hidden(module) if closed else set()
    replaced = set()
    for node in _from_the_end(tree):
        if isinstance(node, ast.Attribute):
            name, value = _of_module(node, known)
            if value is not None:
                replaced.add(id(node.value))
                lines.replace(node.lineno, node.col_offset, name, _written(value))
        elif isinstance(node, ast.Name) and node.id in own:
            lines.replace(node.lineno, node.col_offset, node.id, f"_{node.id}")
        elif isinstance(node, ast.Name) and node.id in numbers:
            replaced.add(id(node))
            lines.replace(node.lineno, node.col_offset, node.id, _written(numbers[node.id]))
    _drop_imports(tree, lines, module, replaced)
    return str(lines)


def _stored(tree: ast.Module) -> list[str]:
    """Return the names that a module sets, each as often as it does."""
    names = [node for node in project_modules.nodes(tree) if isinstance(node, ast.Name)]
    return [node.id for node in names if isinstance(node.ctx, ast.Store)]


def _written(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"


def _from_the_end(tree: ast.Module) -> list[ast.Attribute | ast.Name]:
    found = [
        node for node in project_modules.nodes(tree) if isinstance(node, ast.Attribute | ast.Name)
    ]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True)


def _of_module(node: ast.Attribute, known: dict[str, tuple[str, str]]) -> tuple[str, int | None]:
    """Return how `module.NAME` is written, and its number; None for another attribute."""
    if not isinstance(node.value, ast.Name):
        return "", None
    module, name = known.get(node.value.id, ("", "-"))
    value = None if name else _value(module, node.attr)
    return f"{node.value.id}.{node.attr}", value


def _drop_imports(tree: ast.Module, lines: Lines, module: str, replaced: set[int]) -> None:
    """Remove the names from imports that were read before, and are not any more."""
    names = [node for node in project_modules.nodes(tree) if isinstance(node, ast.Name)]
    gone = {node.id for node in names if id(node) in replaced}
    gone -= {node.id for node in names if id(node) not in replaced}
    gone = {name for name in gone if not _read_as_own(module, name)}
    for node in project_modules.nodes(tree):
        if isinstance(node, ast.ImportFrom):
            left = [one for one in node.names if (one.asname or one.name) not in gone]
            if len(left) < len(node.names):
                text = ast.unparse(ast.ImportFrom(node.module, left, node.level))
                lines.rewrite(node, text if left else "pass")


def _read_as_own(module: str, name: str) -> bool:
    """Return whether another module may read what this one imports, and not as a number."""
    seen = mentions()
    if _PUBLIC.fullmatch(name) and name in seen.attributes | seen.texts:
        return True
    return (module, name) in seen.of_modules and _value(module, name) is None


# The constants of a module


@cache
def _value(module: str, name: str) -> int | None:
    """Return the number of a constant of a module of the project, None if it is none."""
    if not _PUBLIC.fullmatch(name) or name in mentions().put:
        return None
    value = _all(module).get(name)
    return value if value is not None and abs(value) < _SMALL else None


@cache
def _all(module: str) -> dict[str, int]:
    """Return the integers that a module sets once or imports, private ones included, by name."""
    tree = project_modules.tree(module)
    found = {}
    for name, (other, there) in project_modules.imported(tree, module).items():
        value = _all(other).get(there) if there else None
        if value is not None:
            found[name] = value
    stored = _stored(tree)
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            value = _computed(node.value, found)
            if value is not None and len(node.targets) == 1 and stored.count(name) == 1:
                found[name] = value
    return found


def _computed(node: ast.expr, known: dict[str, int]) -> int | None:
    """Return the integer of an expression, None if it is none that is known."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "const":
        node = node.args[0]
    inside = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    allowed = ast.Constant | ast.Name | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop
    parts = [one for one in ast.walk(node) if not isinstance(one, ast.expr_context)]
    if not all(isinstance(one, allowed) for one in parts):
        return None
    if any(one.id not in known for one in inside):
        return None
    value = eval(compile(ast.Expression(node), "constant", "eval"), {}, dict(known))
    return value if type(value) is int else None


@cache
def _hidden(module: str) -> set[str]:
    """Return the constants of a module that need not be there on a board."""
    if not project_modules.path(module):
        return set()
    tree = project_modules.tree(module)
    own = set(_stored(tree))
    kept = mentions().texts | mentions().attributes | {name[1:] for name in own}
    return {name for name in own - kept if _value(module, name) is not None}


@dataclass
class _Mentions:
    """Where the project has a name: in a text; as an attribute of what is no module; as one that
    is set from outside; as one of a module, (module, name)."""

    texts: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    put: set[str] = field(default_factory=set)
    of_modules: set[tuple[str, str]] = field(default_factory=set)


def _referred(text: str) -> set[str]:
    """Return the names to which a text may refer: itself, and those of a program in it."""
    program = "import " in text or "=" in text
    return {text} | set(_WORD.findall(text) if program else _AFTER_A_DOT.findall(text))


@cache
def mentions() -> _Mentions:
    found = _Mentions()
    for path in project_modules.sources():
        module = project_modules.name_of(path)
        tree = project_modules.parsed(path.read_text())
        documentation = project_modules.docstrings(tree)
        known = project_modules.imported(tree, module)
        found.of_modules |= {one for one in known.values() if one[1]}
        for node in project_modules.nodes(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if id(node) not in documentation:
                    found.texts |= _referred(node.value)
            elif isinstance(node, ast.Attribute):
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                other, name = known.get(owner, ("", "-"))
                if name:
                    found.attributes.add(node.attr)
                else:
                    found.of_modules.add((other, node.attr))
                if not isinstance(node.ctx, ast.Load):
                    found.put.add(node.attr)
    return found
