"""Modules of a board linked into one: all functions in one scope, imports between them gone.

Each module in a board's heap is a table of globals, a table of names, its own name in several
texts and an entry for each name that it imports. groups.py has the modules that are always loaded
together. Names of the module scope become private, unless somebody outside imports them, and what
nobody reads is left out.
"""

import ast
from collections.abc import Collection, Iterator, Mapping

from tjugo.device import scopes
from tjugo.device.linked_modules import (
    Linked,
    Module,
    Target,
    attribute_of,
    edit,
    imports_of,
    moved_texts,
)
from tjugo.device.linked_text import compact, one_module, without_docstrings
from tjugo.device.live_code import live, span
from tjugo.device.project_modules import nodes
from tjugo.device.scopes import Refused, Use
from tjugo.device.source_lines import Lines


def link(
    main: str,
    members: list[Module],
    exported: Collection[Target],
    fixed: Collection[Target],
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
        exported: Collection[Target],
        fixed: Collection[Target],
        taken: Collection[str],
        links: Mapping[str, Linked],
    ) -> None:
        self._main = main
        self._members = members
        self._links = links
        self._any = next(iter(members.values()))
        self._locals = {
            one.name: frozenset().union(*(use.hidden for use in one.uses))
            for one in members.values()
        }
        self._identifiers = {name for one in members.values() for name in _identifiers(one.tree)}
        self._finals: dict[str, object] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._outside: dict[tuple[str, str], str] = {}
        self._exported = {self._home(*one) for one in exported}
        self._name_all(fixed, taken)

    # Names

    def _name_all(self, fixed: Collection[Target], taken: Collection[str]) -> None:
        members = self._members
        every = [(one.name, name) for one in self._members.values() for name in sorted(one.own)]
        deep = {name: _bound_deep(one.tree) for name, one in members.items()}
        kept = [
            (member, name)
            for member, name in every
            if name in deep[member] or (member, name) in fixed or name.startswith("__")
        ]
        for one in kept:
            if one[1] in self._finals:
                raise Refused(f"{one[1]} of {one[0]} is in another module, too")
            self._give(one, one[1])
        self._kept = set(kept)
        for one in every:
            if one not in self._names:
                public = one in self._exported or one[1].endswith("Error")
                others = (self._locals[name] for name in members if name != one[0])
                self._give(one, self._new_name(one[1], public, {*taken}.union(*others)))

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
            if not public or here in {*self._finals}.union(*self._locals.values()):
                here = self._new_name(here, False, ())
            self._outside[module, name] = here
            self._finals[here] = (module, name)
        return self._outside[module, name]

    # The text

    def linked(self) -> Linked:
        texts = []
        needed = live(self._members, self._kept | self._exported)
        for module in self._members.values():
            texts.append((module.name, self._edited(module, needed[module.name])))
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

    def _edited(self, module: Module, needed: set[int]) -> str:
        lines = Lines(module.source)
        without_docstrings(module.tree, lines)
        edits: list[tuple[int, int, str, str]] = []
        globals_: dict[int, ast.Global] = {}
        dead = [node for node in module.tree.body if id(node) not in needed]
        spans = [span(node) for node in dead]
        for use in module.uses:
            line = use.node.lineno  # type: ignore[attr-defined]
            if any(first <= line <= last for first, last in spans):
                continue
            if isinstance(use.node, ast.Global):
                globals_[id(use.node)] = use.node
            else:
                edits += self._edit(module, use)
        for one in globals_.values():
            names = ", ".join(self._final(module.name, name) for name in one.names)
            lines.rewrite(one, f"global {names}")
        mains = {name: one.main for name, one in self._links.items()}
        edits += moved_texts(module.tree, mains | dict.fromkeys(self._members, self._main))
        edit(lines, [one for one in edits if not any(a <= one[0] <= b for a, b in spans)])
        self._rewrite_imports(module, lines)
        for node in dead:
            for number in range(span(node)[0], span(node)[1] + 1):
                lines.clear_line(number)
        return str(lines)

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
        for node in nodes(module.tree):
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


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in nodes(tree):
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
    handlers = [node for node in nodes(tree) if isinstance(node, ast.ExceptHandler)]
    return found | ({node.name for node in handlers if node.name} & scopes.bound(tree.body))
