"""The sources of a board's modules as they are compiled: constants written out, groups linked."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tjugo.device import groups, linking, project_modules, scopes
from tjugo.device.constants import with_constants
from tjugo.device.linked_modules import Linked, Module, Target, imports_of, relinked
from tjugo.device.public_constants import mentions
from tjugo.device.scopes import Refused
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO

# What imports modules of a deployed board by the names that they have in the project.
_VISITORS = ("host/tjugo/device/on_board", "boards/qemu_mps2/count")


@dataclass(frozen=True)
class Program:
    """sources: by the name of the module. links: the group of each member. refused: why a group
    or module is not linked although it should be."""

    sources: Mapping[str, str]
    links: Mapping[str, Linked]
    refused: Mapping[str, str]


def program(role: str, paths: Mapping[str, Path], apart: frozenset[str]) -> Program:
    """Return the program of a role with these modules. apart: those that are not linked, because
    they are compiled in another way. Raise TjugoError."""
    return _program(role, tuple(sorted(paths.items())), apart)


@cache
def _program(role: str, paths: tuple[tuple[str, Path], ...], apart: frozenset[str]) -> Program:
    names = frozenset(name for name, _ in paths)
    passed_on: dict[Target, Target] = {}
    modules = {}
    for name, path in paths:
        source = with_constants(path.read_text(), name, True)
        modules[name] = Module(name, source, names, passed_on)
    texts = {text for one in modules.values() for text in _texts(one.tree)}
    objects = groups.objects(modules.values())
    links: dict[str, Linked] = {}
    alone: dict[str, str] = {}
    refused: dict[str, str] = {}
    for group, found in _groups(role, modules, apart | objects, texts):
        try:
            linked = _link(group, [modules[name] for name in found], modules, texts, links)
        except Refused as why:
            refused[group.main] = str(why)
            continue
        links |= dict.fromkeys(found, linked)
    for name in sorted(names - set(links)):
        one = modules[name]
        if name in apart or one.refused:
            alone[name] = relinked(one, links)
            continue
        if not _wanted(name, modules):
            continue
        group = groups.Group(name, (name,), ())
        try:
            alone[name] = _link(group, [one], modules, texts, links, name in objects).source
        except Refused as why:
            refused[name] = str(why)
            alone[name] = relinked(one, links)
    mains = {one.main: one.source for one in links.values()}
    made = {**alone, **mains, **_for_visitors(links)}
    _check(made)
    return Program(made, links, refused)


def _groups(
    role: str, modules: Mapping[str, Module], barred: set[str] | frozenset[str], texts: set[str]
) -> list[tuple[groups.Group, list[str]]]:
    """Return the groups of a role with their members. Raise TjugoError."""
    every = groups.GROUPS[role]
    out = {name for name, one in modules.items() if one.refused} | barred
    roots = {root for group in every for root in group.roots}
    out |= {name for name in set(modules) - roots if "." not in name and name in texts}
    made = []
    for group in every:
        more = groups.always(modules) if group.main == groups.WITH_FEATURES else ()
        found = groups.members(group, modules, more, out)
        if len(found) > 1:
            made.append((group, found))
            out |= set(found)
    return made


def _check(sources: Mapping[str, str]) -> None:
    """Raise TjugoError for an import of what is not there."""
    modules = {name: Module(name, source, sources, {}) for name, source in sources.items()}
    for one in modules.values():
        for node in project_modules.nodes(one.tree):
            if not isinstance(node, scopes.Import):
                continue
            for module, name in one.targets(node).values():
                if module in modules:
                    other = modules[module]
                    there = not name or name in other.own or (module, name) in other.passed_on
                else:
                    there = project_modules.path(module) is None
                if not there and not {module, f"{module}.{name}"} & {*project_modules.NEVER}:
                    raise TjugoError(f"{one.name} imports {name} of {module}: it is not there.")


def _link(
    group: groups.Group,
    members: list[Module],
    modules: Mapping[str, Module],
    texts: set[str],
    links: Mapping[str, Linked],
    whole: bool = False,
) -> Linked:
    """Return members as one module. whole: all public names stay."""
    found = {one.name for one in members}
    read = _read([one for one in modules.values() if one.name not in found])
    asked = {one for one in read | _visited() if one[0] in found}
    exported = {(name, one) for name, one in asked if one in modules[name].own}
    fixed = set()
    for one in members:
        public = {name for name in one.own if not name.startswith("_")}
        if (one.name, "") in _visited():
            exported |= {(one.name, name) for name in public}
        if whole or (
            one.name == group.main and (len(members) > 1 or not _by_name(one, texts, read))
        ):
            fixed |= {(one.name, name) for name in public}
        elif one.name in texts:
            fixed |= {(one.name, name) for name in public if {name, _lower(name)} & texts}
    taken = mentions().attributes | mentions().texts if group.probed else set()
    return linking.link(group.main, members, exported, fixed, taken, links)


def _lower(name: str) -> str:
    """Return the name of a feature of which this is the class (meter/features.py)."""
    return name[0].lower() + name[1:]


def _by_name(module: Module, texts: set[str], read: set[Target]) -> bool:
    """Return whether modules import a module, or have its name in a text for __import__."""
    return module.name in texts or any(target == module.name for target, _ in read)


def _wanted(name: str, modules: Mapping[str, Module]) -> bool:
    """Return whether somebody reads a name of a package itself; else it is a folder."""
    is_package = any(other.startswith(f"{name}.") for other in modules)
    read = _read([*modules.values()]) if is_package else set()
    return not is_package or any(
        target == name and f"{name}.{one}" not in project_modules.NEVER for target, one in read
    )


def _read(others: list[Module]) -> set[Target]:
    """Return (module, name) of all that modules read of others; the name is "" for a module
    itself."""
    return set().union(*(one.read for one in others))


@cache
def _visited() -> frozenset[tuple[str, str]]:
    """Return (module, name) of all that visitors read; the name is "" where it may be any."""
    found = set()
    for area in _VISITORS:
        for path in sorted((REPO / area).rglob("*.py")):
            tree = project_modules.parsed(path.read_text())
            known = project_modules.imported(tree, path.stem)
            found |= set(known.values())
            found |= {(text, "") for text in _texts(tree)}
    return frozenset(found)


def _texts(tree: ast.Module) -> set[str]:
    return {
        node.value
        for node in project_modules.nodes(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _for_visitors(links: Mapping[str, Linked]) -> dict[str, str]:
    """Return modules with the old names of members that visitors import."""
    made = {}
    visited = _visited()
    for name, link in links.items():
        asked = {one for module, one in visited if module == name}
        if not asked or name in (link.main, link.main.partition(".")[0]):
            continue
        wanted = {
            (module, one): one
            for module, one in sorted(link.names)
            if module == name
            and not one.startswith("_")
            and (one in asked or "" in asked)
            and not link.names[module, one].startswith("_")
        }
        made[name] = "\n".join(imports_of(wanted, links)) + "\n"
    return made
