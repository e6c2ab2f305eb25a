"""The text of linked modules: without documentation and empty lines, and where each line was.

A function costs a board two bytes more when it begins behind line 2,047 of its module.
"""

import ast
import io
import tokenize
from collections.abc import Iterable

from tjugo.device.project_modules import nodes
from tjugo.device.source_lines import Lines

_NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def without_docstrings(tree: ast.Module, lines: Lines) -> None:
    """Remove documentation where a statement is left."""
    for node in nodes(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or (len(body) < 2 and not isinstance(node, ast.Module)):
            continue
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            lines.clear(body[0])


def one_module(module: str, head: list[str], text: str) -> tuple[str, list[tuple[str, int]]]:
    """Return a module's text with its imports in the first line, which has had documentation, and
    (module, line) of each of its lines."""
    first, _, rest = text.partition("\n")
    if first.strip():
        return compact([("", "\n".join(head)), (module, text)])
    places = [(module, number) for number in range(1, text.count("\n") + 2)]
    return "; ".join(head) + "\n" + rest, places


def compact(texts: Iterable[tuple[str, str]]) -> tuple[str, list[tuple[str, int]]]:
    """Return modules' texts as one, without lines that have no code, and (module, line) of each of
    its lines."""
    kept: list[str] = []
    places: list[tuple[str, int]] = []
    for module, text in texts:
        with_code = set()
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in _NO_CODE:
                with_code |= set(range(token.start[0], token.end[0] + 1))
        for number, line in enumerate(text.split("\n"), 1):
            if number in with_code:
                kept.append(line)
                places.append((module, number))
    return "\n".join([*kept, ""]), places
