"""Which modules of a board are linked into one: those that are always loaded together.

A group has the modules that its roots import when they are loaded, and those that these import, as
far as they are in its packages. What is imported within a function stays a file of its own: it is
loaded where it is wanted. So does a module that is passed around as an object.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tjugo.device import scopes
from tjugo.device.linked_modules import Module
from tjugo.device.project_modules import nodes


@dataclass(frozen=True)
class Group:
    """main: the module's name. roots: modules that are always loaded when it is; those that a
    board does not have are left out. inside: beginnings of its members' names. probed: others ask
    the module whether it has a name."""

    main: str
    roots: tuple[str, ...]
    inside: tuple[str, ...]
    probed: bool = False


_RUNTIME = Group(
    "runtime.boot",
    ("runtime.boot", "runtime.bus_server", "runtime.elapsed", "runtime.overlay"),
    ("runtime.",),
)
_BOARD = Group("board", ("board", "mps2_parts"), ("boards.", "drivers."), probed=True)
_STS = (
    ("sts_portable.decoder", "sts_portable.results", "sts_portable.sta", "sts_portable.amount"),
    ("sts_portable.",),
)
_HARDWARE = Group("boards.common.hardware", ("boards.common.hardware",), ("boards.", "drivers."))
GROUPS = {
    "meter": (
        Group(
            "meterbus.server",
            ("meterbus.server", "meterbus.registers", "meterbus.codes"),
            ("meterbus.",),
        ),
        _RUNTIME,
        Group(
            "sts_portable.decoder",
            *_STS,
        ),
        _BOARD,
        _HARDWARE,
        Group("meter.app", ("meter", "meter.app"), ("meter.",)),
    ),
    "collector": (_BOARD, _HARDWARE),
}
# The table of features has the names of their modules in texts; those that every meter loads.
ALWAYS = ("meter.features", "FEATURES")
WITH_FEATURES = "meter.app"


def members(
    group: Group, modules: Mapping[str, Module], roots: Iterable[str], barred: Collection[str]
) -> list[str]:
    """Return the members of a group, each behind those that it imports. barred: modules that
    cannot be members. [] if the board has not the group's main module, or cannot have it linked:
    a module that it imports imports it."""
    out = set(barred)
    if group.main not in modules or group.main in out:
        return []
    while True:
        found: list[str] = []
        for root in (*group.roots, *roots):
            if root in modules and root not in out:
                _follow(root, group, modules, out, found)
        between = _between(found, modules)
        if group.main in between:
            return []
        if not between:
            return found
        out |= between


def _follow(
    name: str, group: Group, modules: Mapping[str, Module], out: set[str], found: list[str]
) -> None:
    if name in found:
        return
    for other in _imported(modules[name], plain=True):
        inside = other in group.roots or other.startswith(group.inside)
        if other in modules and inside and other not in out:
            _follow(other, group, modules, out, found)
    if name not in found:
        found.append(name)


def _between(found: list[str], modules: Mapping[str, Module]) -> set[str]:
    """Return members that a module imports which is none, and is imported by one: loaded, it would
    import a module that is not whole yet."""
    outside: set[str] = set()
    waiting = [other for name in found for other in _imported(modules[name])]
    while waiting:
        name = waiting.pop()
        if name in modules and name not in found and name not in outside:
            outside.add(name)
            waiting += _imported(modules[name])
    return {other for name in outside for other in _imported(modules[name]) if other in found}


def _imported(module: Module, plain: bool = False) -> Iterator[str]:
    """Yield the modules that a module imports when it is loaded. plain: without those that it
    imports on a condition."""
    body = [node for node in module.tree.body if not (plain and isinstance(node, ast.If))]
    for node in scopes.imports(body):
        for target, _ in module.targets(node).values():
            yield target


def objects(modules: Iterable[Module]) -> set[str]:
    """Return the modules that somebody uses otherwise than by a name of it."""
    found = set()
    for module in modules:
        for node in nodes(module.tree):
            if isinstance(node, ast.Import):
                found |= {one.name for one in node.names if "." in one.name}
            elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                found |= {target for target, _ in module.targets(node).values()}
        for use in module.uses:
            target, name = module.bound_to(use) or ("", "-")
            if not name and use.above is None:
                found.add(target)
    return found


def always(modules: Mapping[str, Module]) -> list[str]:
    """Return the modules of the features that every meter has."""
    table, name = ALWAYS
    for node in modules[table].tree.body if table in modules else ():
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return [module for _, module, when in ast.literal_eval(node.value) if when == ""]
    return []
