"""Meter numbers as people and spreadsheets write them, and the DRNs that a number can mean.

A DRN has 11 digits (manufacturer code of 2) or 13 (of 4). Leading zeros are lost where a program
treats the number as a quantity; they do not change the check digit, so the loss cannot be detected
otherwise.
"""

import re

from sts_portable import pan

SHORT, LONG = 11, 13


def digits(text: str) -> str:
    """Return the text without spaces and hyphens between groups."""
    return re.sub(r"[\s-]", "", text).encode("ascii", "replace").decode()


def readings(text: str) -> tuple[str, ...]:
    """Return every DRN that the number can mean, the one with the fewest leading zeros first.

    Raise PanError when there is none.
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
    """Return the text that describes a number with two possible DRNs."""
    return f"can be the meter {' or '.join(found)}: write all its digits"
