"""Modules of a board linked into one: all functions in one scope, imports between them gone.

Each module in a board's heap is a table of globals, a table of names, its own name in several
texts and an entry for each name that it imports. groups.py has the modules that are always loaded
together. Names of the module scope become private, unless somebody outside imports them, and what
nobody reads is left out.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tjugo.device import scopes
from tjugo.device.linked_text import compact, one_module, without_docstrings
from tjugo.device.project_modules import origin
from tjugo.device.scopes import Refused, Use
from tjugo.device.source_lines import Lines

_NO_EFFECT = (ast.Constant, ast.Lambda, ast.Name, ast.Tuple, ast.Dict, ast.Load)


Target = tuple[str, str]  # (module, name); the name is "" for a module itself


@dataclass
class Module:
    """A module to be linked. known: the modules of the board. passed_on: where a name that a
    module imports is at home, by (module, name), for all modules. refused: why it cannot be linked,
    "" if it can."""

    name: str
    source: str
    known: Collection[str]
    passed_on: dict[Target, Target]
    tree: ast.Module = field(init=False)
    uses: list[Use] = field(init=False)
    own: set[str] = field(init=False)
    refused: str = ""

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.source)
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


def link(
    main: str,
    members: list[Module],
    exported: Collection[tuple[str, str]],
    fixed: Collection[tuple[str, str]],
    taken: Collection[str],
    links: Mapping[str, Linked],
) -> Linked:
    """Return members, those first that others import, as one module with the name `main`.

    exported: (member, name) that modules outside import. fixed: those that stay as they are,
    because they may be read in any way; the others of the exported are not in `taken`.
    links: those of other groups, by member. Raise Refused.
    """
    work = _Link(main, {one.name: one for one in members}, exported, fixed, taken, links)
    return work.linked()


class _Link:
    def __init__(
        self,
        main: str,
        members: dict[str, Module],
        exported: Collection[tuple[str, str]],
        fixed: Collection[tuple[str, str]],
        taken: Collection[str],
        links: Mapping[str, Linked],
    ) -> None:
        self._main = main
        self._members = members
        self._links = links
        self._any = next(iter(members.values()))
        self._identifiers = {name for one in members.values() for name in _identifiers(one.tree)}
        self._finals: dict[str, object] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._outside: dict[tuple[str, str], str] = {}
        self._exported = {self._home(*one) for one in exported}
        self._name_all(fixed, taken)

    # Names

    def _name_all(self, fixed: Collection[tuple[str, str]], taken: Collection[str]) -> None:
        every = [(one.name, name) for one in self._members.values() for name in sorted(one.own)]
        kept = [
            (member, name)
            for member, name in every
            if name in _bound_deep(self._members[member].tree)
            or (member, name) in fixed
            or name.startswith("__")
        ]
        for one in kept:
            if one[1] in self._finals:
                raise Refused(f"{one[1]} of {one[0]} is in another module, too")
            self._give(one, one[1])
        self._kept = set(kept)
        for one in every:
            if one not in self._names:
                public = one in self._exported or one[1].endswith("Error")
                self._give(one, self._new_name(one[1], public, taken))

    def _give(self, one: tuple[str, str], final: str) -> None:
        self._names[one] = final
        self._finals[final] = one

    def _new_name(self, name: str, public: bool, taken: Collection[str]) -> str:
        if name.startswith("_") and not public:
            if name not in self._finals:
                return name
        elif public and name not in self._finals and name not in taken:
            return name
        base = name if public else "_" + name.lstrip("_")
        number = 1
        final = base
        while final in self._finals or final in self._identifiers or final in taken:
            number += 1
            final = f"{base}_{number}" if base.upper() == base else f"{base}{number}"
        return final

    def _home(self, module: str, name: str) -> Target:
        return self._any.home(module, name)

    def _final(self, module: str, name: str) -> str:
        """Return the name in the linked module of what a member defines or imports."""
        module, name = self._home(module, name)
        if module in self._members:
            if (module, name) not in self._names:
                raise Refused(f"{module} has no {name or 'place as an object'}")
            return self._names[module, name]
        if not name and module in self._links:
            module = self._links[module].main
        if (module, name) not in self._outside:
            here = name or module.rsplit(".", 1)[-1]
            public = module not in self._any.known and module not in self._links
            if not public or here in self._finals:
                here = self._new_name(here, False, ())
            self._outside[module, name] = here
            self._finals[here] = (module, name)
        return self._outside[module, name]

    # The text

    def linked(self) -> Linked:
        texts = []
        live = self._live()
        for module in self._members.values():
            texts.append((module.name, self._edited(module, live[module.name])))
        names = {
            (module, name): self._final(module, name)
            for module, one in self._members.items()
            for name in one.own
        }
        head = imports_of(self._outside, self._links)
        if len(texts) == 1:
            source, lines = one_module(texts[0][0], head, texts[0][1])
        else:
            source, lines = compact([("", "\n".join(head)), *texts])
        return Linked(self._main, source, names, lines)

    def _edited(self, module: Module, live: set[int]) -> str:
        lines = Lines(module.source)
        without_docstrings(module.tree, lines)
        edits: list[tuple[int, int, str, str]] = []
        globals_: dict[int, ast.Global] = {}
        dead = [node for node in module.tree.body if id(node) not in live]
        spans = [_span(node) for node in dead]
        for use in module.uses:
            line = use.node.lineno  # type: ignore[attr-defined]
            if any(first <= line <= last for first, last in spans):
                continue
            if isinstance(use.node, ast.Global):
                globals_[id(use.node)] = use.node
            else:
                edits += self._edit(module, use)
        for node in globals_.values():
            names = ", ".join(self._final(module.name, name) for name in node.names)
            lines.rewrite(node, f"global {names}")
        edits += moved_texts(module.tree, self._links | dict.fromkeys(self._members, self))
        edit(lines, [one for one in edits if not any(a <= one[0] <= b for a, b in spans)])
        self._rewrite_imports(module, lines)
        for node in dead:
            for number in range(_span(node)[0], _span(node)[1] + 1):
                lines.clear_line(number)
        return str(lines)

    @property
    def main(self) -> str:
        return self._main

    def _edit(self, module: Module, use: Use) -> Iterator[tuple[int, int, str, str]]:
        node = use.node
        if not isinstance(node, ast.Name):
            words = {ast.ClassDef: "class ", ast.FunctionDef: "def "}.get(type(node), "async def ")
            line, column = node.lineno, node.col_offset + len(words)  # type: ignore[attr-defined]
            yield line, column, use.name, self._final(module.name, use.name)
            return
        at = node.lineno, node.col_offset
        target = module.bound_to(use)
        if target is None:
            if use.name in module.own:
                yield (*at, use.name, self._seen(module, use, module.name, use.name))
        elif target[0] in self._members and not target[1]:
            if use.above is None or not isinstance(use.above.ctx, ast.Load):
                raise Refused(f"{module.name}, line {node.lineno}: {use.name} is an object")
            new = self._seen(module, use, *self._home(target[0], use.above.attr))
            yield (*at, f"{use.name}.{use.above.attr}", new)
        else:
            if use.by is None or target[0] in self._members:
                yield (*at, use.name, self._seen(module, use, *target))
            other = self._links.get(target[0])
            if other and not target[1] and use.above is not None:
                yield from attribute_of(use, other.names.get((target[0], use.above.attr)))

    def _seen(self, module: Module, use: Use, home: str, name: str) -> str:
        """Return the new name of what is used. Raise Refused where something else has it."""
        final = self._final(home, name)
        if final != use.name and final in use.hidden:
            line = use.node.lineno  # type: ignore[attr-defined]
            raise Refused(f"{module.name}, line {line}: {final} is another one here")
        return final

    def _rewrite_imports(self, module: Module, lines: Lines) -> None:
        """Remove the imports of the body, and those of members in functions."""
        top = {id(node) for node in module.tree.body}
        for node in ast.walk(module.tree):
            if not isinstance(node, scopes.Import):
                continue
            if id(node) in top:
                lines.clear(node)
                continue
            wanted = module.targets(node)
            left = {here: to for here, to in wanted.items() if to[0] not in self._members}
            if left != wanted or any(target[0] in self._links for target in left.values()):
                statements = imports_of({to: here for here, to in left.items()}, self._links)
                lines.rewrite(node, "; ".join(statements) or "pass")

    # What is read

    def _live(self) -> dict[str, set[int]]:
        """Return the id() of the statements of each member's body that somebody needs."""
        rows = []  # [names that it defines, names that it reads, whether it stays, node, module]
        for module in self._members.values():
            read: dict[int, set[str]] = {id(node): set() for node in module.tree.body}
            owners = _owners(module.tree)
            for use in module.uses:
                for final in self._read(module, use):
                    read[id(owners[use.node.lineno])].add(final)  # type: ignore[attr-defined]
            for node in module.tree.body:
                names = {self._names[module.name, name] for name in _defined(node, module)}
                keep = not _is_removable(node) or any(
                    one in self._kept or one in self._exported
                    for one in ((module.name, name) for name in _defined(node, module))
                )
                rows.append((names, read[id(node)], keep, node, module.name))
        wanted: set[str] = set()
        live: dict[str, set[int]] = {name: set() for name in self._members}
        more = True
        while more:
            more = False
            for names, reads, keep, node, name in rows:
                if id(node) not in live[name] and (keep or names & wanted):
                    live[name].add(id(node))
                    wanted |= reads
                    more = True
        return live

    def _read(self, module: Module, use: Use) -> Iterator[str]:
        target = module.bound_to(use)
        if target is not None and not target[1] and use.above is not None:
            target = self._home(target[0], use.above.attr)
        if target is None and use.name in module.own:
            target = (module.name, use.name)
        if target in self._names:
            yield self._names[target]  # type: ignore[index]


def _owners(tree: ast.Module) -> dict[int, ast.stmt]:
    """Return the statement of the body to which each line belongs."""
    found = {}
    for node in tree.body:
        first, last = _span(node)
        found.update(dict.fromkeys(range(first, last + 1), node))
    return found


def _span(node: ast.stmt) -> tuple[int, int]:
    """Return the first and the last line of a statement, with its decorators."""
    above = [one.lineno for one in getattr(node, "decorator_list", ())]
    return min([node.lineno, *above]), node.end_lineno or node.lineno


def _defined(node: ast.stmt, module: Module) -> set[str]:
    return scopes.bound([node]) & module.own


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


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name


def _bound_deep(tree: ast.Module) -> set[str]:
    """Return the names of the module's scope that are bound where they cannot be renamed: by
    imports below `try` or `if`, and by `except`."""
    deep = [node for node in tree.body if not isinstance(node, scopes.Import)]
    found = {name for node in scopes.imports(deep) for name in scopes.names_of(node)}
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return found | ({node.name for node in handlers if node.name} & scopes.bound(tree.body))


# For modules outside of a group, too


def imports_of(
    wanted: Mapping[tuple[str, str], str], links: Mapping[str, Linked]
) -> list[str]:
    """Return the statements that import (module, name) as a name each."""
    parts: dict[str, list[str]] = {}
    for (module, name), here in wanted.items():
        if module in links:
            other = links[module]
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


def moved_texts(
    tree: ast.Module, links: Mapping[str, object]
) -> Iterator[tuple[int, int, str, str]]:
    """Yield the changes of texts that are the name of a linked module: for __import__."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in links:
            main = links[node.value].main  # type: ignore[attr-defined]
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
    edits = list(moved_texts(module.tree, links))
    for use in module.uses:
        target = module.bound_to(use)
        if target and target[0] in links and not target[1] and use.above is not None:
            other = links[target[0]]
            edits += attribute_of(use, other.names.get((target[0], use.above.attr)))
    edit(lines, edits)
    for node in ast.walk(module.tree):
        if isinstance(node, scopes.Import):
            wanted = module.targets(node)
            if any(target[0] in links for target in wanted.values()):
                statements = imports_of({to: here for here, to in wanted.items()}, links)
                lines.rewrite(node, "; ".join(statements))
    return str(lines)
