"""The checks of test vectors, one function per kind, in the subset that MicroPython runs too."""

from . import parts, tokens
from .report import Report

KINDS: dict = {}
KINDS.update(parts.KINDS)
KINDS.update(tokens.KINDS)


def check(vector: dict) -> "list[str] | None":
    """What of a vector does not agree: a list of sentences, or None for an unknown kind."""
    function = KINDS.get(vector["kind"])
    if function is None:
        return None
    report = Report(vector["expected"])
    try:
        function(report, vector["inputs"])
    except Exception as error:
        # A vector with missing or impossible inputs must be named like any other failure.
        report.bad.append(f"{type(error).__name__}: {error}")
    return report.bad
