"""Names of a module's own scope: where they are bound and read, so that they can be renamed.

A name within a function belongs to the module unless the function, or one around it, binds it. A
class body's names are seen in the body alone.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

Import = ast.Import | ast.ImportFrom
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# What gives a module's names at run time, or the module's own name: the module cannot be linked.
_OF_MODULE = {"globals", "locals", "exec", "eval", "vars", "dir"}
_OF_MODULE |= {"__name__", "__file__", "__dict__", "__all__", "__path__"}


class Refused(Exception):
    """A module is written in a way that is not proved to survive linking; the text is why."""


@dataclass
class Use:
    """A name of the module's scope, or one that an import binds within a function.

    node: where it is written: a Name, the statement that defines it, or a Global. above: the
    Attribute that is read of it, None for none. by: the import that binds it in a function.
    hidden: names of the module that functions around it bind.
    """

    name: str
    node: ast.AST
    above: ast.Attribute | None = None
    by: Import | None = None
    hidden: frozenset[str] = frozenset()


@dataclass
class _Scope:
    bound: set[str]
    is_class: bool = False
    imports: dict[str, Import] = field(default_factory=dict)


def bound(body: list[ast.stmt]) -> set[str]:
    """Return the names that statements bind in their own scope."""
    return {name for name, _ in _binders(body)}


def imports(nodes: list[ast.stmt]) -> Iterator[Import]:
    """Yield the imports of a scope."""
    return (node for _, node in _binders(nodes) if isinstance(node, Import))


def names_of(node: Import) -> list[str]:
    """Return the names that an import binds."""
    return [one.asname or one.name.split(".")[0] for one in node.names]


def _binders(nodes: list) -> Iterator[tuple[str, ast.AST]]:
    """Yield (name, node that binds it in this scope)."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, Import):
            yield from ((name, node) for name in names_of(node))
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id, node
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name, node
        elif isinstance(node, ast.comprehension):
            waiting += [node.iter, *node.ifs]
            continue
        waiting += ast.iter_child_nodes(node)


def uses(tree: ast.Module) -> tuple[list[Use], str]:
    """Return every place of a name of the module's scope, and why it cannot be linked: "" if it
    can."""
    visitor = _Visitor(bound(tree.body))
    visitor.walk(tree.body)
    return visitor.found, visitor.refused


class _Visitor:
    """Finds the uses; `scopes`: those around a node, the innermost last, without the module's."""

    def __init__(self, own: set[str]) -> None:
        self._own = own
        self.found: list[Use] = []
        self.refused = ""
        self._scopes: list[_Scope] = []

    def _refuse(self, why: str) -> None:
        self.refused = self.refused or why

    def walk(self, nodes: list) -> None:
        for node in nodes:
            self._visit(node)

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            self._name(node.value, node)
        elif isinstance(node, ast.Name):
            self._name(node, None)
        elif isinstance(node, _Function):
            self._function(node)
        elif isinstance(node, ast.ClassDef):
            self._define(node)
            self.walk([*node.decorator_list, *node.bases, *node.keywords])
            self._inside(_Scope(bound(node.body), is_class=True), node.body)
        elif isinstance(node, _Comprehension):
            self._comprehension(node)
        elif isinstance(node, ast.Global):
            for name in node.names:
                self.found.append(Use(name, node))
        elif isinstance(node, Import):
            return
        else:
            self.walk(list(ast.iter_child_nodes(node)))

    def _name(self, node: ast.Name, above: ast.Attribute | None) -> None:
        if node.id in _OF_MODULE:
            self._refuse(f"line {node.lineno}: {node.id}")
        for depth, scope in enumerate(reversed(self._scopes)):
            if node.id not in scope.bound or (scope.is_class and depth):
                continue
            if scope.is_class and node.id in self._own and isinstance(node.ctx, ast.Load):
                self._refuse(f"line {node.lineno}: {node.id} of the class or of the module")
            if node.id in scope.imports:
                self.found.append(
                    Use(node.id, node, above, scope.imports[node.id], self._hidden())
                )
            return
        self.found.append(Use(node.id, node, above, None, self._hidden()))

    def _hidden(self) -> frozenset[str]:
        seen = [one for one in self._scopes if not one.is_class or one is self._scopes[-1]]
        return frozenset().union(*(one.bound for one in seen))

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        if not self._scopes:
            self.found.append(Use(node.name, node))

    def _inside(self, scope: _Scope, body: list) -> None:
        self._scopes.append(scope)
        self.walk(body)
        self._scopes.pop()

    def _function(self, node: _Function) -> None:
        given = node.args
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        every += filter(None, (given.vararg, given.kwarg))
        outside = [*given.defaults, *filter(None, given.kw_defaults)]
        if isinstance(node, ast.Lambda):
            body: list = [node.body]
        else:
            self._define(node)
            body = node.body
            outside += node.decorator_list
        self.walk(outside)
        binders = list(_binders(body))
        declared = [one for one in ast.walk(node) if isinstance(one, ast.Global)]
        names = {one.arg for one in every} | {name for name, _ in binders}
        names -= {name for one in declared for name in one.names}
        once = {name: one for name, one in binders if isinstance(one, Import)}
        for name in once:
            if [other for other, _ in binders].count(name) > 1:
                self._refuse(f"line {once[name].lineno}: {name} is bound more than once")
        self._inside(_Scope(names, imports=once), body)

    def _comprehension(self, node: _Comprehension) -> None:
        first = node.generators[0].iter
        self._visit(first)
        names = {
            one.id
            for part in node.generators
            for one in ast.walk(part.target)
            if isinstance(one, ast.Name)
        }
        inside: list = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for part in node.generators:
            inside += [part.target, *part.ifs, *([] if part.iter is first else [part.iter])]
        self._inside(_Scope(names), inside)
