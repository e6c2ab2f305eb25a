"""The sources of a board's modules as they are compiled: constants written out, groups linked."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tjugo.device import groups, linking, project_modules, scopes
from tjugo.device.constants import with_constants
from tjugo.device.linking import Linked, Module
from tjugo.device.public_constants import mentions
from tjugo.device.scopes import Refused
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO

# What imports modules of a deployed board by the names that they have in the project.
_VISITORS = ("host/tjugo/device/on_board", "boards/qemu_mps2/count", "tests/device")


@dataclass(frozen=True)
class Program:
    """sources: by the name of the module. links: the group of each member. short: modules that
    import for a visitor what is elsewhere now."""

    sources: Mapping[str, str]
    links: Mapping[str, Linked]


def program(role: str, paths: Mapping[str, Path], apart: frozenset[str]) -> Program:
    """Return the program of a role with these modules. apart: those that are not linked, because
    they are compiled in another way. Raise TjugoError."""
    return _program(role, tuple(sorted(paths.items())), apart)


@cache
def _program(role: str, paths: tuple[tuple[str, Path], ...], apart: frozenset[str]) -> Program:
    names = frozenset(name for name, _ in paths)
    modules = {}
    barred = set(apart)
    for name, path in paths:
        modules[name] = Module(name, with_constants(path.read_text(), name, True), names)
        if modules[name].refused:
            barred.add(name)
    barred |= groups.objects(modules.values())
    texts = {text for one in modules.values() for text in _texts(one.tree)}
    roots = {root for group in groups.GROUPS.get(role, ()) for root in group.roots}
    barred |= {name for name in names - roots if "." not in name and name in texts}
    links: dict[str, Linked] = {}
    features = groups.always(modules)
    try:
        for group in groups.GROUPS.get(role, ()):
            more = features if group.main == "meter.app" else ()
            found = groups.members(group, modules, more, barred)
            if len(found) > 1:
                links |= dict.fromkeys(found, _link(group, found, modules, texts, links, features))
    except Refused as why:
        raise TjugoError(f"The modules of {group.main} cannot be linked: {why}.") from None
    sources = {}
    for name in names:
        if name not in links:
            sources[name] = linking.relinked(modules[name], links)
        elif links[name].main == name:
            sources[name] = links[name].source
    sources |= _for_visitors(links)
    _check(sources, links)
    return Program(sources, links)


def _check(sources: Mapping[str, str], links: Mapping[str, Linked]) -> None:
    """Raise TjugoError for an import of a module that is in another file now."""
    gone = {name for name, one in links.items() if one.main != name and name not in sources}
    for name, source in sources.items():
        module = Module(name, source, {*sources, *links})
        for node in ast.walk(module.tree):
            if isinstance(node, scopes.Import):
                targets = linking.targets_of(node, name, module.known)
                left = {target for _, (target, _) in targets} & gone
                if left:
                    raise TjugoError(f"{name} imports {', '.join(left)}, which is linked.")


def _link(
    group: groups.Group,
    found: list[str],
    modules: Mapping[str, Module],
    texts: set[str],
    links: Mapping[str, Linked],
    features: Mapping[str, str],
) -> Linked:
    main = group.main
    seen = _seen([one for name, one in modules.items() if name not in found])
    visited = _visited()
    exported = {one for one in seen | visited if one[0] in found}
    any_name = {main, *(texts & set(found))} - set(features)
    fixed = {
        (name, one)
        for name in found
        for one in modules[name].own
        if (name in any_name and not one.startswith("_")) or one == features.get(name)
    }
    exported |= {(name, one) for name, one in seen if name in found}
    whole = {name for name, one in visited if not one and name in found}
    for name in whole:
        exported |= {(name, one) for one in modules[name].own if not one.startswith("_")}
    exported = {(name, one) for name, one in exported if one and _has(modules[name], one)}
    taken = mentions().attributes | mentions().texts if group.probed else set()
    return linking.link(main, [modules[name] for name in found], exported, fixed, taken, links)


def _has(module: Module, name: str) -> bool:
    return name in module.own or name in module.imported


def _seen(others: list[Module]) -> set[tuple[str, str]]:
    """Return (module, name) of all that modules read of others."""
    found = set()
    for module in others:
        for node in ast.walk(module.tree):
            if isinstance(node, scopes.Import):
                found |= set(dict(linking.targets_of(node, module.name, module.known)).values())
        for use in module.uses:
            bound = (
                dict(linking.targets_of(use.by, module.name, module.known))
                if use.by
                else module.imported
            )
            target, name = bound.get(use.name, ("", "-"))
            if not name and use.above is not None:
                found.add((target, use.above.attr))
    return found


@cache
def _visited() -> frozenset[tuple[str, str]]:
    """Return (module, name) of all that visitors read; the name is "" where it may be any."""
    found = set()
    for area in _VISITORS:
        for path in sorted((REPO / area).rglob("*.py")):
            tree = ast.parse(path.read_text())
            known = project_modules.imported(tree, path.stem)
            found |= set(known.values())
            found |= {(text, "") for text in _texts(tree)}
    return frozenset(found)


def _texts(tree: ast.Module) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _for_visitors(links: Mapping[str, Linked]) -> dict[str, str]:
    """Return modules with the old names of members that visitors import."""
    made = {}
    visited = _visited()
    for name, link in links.items():
        asked = {one for module, one in visited if module == name}
        if not asked or name == link.main:
            continue
        wanted = {
            (module, one): one
            for module, one in sorted(link.names)
            if module == name and not one.startswith("_") and (one in asked or "" in asked)
            and not link.names[module, one].startswith("_")
        }
        made[name] = "\n".join(linking.imports_of(wanted, links)) + "\n"
    return made
