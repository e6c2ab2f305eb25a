"""Parameters of a module for a board: `p0`, `p1`.. in each function, which need no more names."""

import ast
from collections.abc import Iterable, Iterator

from tjugo.device import project_modules
from tjugo.device.kept_names import OWN, kept_with, names
from tjugo.device.source_lines import Lines

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def with_short_parameters(source: str) -> str:
    """Return the source with short parameters where no call may name them, lines kept."""
    tree = project_modules.parsed(source)
    kept = kept_with(source).words | set(_bound_otherwise(tree)) | {*OWN}
    used = {token.string for token in names(source)}
    free = [name for name in (f"p{number}" for number in range(99)) if name not in used]
    changes: list[tuple[int, int, str, str]] = []
    _visit(tree, {}, 0, (kept, free, changes))
    lines = Lines(source)
    for line, column, old, new in sorted(changes, reverse=True):
        lines.replace(line, column, old, new)
    return str(lines)


def _bound_otherwise(tree: ast.Module) -> Iterator[str]:
    """Yield the names that functions, classes, imports and `except` bind."""
    for node in project_modules.nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def _visit(node: ast.AST, new_names: dict[str, str], depth: int, work: tuple) -> None:
    """Note the changes in a node. new_names: by old ones; depth: how many are taken."""
    kept, free, changes = work
    if isinstance(node, ast.Name | ast.arg):
        old = node.id if isinstance(node, ast.Name) else node.arg
        if old in new_names:
            changes.append((node.lineno, node.col_offset, old, new_names[old]))
    if not isinstance(node, _Function):
        for child in ast.iter_child_nodes(node):
            _visit(child, new_names, depth, work)
        return
    given = node.args
    for outside in (*given.defaults, *filter(None, given.kw_defaults), *_decorators(node)):
        _visit(outside, new_names, depth, work)
    own = [*given.posonlyargs, *given.args]
    every = [*own, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    new_names = {
        old: new for old, new in new_names.items() if old not in {one.arg for one in every}
    }
    for one in own:
        if one.arg not in kept and not _is_assembler(node):
            new_names[one.arg] = free[depth]
        depth += 1
    for inside in (*every, *_body(node)):
        _visit(inside, new_names, depth, work)


def _is_assembler(node: _Function) -> bool:
    """Return whether the parameters are registers."""
    names = [getattr(one, "attr", "") for one in _decorators(node)]
    return any(name.startswith("asm_") for name in names)


def _decorators(node: _Function) -> Iterable[ast.AST]:
    return () if isinstance(node, ast.Lambda) else node.decorator_list


def _body(node: _Function) -> Iterable[ast.AST]:
    return (node.body,) if isinstance(node, ast.Lambda) else node.body
