"""Texts in files for spreadsheets: what a spreadsheet would take for a formula is written after an
apostrophe, and reading removes it."""

import re

_FORMULA = re.compile(r"[=+\-@\t\r]")
# An apostrophe before digits is Excel's own mark of a number that is kept as text.
_MARKED = re.compile(r"'['=+\-@\t\r0-9]")


def neutral(text: str) -> str:
    """Return the text as it is written to a file: never the beginning of a formula. `plain`
    returns it again."""
    return f"'{text}" if _FORMULA.match(text) or _MARKED.match(text) else text


def plain(text: str) -> str:
    """Return a text of a file without the apostrophe that marks it as text."""
    return text[1:] if _MARKED.match(text) else text
