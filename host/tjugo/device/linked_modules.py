"""The modules of a board for linking: what each imports, and how its imports are rewritten."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tjugo.device import scopes
from tjugo.device.project_modules import nodes, origin, parsed
from tjugo.device.scopes import Use
from tjugo.device.source_lines import Lines
from tjugo.errors import TjugoError

Target = tuple[str, str]  # (module, name); the name is "" for a module itself


@dataclass
class Module:
    """A module to be linked. known: the modules of the board. passed_on: where a name that a
    module imports is at home, by (module, name), for all modules. refused: why it cannot be
    linked, "" if it can."""

    name: str
    source: str
    known: Collection[str]
    passed_on: dict[Target, Target]
    tree: ast.Module = field(init=False)
    uses: list[Use] = field(init=False)
    own: set[str] = field(init=False)
    refused: str = ""

    def __post_init__(self) -> None:
        self.tree = parsed(self.source)
        imports = [node for node in self.tree.body if isinstance(node, scopes.Import)]
        rows = {here: to for node in imports for here, to in self._written(node)}
        self.passed_on.update({(self.name, here): to for here, to in rows.items()})
        self.own = scopes.bound(self.tree.body) - set(rows)
        self.uses, self.refused = scopes.uses(self.tree)

    @cached_property
    def imported(self) -> dict[str, Target]:
        """What the imports of the body bind, by the name here."""
        imports = [node for node in self.tree.body if isinstance(node, scopes.Import)]
        return {here: to for node in imports for here, to in self.targets(node).items()}

    @cached_property
    def read(self) -> set[Target]:
        """What the module reads of others; the name is "" for a module itself."""
        imports = [node for node in nodes(self.tree) if isinstance(node, scopes.Import)]
        found = {target for node in imports for target in self.targets(node).values()}
        for use in self.uses:
            target, name = self.bound_to(use) or ("", "-")
            if not name and use.above is not None:
                found.add(self.home(target, use.above.attr))
        return found

    def targets(self, node: scopes.Import) -> dict[str, Target]:
        """Return what an import binds, by the name here: where each is at home."""
        return {here: self.home(*to) for here, to in self._written(node)}

    def home(self, module: str, name: str) -> Target:
        """Return where a name is defined that a module has."""
        while name and (module, name) in self.passed_on:
            module, name = self.passed_on[module, name]
        return module, name

    def bound_to(self, use: Use) -> Target | None:
        """Return what a name is that an import binds, None for another one."""
        return (self.targets(use.by) if use.by else self.imported).get(use.name)

    def _written(self, node: scopes.Import) -> Iterator[tuple[str, Target]]:
        for one in node.names:
            if isinstance(node, ast.Import):
                yield one.asname or one.name, (one.name, "")
                continue
            base = origin(node, self.name)
            inner = f"{base}.{one.name}"
            yield one.asname or one.name, (inner, "") if inner in self.known else (base, one.name)


@dataclass(frozen=True)
class Linked:
    """main: the module that is all of them. names: their new ones, by (module, name). lines:
    (module, line) of each of its lines."""

    main: str
    source: str
    names: Mapping[tuple[str, str], str]
    lines: list[tuple[str, int]]


def imports_of(wanted: Mapping[tuple[str, str], str], links: Mapping[str, Linked]) -> list[str]:
    """Return the statements that import (module, name) as a name each."""
    parts: dict[str, list[str]] = {}
    for (module, name), here in wanted.items():
        if module in links:
            other = links[module]
            if name and (module, name) not in other.names:
                raise TjugoError(f"There is no {name} in {module}, from which it is imported.")
            if name:
                base, there = other.main, other.names[module, name]
            else:
                base, _, there = other.main.rpartition(".")
        elif name:
            base, there = module, name
        else:
            base, _, there = module.rpartition(".")
        parts.setdefault(base, []).append(there if there == here else f"{there} as {here}")
    alone = [f"import {one}" for one in parts.pop("", [])]
    return alone + [f"from {base} import {', '.join(names)}" for base, names in parts.items()]


def moved_texts(tree: ast.Module, mains: Mapping[str, str]) -> Iterator[tuple[int, int, str, str]]:
    """Yield the changes of texts that are the name of a linked module: for __import__."""
    for node in nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in mains:
            main = mains[node.value]
            if main != node.value and "." in node.value:
                yield node.lineno, node.col_offset, f'"{node.value}"', f'"{main}"'


def attribute_of(use: Use, final: str | None) -> Iterator[tuple[int, int, str, str]]:
    """Yield the change of an attribute that has another name in a linked module."""
    node = use.above
    if node is not None and final not in (None, node.attr):
        line, column = node.end_lineno or 0, (node.end_col_offset or 0) - len(node.attr.encode())
        yield line, column, node.attr, str(final)


def edit(lines: Lines, edits: Iterable[tuple[int, int, str, str]]) -> None:
    """Replace (line, column, old, new), from the end on."""
    for line, column, old, new in sorted(set(edits), reverse=True):
        if old != new:
            lines.replace(line, column, old, new)


def relinked(module: Module, links: Mapping[str, Linked]) -> str:
    """Return the source of a module outside of all groups, with its imports of members as they
    are now. Lines are kept."""
    lines = Lines(module.source)
    edits = list(moved_texts(module.tree, {name: one.main for name, one in links.items()}))
    for use in module.uses:
        target = module.bound_to(use)
        if target and target[0] in links and not target[1] and use.above is not None:
            other = links[target[0]]
            edits += attribute_of(use, other.names.get((target[0], use.above.attr)))
    edit(lines, edits)
    for node in nodes(module.tree):
        if isinstance(node, scopes.Import):
            wanted = module.targets(node)
            if any(target[0] in links for target in wanted.values()):
                statements = imports_of({to: here for here, to in wanted.items()}, links)
                lines.rewrite(node, "; ".join(statements))
    return str(lines)
