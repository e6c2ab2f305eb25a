"""Names that a module for a board must keep, because something else refers to them."""

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field
from functools import cache

from tjugo.device import project_modules

# A private name of something else than the object itself; also in a text that a board executes.
_FOREIGN = re.compile(r"([\w)\]]+)\.(_(?!_)\w+)")
OWN = ("self", "cls")


@dataclass
class Kept:
    """Names that are written elsewhere. words: as a keyword or a text. foreign: private ones that
    another module may read."""

    words: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)


def kept_with(source: str) -> Kept:
    """Return what the project requires to be kept, and this source if it is none of it."""
    project = _kept()
    own = _kept_by(source)
    return Kept(project.words | own.words, project.foreign | own.foreign)


@cache
def _kept() -> Kept:
    found = [_kept_by(path.read_text()) for path in project_modules.sources()]
    words = set().union(*(one.words for one in found))
    return Kept(words, set().union(*(one.foreign for one in found)))


@cache
def _kept_by(source: str) -> Kept:
    """Return what a source of the project requires to be kept."""
    kept = Kept()
    tree = project_modules.parsed(source)
    kept.words |= _own_words(tree)
    own = {node.name for node in project_modules.nodes(tree) if isinstance(node, ast.ClassDef)} | {
        *OWN
    }
    kept.foreign |= {name for owner, name in _FOREIGN.findall(source) if owner not in own}
    for node in project_modules.nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept.foreign |= {alias.name for alias in node.names}
    read = {node.attr for node in project_modules.nodes(tree) if isinstance(node, ast.Attribute)}
    kept.foreign |= read - _set_here(tree)
    return kept


def _set_here(tree: ast.Module) -> set[str]:
    """Return the names that a module's own statements set."""
    found = set()
    for node in project_modules.nodes(tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.attr if isinstance(node, ast.Attribute) else node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


def _own_words(tree: ast.Module) -> set[str]:
    """Return keywords of calls, texts, and what is read within texts."""
    found = set()
    for node in project_modules.nodes(tree):
        if isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            inside = [one for one in ast.walk(node) if isinstance(one, ast.Name | ast.Attribute)]
            found |= {one.id if isinstance(one, ast.Name) else one.attr for one in inside}
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found |= set(node.names)
    return found


def names_with_dots(source: str) -> list[tuple[tokenize.TokenInfo, bool]]:
    """Return the tokens of a source that are names or words of Python, and whether a dot is in
    front of each."""
    found = []
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            found.append((token, before == "."))
        before = token.string
    return found


def names(source: str) -> list[tokenize.TokenInfo]:
    """Return the tokens of a source that are names or words of Python."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token for token in tokens if token.type == tokenize.NAME]
