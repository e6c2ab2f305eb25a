"""The lines of a Python source, with changes at places that ast gives."""

import ast

from tjugo.errors import TjugoError


class Lines:
    """The lines of a source. Change it from the last place to the first within a line."""

    def __init__(self, source: str) -> None:
        self._lines = [line.encode() for line in source.split("\n")]  # columns count bytes

    def __str__(self) -> str:
        return b"\n".join(self._lines).decode()

    def clear(self, node: ast.stmt) -> None:
        """Empty the lines of a statement."""
        end = node.end_lineno or node.lineno
        self._lines[node.lineno - 1 : end] = [b""] * (end - node.lineno + 1)

    def clear_line(self, number: int) -> None:
        """Empty a line, counted from 1."""
        self._lines[number - 1] = b""

    def rewrite(self, node: ast.stmt, text: str) -> None:
        """Write one line in place of a statement's lines, which become empty."""
        indent = self._lines[node.lineno - 1][: node.col_offset]
        self.clear(node)
        self._lines[node.lineno - 1] = indent + text.encode()

    def put(self, node: ast.expr, before: str, after: str) -> None:
        """Write texts before and after an expression."""
        for line, column, text in (
            (node.end_lineno or node.lineno, node.end_col_offset or 0, after),
            (node.lineno, node.col_offset, before),
        ):
            here = self._lines[line - 1]
            self._lines[line - 1] = here[:column] + text.encode() + here[column:]

    def replace(self, line: int, column: int, old: str, new: str) -> None:
        """Replace what is written `old` at a place. Raise TjugoError if it is not there."""
        here = self._lines[line - 1]
        if here[column : column + len(old.encode())] != old.encode():
            raise TjugoError(f"line {line}: {old} cannot be replaced by its value.")
        self._lines[line - 1] = here[:column] + new.encode() + here[column + len(old.encode()) :]
