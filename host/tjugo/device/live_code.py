"""What nobody reads of linked modules, and need not be on a board."""

import ast
from collections.abc import Collection, Mapping

from tjugo.device import scopes
from tjugo.device.linked_modules import Module, Target
from tjugo.device.scopes import Use

_NO_EFFECT = (ast.Constant, ast.Lambda, ast.Name, ast.Tuple, ast.Dict, ast.Load)


def live(modules: Mapping[str, Module], wanted: Collection[Target]) -> dict[str, set[int]]:
    """Return the id() of the statements of each module's body that somebody needs, `wanted` from
    outside."""
    rows = []  # what a statement defines, what it reads, whether it stays anyhow, id(), module
    for module in modules.values():
        read: dict[int, set[Target]] = {id(node): set() for node in module.tree.body}
        owners = _owners(module.tree)
        for use in module.uses:
            target = _target(module, use)
            if target is not None:
                read[id(owners[use.node.lineno])].add(target)  # type: ignore[attr-defined]
        for node in module.tree.body:
            names = {(module.name, name) for name in scopes.bound([node]) & module.own}
            stays = not _is_removable(node) or not names.isdisjoint(wanted)
            rows.append((names, read[id(node)], stays, id(node), module.name))
    needed: set[Target] = set()
    found: dict[str, set[int]] = {name: set() for name in modules}
    more = True
    while more:
        more = False
        for names, reads, stays, one, home in rows:
            if one not in found[home] and (stays or names & needed):
                found[home].add(one)
                needed |= reads
                more = True
    return found


def _target(module: Module, use: Use) -> Target | None:
    """Return what is read, by its home."""
    target = module.bound_to(use)
    if target is not None and not target[1] and use.above is not None:
        return module.home(target[0], use.above.attr)
    if target is None and use.name in module.own:
        return module.name, use.name
    return target


def span(node: ast.stmt) -> tuple[int, int]:
    """Return the first and the last line of a statement, with its decorators."""
    above = [one.lineno for one in getattr(node, "decorator_list", ())]
    return min([node.lineno, *above]), node.end_lineno or node.lineno


def _owners(tree: ast.Module) -> dict[int, ast.stmt]:
    """Return the statement of the body to which each line belongs."""
    found = {}
    for node in tree.body:
        first, last = span(node)
        found.update(dict.fromkeys(range(first, last + 1), node))
    return found


def _is_removable(node: ast.stmt) -> bool:
    """Return whether a statement does nothing but define names, each of them itself."""
    if isinstance(node, scopes.Import):
        return False
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not node.decorator_list
    if isinstance(node, ast.ClassDef):
        return not node.decorator_list and not node.keywords
    if not isinstance(node, ast.Assign) or not all(isinstance(t, ast.Name) for t in node.targets):
        return False
    value = node.value
    if isinstance(value, ast.Lambda):
        return True
    return all(isinstance(one, _NO_EFFECT) for one in ast.walk(value))
