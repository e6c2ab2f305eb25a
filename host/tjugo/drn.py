"""Meter numbers as people and spreadsheets write them: which DRN a number can be.

A DRN has 11 digits (manufacturer code of 2) or 13 (of 4). Leading zeros get lost where a program
takes the number for a quantity; they do not change the check digit, so nothing else shows it.
"""

import re

from sts_portable import pan

SHORT, LONG = 11, 13


def digits(text: str) -> str:
    """Return the text without the spaces and hyphens that people put between groups."""
    return re.sub(r"[\s-]", "", text).encode("ascii", "replace").decode()


def readings(text: str) -> tuple[str, ...]:
    """Return every DRN that the number can be, first the one with the fewest zeros in front.

    Raise PanError when it can be none.
    """
    number = digits(text)
    if len(number) == LONG - 1:
        return (pan.normal(f"0{number}"),)
    first = pan.normal(number)
    return (first,) if len(first) == LONG else (first, first.rjust(LONG, "0"))


def twins(drn: str) -> tuple[str, ...]:
    """Return the DRN of the other length that differs from this one by leading zeros only, if
    there is one."""
    if len(drn) == SHORT:
        return (drn.rjust(LONG, "0"),)
    return (drn[LONG - SHORT :],) if drn.startswith("0" * (LONG - SHORT)) else ()


def either(found: tuple[str, ...]) -> str:
    """Return the words for a number that can be two DRNs."""
    return f"can be the meter {' or '.join(found)}: write all its digits"
