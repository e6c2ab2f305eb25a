"""Private names and parameters of a module for a board: short ones, which all modules share.

A board has every name once in its heap: its letters, and 7 bytes of a table that MicroPython
doubles when it is full. Private names (`_name`) and parameters become names that every MicroPython
has anyhow (costless_names.py), and where these are used up `_a`, `_b`.. and `p0`, `p1`... A
variable of the module and an attribute may get the same name, and so may attributes of classes
that are not related. Lines stay where they are, and so a traceback names the right one.

A name is kept where that is not safe: it is a keyword of a call or a text somewhere, or another
module reads it. A class that is derived from one of another module has that class's short names
for what both use.
"""

import ast
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tjugo.device import project_modules
from tjugo.device.costless_names import COSTLESS
from tjugo.device.global_table import GlobalTable, Places
from tjugo.device.kept_names import Kept, kept_with, names_with_dots
from tjugo.device.name_families import Families
from tjugo.device.public_constants import mentions
from tjugo.device.short_parameters import with_short_parameters
from tjugo.device.source_lines import Lines
from tjugo.errors import TjugoError

_PRIVATE = re.compile(r"_(?!_)\w*[A-Za-z0-9]\w*")
_OF_EVERY_CLASS = ("__module__", "__qualname__")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SINGLE = [f"_{letter}" for letter in _LETTERS]
_DOUBLE = [f"_{first}{second}" for first in _LETTERS for second in _LETTERS]
_VARIABLES = [*COSTLESS, *_SINGLE]


@dataclass
class Shorts:
    """Short names by old ones: of variables, and of attributes."""

    variables: dict[str, str]
    attributes: dict[str, str]
    families: Families


def with_short_names(source: str, module: str, others: Mapping[str, str] | None = None) -> str:
    """Return the source of a module of the project with short names, lines kept.

    others: sources by module where they are not those of the project: see program.py.
    A source that is not Python's is returned as it is, for the compiler's message. Raise
    TjugoError where bases have different short names for the same.
    """
    try:
        shorts = _shorts(source, module, others or {})
    except SyntaxError:
        return source
    lines = Lines(source)
    for token, after_dot in reversed(names_with_dots(source)):
        line, column = token.start  # in characters
        column = len(token.line[:column].encode())
        is_attribute = after_dot or (line, column) in shorts.families.in_bodies
        of_kind = shorts.attributes if is_attribute else shorts.variables
        if token.string in of_kind:
            lines.replace(line, column, token.string, of_kind[token.string])
    return with_short_parameters(str(lines))


def _shorts(source: str, module: str, others: Mapping[str, str]) -> Shorts:
    """Return the short names of a module's private ones, those of its classes' bases included."""
    tree = project_modules.parsed(source)
    families = Families(tree)
    tokens = names_with_dots(source)
    kept = kept_with(source)
    own = Counter(
        token.string
        for token, after_dot in tokens
        if not after_dot and token.start not in families.in_bodies
    )
    constants = _constants(tree)
    variables = _private(own, kept, kept.words | constants)
    used = {token.string for token, _ in tokens}
    table = GlobalTable(tree, constants, variables)
    chosen = table.choose(
        variables,
        [name for name in _VARIABLES if name not in used],
        [name for name in _DOUBLE if name not in used],
    )
    found = Shorts(dict(chosen), {}, families)
    given = _inherited(families, module, others)
    for key, names in given.items():
        families.members[key] |= set(names)  # for classes that are derived from this one
    found.attributes = {name: short for one in given.values() for name, short in one.items()}
    read = {found.variables.get(name, name) for name in families.read_in_bodies}
    tables = {key: _tables(families, key) for key in families.members}
    of_others = mentions().attributes | mentions().texts
    counts = Counter(name for one in families.members.values() for name in sorted(one))
    for name in _private(counts, kept, kept.words | set(found.attributes)):
        mine = [key for key, members in families.members.items() if name in members]
        barred = {short for key in mine for short in given.get(key, {}).values()}
        barred |= {
            found.attributes[one]
            for key in mine
            for one in families.members[key]
            if one in found.attributes
        }
        barred |= read if name in families.bound_in_bodies else set()
        free = _free(used | barred, of_others)
        short = next((one for one in free if _fits(one, name, mine, families, tables)), free[0])
        found.attributes[name] = short
        for key in mine:
            for kind, places in zip((families.stored, families.bodies), tables[key], strict=True):
                if name in kind[key]:
                    places.put(short)
    return found


def _tables(families: Families, key: str) -> tuple[Places, Places]:
    """Return the tables of an object's attributes and of its class, with the public ones."""
    found = []
    for names, more in ((families.stored[key], ()), (families.bodies[key], _OF_EVERY_CLASS)):
        table = Places(max(1, len(names) + len(more)))
        for name in (*more, *sorted(names)):
            if not _PRIVATE.fullmatch(name):
                table.put(name)
        found.append(table)
    for name in sorted(families.bodies[key]):
        found[0].leave_empty(name)
    return found[0], found[1]


def _fits(short: str, name: str, keys: list[str], families: Families, tables: Mapping) -> bool:
    """Return whether an attribute is at its place in every object, and a method at an empty one,
    and at its place in its class."""
    for key in keys:
        of_object, of_class = tables[key]
        if not of_object.is_empty(short):
            return False
        if name in families.bodies[key] and not of_class.is_empty(short):
            return False
    return True


def _private(counts: Counter[str], kept: Kept, barred: Collection[str]) -> list[str]:
    """Return the names that may be shortened, the most frequent first."""
    return [
        name
        for name, _ in counts.most_common()
        if _PRIVATE.fullmatch(name) and name not in kept.foreign and name not in barred
    ]


def _free(used: Collection[str], of_others: Collection[str]) -> list[str]:
    """Return short names for attributes; those that cost heap only where there are no others."""
    costless = [name for name in COSTLESS if name not in of_others and name not in used]
    return costless or [name for name in (*_SINGLE, *_DOUBLE) if name not in used]


def _inherited(
    families: Families, module: str, others: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Return the short names that classes of other modules give to families, by the family."""
    found: dict[str, dict[str, str]] = {}
    imported = project_modules.imported(families.tree, module)
    for key, base in families.foreign_bases:
        root, _, attribute = base.partition(".")
        home, name = imported.get(root, ("", ""))
        path = project_modules.path(home) if home else None
        source = others.get(home, "") or (path.read_text() if path else "")
        shorts = _shorts(source, home, others)
        for one in shorts.families.members_of(name or attribute):
            short = shorts.attributes.get(one, one)
            if any(given.get(one, short) != short for given in found.values()):
                raise TjugoError(f"{module}: bases have different short names for {one}.")
            found.setdefault(key, {})[one] = short
    return found


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
