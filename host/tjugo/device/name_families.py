"""Attributes by the classes that have them: those of one object must have different names."""

import ast
from collections.abc import Iterator

from tjugo.device.project_modules import nodes

_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Families:
    """The classes of a module, those that are derived from each other together.

    members: private or public attributes of a family, by its key. stored: those that its methods
    set in an object. bodies: those that the classes have. foreign_bases: (key, base) of
    bases that another module has. in_bodies: (line, column) of names that are attributes although
    no dot is in front of them: those that a class body binds, and its reads of them.
    bound_in_bodies: these names. read_in_bodies: variables that a class body reads.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.members: dict[str, set[str]] = {}
        self.stored: dict[str, set[str]] = {}
        self.bodies: dict[str, set[str]] = {}
        self.foreign_bases: list[tuple[str, str]] = []
        self.in_bodies: set[tuple[int, int]] = set()
        self.bound_in_bodies: set[str] = set()
        self.read_in_bodies: set[str] = set()
        self._keys: dict[str, str] = {}
        for node in nodes(tree):
            if isinstance(node, ast.ClassDef):
                self._add(node)

    def members_of(self, name: str) -> set[str]:
        """Return the attributes of a class and its relatives."""
        return self.members[self._keys[name]] if name in self._keys else set()

    def _add(self, node: ast.ClassDef) -> None:
        key = node.name
        body = self._body(node)
        members = _attributes(node) | body
        for base in map(ast.unparse, node.bases):
            if base in self._keys:
                old, key = key, self._keys[base]
                members |= self.members.pop(old, set())
                for kind in (self.stored, self.bodies):
                    kind.setdefault(key, set()).update(kind.pop(old, set()))
            else:
                self.foreign_bases.append((key, base))
        self.members.setdefault(key, set()).update(members)
        self.stored.setdefault(key, set()).update(_stored(node))
        self.bodies.setdefault(key, set()).update(body)
        self.foreign_bases = [
            (key if one == node.name else one, base) for one, base in self.foreign_bases
        ]
        self._keys[node.name] = key

    def _body(self, node: ast.ClassDef) -> set[str]:
        """Note the names of a class body; return those that it binds."""
        bound = set()
        names = list(_names(node.body))
        for one in node.body:
            if isinstance(one, _Named):
                bound.add(one.name)
                words = {ast.FunctionDef: "def ", ast.ClassDef: "class "}
                prefix = words.get(type(one), "async def ")
                self.in_bodies.add((one.lineno, one.col_offset + len(prefix)))
        bound |= {name.id for name in names if not isinstance(name.ctx, ast.Load)}
        for name in names:
            if name.id in bound:
                self.in_bodies.add((name.lineno, name.col_offset))
            else:
                self.read_in_bodies.add(name.id)
        self.bound_in_bodies |= bound
        return bound


def _names(nodes: list) -> Iterator[ast.Name]:
    """Yield the names that statements of a class body read or set, not those within functions."""
    for node in nodes:
        if isinstance(node, ast.Name):
            yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _names([*node.decorator_list, *_defaults(node.args)])
        elif isinstance(node, ast.Lambda):
            yield from _names(_defaults(node.args))
        elif isinstance(node, ast.ClassDef):
            yield from _names([*node.decorator_list, *node.bases])
        else:
            yield from _names(list(ast.iter_child_nodes(node)))


def _defaults(given: ast.arguments) -> list:
    return [*given.defaults, *filter(None, given.kw_defaults)]


def _stored(node: ast.ClassDef) -> set[str]:
    """Return the attributes that methods set in their own object."""
    return {
        one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute)
        and isinstance(one.ctx, ast.Store)
        and isinstance(one.value, ast.Name)
        and one.value.id == "self"
    }


def _attributes(node: ast.ClassDef) -> set[str]:
    """Return the attributes that a class reads or sets, of whatever object."""
    return {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
