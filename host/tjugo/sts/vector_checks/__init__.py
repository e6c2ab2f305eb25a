"""The checks of test vectors, one function per kind, in MicroPython's subset of Python."""

from . import parts, tokens
from .report import Report

KINDS: dict = {}
KINDS.update(parts.KINDS)
KINDS.update(tokens.KINDS)


def check(vector: dict) -> "list[str] | None":
    """Return the differences from a vector as sentences, or None for an unknown kind."""
    function = KINDS.get(vector["kind"])
    if function is None:
        return None
    report = Report(vector["expected"])
    try:
        function(report, vector["inputs"])
    except Exception as error:
        # A vector with missing or invalid inputs is reported like any other failure.
        report.bad.append(f"{type(error).__name__}: {error}")
    return report.bad
