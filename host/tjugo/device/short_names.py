"""Private names and parameters of a module for a board: short ones, which all modules share.

A board has every name once in its heap: its letters, and 7 bytes of a table that MicroPython
doubles when it is full. Private names (`_name`) become `_a`, `_b`.. in each module, parameters
`p0`, `p1`.. in each function. Lines stay where they are, and so a traceback names the right one.

A name is kept where that is not safe: it is a keyword of a call or a text somewhere, or another
module reads it. A module whose classes are derived from those of another has that module's short
names for what both use.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from tjugo.device import project_modules
from tjugo.device.kept_names import kept_with, names
from tjugo.device.short_parameters import with_short_parameters
from tjugo.device.source_lines import Lines

_PRIVATE = re.compile(r"_(?!_)\w*[A-Za-z0-9]\w*")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def with_short_names(source: str, module: str, others: Mapping[str, str] | None = None) -> str:
    """Return the source of a module of the project with short names, lines kept.

    others: sources by module where they are not those of the project: see program.py.
    A source that is not Python's is returned as it is, for the compiler's message.
    """
    try:
        shorts = _shorts(source, module, others or {})
    except SyntaxError:
        return source
    lines = Lines(source)
    for token in reversed(names(source)):
        if token.string in shorts:
            line, column = token.start  # in characters
            column = len(token.line[:column].encode())
            lines.replace(line, column, token.string, shorts[token.string])
    return with_short_parameters(str(lines))


def _shorts(source: str, module: str, others: Mapping[str, str]) -> dict[str, str]:
    """Return the short names of a module's private ones, those of its classes' bases included."""
    tree = ast.parse(source)
    found: dict[str, str] = {}
    for base in _bases(tree, module):
        found |= _shorts_of(base, others)
    kept = kept_with(source)
    used = Counter(token.string for token in names(source))
    private = [
        name
        for name, _ in used.most_common()
        if _PRIVATE.fullmatch(name) and name not in found and name not in kept.foreign
    ]
    here = kept.words | _constants(tree)
    free = (name for name in _letters() if name not in used and name not in found.values())
    return found | {name: next(free) for name in private if name not in here}


def _constants(tree: ast.Module) -> set[str]:
    """Return the names that the compiler replaces by their value."""
    return {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "const"
    }


def _shorts_of(module: str, others: Mapping[str, str]) -> dict[str, str]:
    path = project_modules.path(module)
    source = others.get(module, "") or (path.read_text() if path else "")
    return _shorts(source, module, others)


def _letters() -> Iterator[str]:
    yield from (f"_{letter}" for letter in _LETTERS)
    yield from (f"_{first}{second}" for first in _LETTERS for second in _LETTERS)


def _bases(tree: ast.Module, module: str) -> set[str]:
    """Return the modules of the project with classes from which this one's are derived."""
    imported = project_modules.imported(tree, module)
    roots = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        for name in ast.walk(base)
        if isinstance(name, ast.Name)
    }
    return {imported[name][0] for name in roots if name in imported}
